//! Refusals on their way into the audit log: the same one is written once a minute, and nobody who
//! is refused waits for it.

use std::{sync::Arc, time::Duration};

use clock::Clock;
use cp_domain::access_policy::Refusal;
use cp_store::{AuditActor, AuditEvent, AuditStore, StoreError};
use db::CentralDb;
use kernel::TenantId;
use serde_json::json;
use tokio::sync::{Mutex, mpsc};
use uuid::Uuid;

use crate::sessions::ClientAddress;

/// A refusal is written again after this.
const GRAIN: Duration = Duration::from_secs(60);
/// How many wait to be written; more are only counted.
const WAITING: usize = 4096;
/// How long to wait before trying again when the database is away.
const PAUSE: Duration = Duration::from_secs(1);

/// Somebody who was refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The tenant.
    pub tenant: Option<TenantId>,
    /// Who, as far as it is known.
    pub actor: AuditActor,
    /// The session or token.
    pub credential: Option<Uuid>,
    /// From where.
    pub from: Option<ClientAddress>,
    /// The rule that fired.
    pub refusal: Refusal,
    /// At what: `request`, `sign_in`.
    pub at: &'static str,
    /// The request.
    pub request_id: Option<String>,
}

/// What makes two refusals the same. Of somebody who is not known, the address does not count: they
/// have as many as they like.
type Key = (Option<TenantId>, Option<Uuid>, Refusal);

/// Remembers refusals.
#[derive(Debug)]
pub struct Refusals {
    central: CentralDb,
    clock: Clock,
    written: moka::sync::Cache<Key, ()>,
    sender: mpsc::Sender<Refused>,
    waiting: Arc<Mutex<mpsc::Receiver<Refused>>>,
}

impl Refusals {
    pub(super) fn new(central: CentralDb, clock: Clock) -> Self {
        let (sender, waiting) = mpsc::channel(WAITING);
        let written = moka::sync::Cache::builder()
            .max_capacity(100_000)
            .time_to_live(GRAIN)
            .build();
        Self {
            central,
            clock,
            written,
            sender,
            waiting: Arc::new(Mutex::new(waiting)),
        }
    }

    /// Remembers a refusal, soon.
    pub fn note(&self, refused: Refused) {
        metrics::counter!("access_refusals_total").increment(1);
        if !self.is_news(&refused) {
            return;
        }
        if self.sender.try_send(refused).is_err() {
            metrics::counter!("access_refusals_unwritten_total").increment(1);
            tracing::warn!("too many refusals wait for the audit log");
        }
    }

    /// Remembers a refusal now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write(&self, refused: Refused) -> Result<(), StoreError> {
        metrics::counter!("access_refusals_total").increment(1);
        if self.is_news(&refused) {
            self.insert(&refused).await?;
        }
        Ok(())
    }

    fn is_news(&self, refused: &Refused) -> bool {
        let subject = refused.credential.or(match refused.actor {
            AuditActor::Member(member) => Some(member.as_uuid()),
            AuditActor::Staff(staff) => Some(staff.as_uuid()),
            AuditActor::Person(person) => Some(person.as_uuid()),
            AuditActor::Directory(_) | AuditActor::System => None,
        });
        let key = (refused.tenant, subject, refused.refusal);
        self.written.entry(key).or_insert(()).is_fresh()
    }

    async fn insert(&self, refused: &Refused) -> Result<(), StoreError> {
        let rule = refused.refusal.to_string();
        tracing::info!(rule, at = refused.at, "access refused");
        let country = refused.from.and_then(|from| from.country);
        let event = AuditEvent {
            actor: refused.actor,
            action: "access.refused",
            tenant: refused.tenant,
            object: refused.credential,
            detail: json!({
                "rule": rule,
                "at": refused.at,
                "address": refused.from.map(|from| from.ip),
                "country": country,
            }),
            request_id: refused.request_id.clone(),
        };
        let (conn, now) = (self.central.conn(), self.clock.now());
        AuditStore::insert(conn, self.clock.new_uuid(), event, now).await
    }

    /// Writes what waits, for as long as it is polled.
    pub(super) async fn run(&self) {
        let mut waiting = self.waiting.lock().await;
        while let Some(refused) = waiting.recv().await {
            while let Err(error) = self.insert(&refused).await {
                tracing::debug!(%error, "a refusal waits for the audit log");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
