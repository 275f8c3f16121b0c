//! Dead letters: looking at them, sending them again, letting them be. Whatever is decided is in
//! the audit log, and can be taken back as long as the message is kept.

use cp_store::{DeadLetter, DeadLetterFilter, DeadLetterStore, StoreError};
use kernel::Limit;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Auth,
    fleet::KeyError,
    staff::{By, record::Deed},
};

/// Nothing is done with dead letters.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// There is no such letter.
    #[error("there is no such dead letter")]
    NotFound,
    /// It is in another state.
    #[error("the dead letter is {0}")]
    State(String),
    /// It is no message of ours, so that it cannot be sent again.
    #[error("the message is no envelope")]
    NoEnvelope,
    /// There are not as many as whoever asks believes.
    #[error("{0} dead letters match")]
    Count(u64),
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All dead letters that a filter takes, of which whoever asks says how many there are.
#[derive(Debug, Clone)]
pub struct Selection {
    /// Which.
    pub filter: DeadLetterFilter,
    /// How many, as a confirmation; nothing is done when there are not as many.
    pub expected: Option<u64>,
    /// Why; kept in the audit log.
    pub reason: String,
}

/// Dead letters, the newest first, before one of them; one more than the limit when more follow.
///
/// # Errors
/// When the database fails.
pub async fn list_letters(
    auth: &Auth,
    filter: &DeadLetterFilter,
    before: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<DeadLetter>, StoreError> {
    DeadLetterStore::list(auth.central.conn(), filter, before, limit).await
}

/// How many dead letters a filter takes.
///
/// # Errors
/// When the database fails.
pub async fn count_letters(auth: &Auth, filter: &DeadLetterFilter) -> Result<u64, StoreError> {
    DeadLetterStore::count(auth.central.conn(), filter).await
}

/// One of them, and what is kept of its body.
///
/// # Errors
/// When there is none such, or the database fails.
pub async fn find_letter(auth: &Auth, id: Uuid) -> Result<(DeadLetter, Vec<u8>), DeadLetterError> {
    let found = DeadLetterStore::find(auth.central.conn(), id).await?;
    found.ok_or(DeadLetterError::NotFound)
}

/// Has a letter sent again that is dead or was discarded; a worker does so within seconds.
///
/// # Errors
/// When it is no envelope or in another state, or the database fails.
pub async fn redrive_letter(
    auth: &Auth,
    by: &By,
    id: Uuid,
) -> Result<(DeadLetter, Vec<u8>), DeadLetterError> {
    let (letter, _) = find_letter(auth, id).await?;
    if by.answered::<Uuid>(auth).await?.is_none() {
        if letter.event_id.is_none() {
            return Err(DeadLetterError::NoEnvelope);
        }
        let tx = auth.central.begin().await.map_err(StoreError::from)?;
        let (staff, now) = (by.requester.staff, auth.clock.now());
        if !DeadLetterStore::redrive(&tx, id, staff, now).await? {
            return Err(DeadLetterError::State(letter.state));
        }
        by.record(&tx, auth, of_one("dead_letter.redrive", &letter, ""), &id)
            .await?;
        tx.commit().await.map_err(StoreError::from)?;
    }
    find_letter(auth, id).await
}

/// Lets a letter be. It is kept for thirty days, in which it can still be sent again.
///
/// # Errors
/// When it is in another state, or the database fails.
pub async fn discard_letter(
    auth: &Auth,
    by: &By,
    id: Uuid,
    reason: &str,
) -> Result<(DeadLetter, Vec<u8>), DeadLetterError> {
    let (letter, _) = find_letter(auth, id).await?;
    if by.answered::<Uuid>(auth).await?.is_none() {
        let tx = auth.central.begin().await.map_err(StoreError::from)?;
        let (staff, now) = (by.requester.staff, auth.clock.now());
        if !DeadLetterStore::discard(&tx, id, staff, now).await? {
            return Err(DeadLetterError::State(letter.state));
        }
        let deed = of_one("dead_letter.discard", &letter, reason);
        by.record(&tx, auth, deed, &id).await?;
        tx.commit().await.map_err(StoreError::from)?;
    }
    find_letter(auth, id).await
}

/// Has all dead letters sent again that are selected and are envelopes; answers how many.
///
/// # Errors
/// When there are not as many as expected, or the database fails.
pub async fn redrive_letters(
    auth: &Auth,
    by: &By,
    selection: &Selection,
) -> Result<u64, DeadLetterError> {
    if let Some(count) = by.answered(auth).await? {
        return Ok(count);
    }
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let (staff, now) = (by.requester.staff, auth.clock.now());
    let count = DeadLetterStore::redrive_all(&tx, &selection.filter, staff, now).await?;
    selection.check(count)?;
    let deed = of_all("dead_letter.redrive_all", selection, count);
    by.record(&tx, auth, deed, &count).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(count)
}

/// Lets all dead letters be that are selected; answers how many.
///
/// # Errors
/// When there are not as many as expected, or the database fails.
pub async fn discard_letters(
    auth: &Auth,
    by: &By,
    selection: &Selection,
) -> Result<u64, DeadLetterError> {
    if let Some(count) = by.answered(auth).await? {
        return Ok(count);
    }
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let (staff, now) = (by.requester.staff, auth.clock.now());
    let count = DeadLetterStore::discard_all(&tx, &selection.filter, staff, now).await?;
    selection.check(count)?;
    let deed = of_all("dead_letter.discard_all", selection, count);
    by.record(&tx, auth, deed, &count).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(count)
}

impl Selection {
    const fn check(&self, count: u64) -> Result<(), DeadLetterError> {
        match self.expected {
            Some(expected) if expected != count => Err(DeadLetterError::Count(count)),
            _ => Ok(()),
        }
    }
}

fn of_one(action: &'static str, letter: &DeadLetter, reason: &str) -> Deed {
    Deed {
        action,
        tenant: letter.tenant_id.map(Into::into),
        object: Some(letter.id),
        detail: json!({
            "class": letter.class, "kind": letter.kind, "error": letter.error, "reason": reason,
        }),
    }
}

fn of_all(action: &'static str, selection: &Selection, count: u64) -> Deed {
    let filter = &selection.filter;
    let mut detail = json!({
        "count": count, "reason": selection.reason, "class": filter.class, "kind": filter.kind,
        "error": filter.error, "since": filter.since, "until": filter.until,
    });
    if let Value::Object(detail) = &mut detail {
        detail.retain(|_, value| !value.is_null());
    }
    Deed {
        action,
        tenant: filter.tenant,
        object: None,
        detail,
    }
}
