//! Entries on the document server: inserted whole, read by `_id`, swept when they are past their
//! time. Both MongoDB and FerretDB do these three. Bodies lie there compressed (Zstandard, RFC
//! 8878): what takes long is to carry them and, on FerretDB, to take a document apart.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use mongodb::{
    Client, Collection, IndexModel,
    bson::{Binary, Document, doc, spec::BinarySubtype},
    options::{ClientOptions, IndexOptions},
};

use crate::Key;

/// How long a call may take: longer, and computing is the better answer.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long the server is left alone after it failed.
const REST: TimeDelta = TimeDelta::seconds(2);
/// How long an entry is kept.
const LIFE: TimeDelta = TimeDelta::hours(24);
/// The fields of the body, and of how many bytes it has when it is whole.
const BODY: &str = "zstd";
const SIZE: &str = "size";
/// The largest entry, compressed, in bytes: below what a document may have.
const LARGEST: usize = 8 * 1024 * 1024;

/// The address cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the address of the document server cannot be used")]
pub struct DocumentsError(#[source] mongodb::error::Error);

/// What is past its time could not be deleted.
#[derive(Debug, thiserror::Error)]
#[error("the document server does not delete: {0}")]
pub struct SweepError(#[source] mongodb::error::Error);

/// The entries of a database on the document server.
#[derive(Debug, Clone)]
pub struct Documents {
    entries: Collection<Document>,
    /// When it may be asked again, in milliseconds; it failed before.
    rests_until: Arc<AtomicI64>,
}

impl Documents {
    /// The entries at this address; its path names the database. Nothing is connected yet.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub async fn open(url: &str) -> Result<Self, DocumentsError> {
        let mut options = ClientOptions::parse(url).await.map_err(DocumentsError)?;
        options.app_name = Some("trellis".to_owned());
        options.connect_timeout = Some(PATIENCE);
        options.server_selection_timeout = Some(PATIENCE);
        let database = options.default_database.clone();
        let client = Client::with_options(options).map_err(DocumentsError)?;
        let database = client.database(database.as_deref().unwrap_or("trellis"));
        Ok(Self {
            entries: database.collection("cache"),
            rests_until: Arc::default(),
        })
    }

    /// What is kept under an id; nothing when the server does not say so in time.
    pub async fn find(&self, id: &str, now: DateTime<Utc>) -> Option<Bytes> {
        let found = self
            .ask(now, self.entries.find_one(doc! { "_id": id }).into_future())
            .await??;
        let size = usize::try_from(found.get_i64(SIZE).ok()?).ok()?;
        let body = found.get_binary_generic(BODY).ok()?.clone();
        let whole = tokio::task::spawn_blocking(move || zstd::bulk::decompress(&body, size)).await;
        whole.ok()?.ok().map(Bytes::from)
    }

    /// Deletes the answer of the version that was kept before, now that this one is kept: nobody
    /// looks for that any more. Two at once may leave one of theirs, which goes with its time.
    pub async fn supersede(&self, key: &Key, now: DateTime<Utc>) {
        let last = key.last();
        let read = self.entries.find_one(doc! { "_id": &last }).into_future();
        let Some(found) = self.ask(now, read).await else {
            return;
        };
        let before = found.and_then(|found| found.get_str("kept").ok().map(str::to_owned));
        let version = |id: &str| id.rsplit('/').next().and_then(|v| v.parse::<u64>().ok());
        if before.as_deref().and_then(version) >= Some(key.version) {
            return;
        }
        let note = doc! { "_id": &last, "kept": key.to_string(), "expires_at": expiry(now) };
        let replace = self
            .entries
            .replace_one(doc! { "_id": &last }, note)
            .upsert(true);
        self.ask(now, replace.into_future()).await;
        if let Some(before) = before {
            self.delete(&before, now).await;
        }
    }

    /// Deletes an entry.
    pub async fn delete(&self, id: &str, now: DateTime<Utc>) {
        let delete = self.entries.delete_one(doc! { "_id": id });
        self.ask(now, delete.into_future()).await;
    }

    /// Keeps an entry. One that is there already is the same.
    pub async fn insert(&self, id: &str, body: Bytes, now: DateTime<Utc>) {
        if self.rests(now) {
            return;
        }
        let Ok(size) = i64::try_from(body.len()) else {
            return;
        };
        let level = zstd::DEFAULT_COMPRESSION_LEVEL;
        let compressed = move || zstd::bulk::compress(&body, level);
        let Ok(Ok(bytes)) = tokio::task::spawn_blocking(compressed).await else {
            return;
        };
        if bytes.len() > LARGEST {
            return;
        }
        let bytes = Binary {
            subtype: BinarySubtype::Generic,
            bytes,
        };
        let entry = doc! { "_id": id, SIZE: size, BODY: bytes, "expires_at": expiry(now) };
        let insert = self.entries.insert_one(entry).into_future();
        let insert = async {
            match insert.await {
                Err(error) if is_duplicate(&error) => Ok(()),
                other => other.map(drop),
            }
        };
        self.ask(now, insert).await;
    }

    /// Deletes what is past its time, unless the server does so itself; tells how much.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn clean(&self, now: DateTime<Utc>) -> Result<u64, SweepError> {
        let index = IndexModel::builder()
            .keys(doc! { "expires_at": 1 })
            .options(IndexOptions::builder().expire_after(Duration::ZERO).build())
            .build();
        if self.expires_by_itself(&index).await {
            return Ok(0);
        }
        self.sweep(now).await
    }

    /// Deletes what is past its time; tells how much.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn sweep(&self, now: DateTime<Utc>) -> Result<u64, SweepError> {
        let past = mongodb::bson::DateTime::from_millis(now.timestamp_millis());
        let query = doc! { "expires_at": { "$lt": past } };
        let deleted = self.entries.delete_many(query).await;
        Ok(deleted.map_err(SweepError)?.deleted_count)
    }

    /// Whether the server took the index that expires entries, and tells it back as such.
    async fn expires_by_itself(&self, index: &IndexModel) -> bool {
        if self.entries.create_index(index.clone()).await.is_err() {
            return false;
        }
        let Ok(mut kept) = self.entries.list_indexes().await else {
            return false;
        };
        while kept.advance().await.unwrap_or(false) {
            let expires = kept
                .deserialize_current()
                .ok()
                .and_then(|index| index.options);
            if expires.is_some_and(|options| options.expire_after.is_some()) {
                return true;
            }
        }
        false
    }

    /// Why the server is not asked at the moment, if so.
    ///
    /// # Errors
    /// With the reason.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), String> {
        if self.rests(now) {
            return Err("the document server does not answer; boards are computed".to_owned());
        }
        Ok(())
    }

    fn rests(&self, now: DateTime<Utc>) -> bool {
        self.rests_until.load(Ordering::Relaxed) > now.timestamp_millis()
    }

    async fn ask<T>(
        &self,
        now: DateTime<Utc>,
        call: impl Future<Output = mongodb::error::Result<T>>,
    ) -> Option<T> {
        if self.rests(now) {
            return None;
        }
        let reason = match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.kind.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        metrics::counter!("cache_documents_failures_total").increment(1);
        tracing::warn!(reason, "the document server is left alone for a moment");
        let until = (now + REST).timestamp_millis();
        self.rests_until.store(until, Ordering::Relaxed);
        None
    }
}

/// When an entry of now is past its time.
fn expiry(now: DateTime<Utc>) -> mongodb::bson::DateTime {
    mongodb::bson::DateTime::from_millis((now + LIFE).timestamp_millis())
}

/// Code 11000: there is a document of this `_id`.
fn is_duplicate(error: &mongodb::error::Error) -> bool {
    use mongodb::error::{ErrorKind, WriteFailure};
    matches!(
        &*error.kind,
        ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == 11_000
    )
}
