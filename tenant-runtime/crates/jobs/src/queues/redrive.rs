//! Sending dead messages again.
//!
//! A message whose event waits to be done is sent by the relay, from the event's row: under the
//! generation that the tenant has now, and behind the same door as its others. One without such a
//! row is published as it was.

use std::{collections::BTreeMap, time::Duration};

use broker::{Class, Envelope, Outgoing, Publisher};
use cp_node_api::{Redrive, Redriven};
use db::{DbError, PlacementError, TenantDb, TenantPools};
use futures_util::{StreamExt as _, stream};
use kernel::{TenantContext, TenantId};
use tokio::time::timeout;
use tr_store::{RowId, StoreError, handling};

use crate::Nudge;

/// How many tenants' messages are sent at a time.
const TENANTS_AT_A_TIME: usize = 8;
/// How long one may take. As many as are ordered at a time, each of another tenant whose server is
/// silent, are through within the minute for which they are this worker's.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// A dead message could not be sent again.
#[derive(Debug, thiserror::Error)]
enum RedriveError {
    /// It never will.
    #[error("{0}")]
    Impossible(String),
    /// It may be later.
    #[error("{0}")]
    NotNow(String),
    /// It may be later, and until then none of its tenant.
    #[error("{0}")]
    Away(String),
}

impl From<StoreError> for RedriveError {
    fn from(error: StoreError) -> Self {
        Self::NotNow(error.to_string())
    }
}

impl From<DbError> for RedriveError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Placement(PlacementError::Unknown) => {
                Self::Impossible("the tenant is not in service here".to_owned())
            }
            error => Self::Away(error.to_string()),
        }
    }
}

/// Sends dead messages again.
#[derive(Clone)]
pub struct Redriver {
    pools: TenantPools,
    publisher: Publisher,
    nudge: Nudge,
}

impl Redriver {
    /// A redriver beside a relay.
    #[must_use]
    pub const fn new(pools: TenantPools, publisher: Publisher, nudge: Nudge) -> Self {
        Self {
            pools,
            publisher,
            nudge,
        }
    }

    /// Sends them, a few tenants' at a time, and tells of each as soon as it is known what became of
    /// it. Of what could not be sent now it tells nothing: that is asked for again.
    pub(crate) async fn redrive(
        &self,
        letters: Vec<Redrive>,
        tell: impl Fn(Option<Redriven>) + Sync,
    ) {
        let mut tenants: BTreeMap<Option<TenantId>, Vec<Redrive>> = BTreeMap::new();
        for letter in letters {
            let envelope = serde_json::from_slice::<Envelope>(&letter.body.0).ok();
            let tenant = envelope.map(|envelope| envelope.tenant);
            tenants.entry(tenant).or_default().push(letter);
        }
        stream::iter(tenants.into_values())
            .for_each_concurrent(TENANTS_AT_A_TIME, |letters| self.of_tenant(letters, &tell))
            .await;
    }

    /// Sends a tenant's, one after another, until its database turns out to be away.
    async fn of_tenant(&self, letters: Vec<Redrive>, tell: &(impl Fn(Option<Redriven>) + Sync)) {
        let mut letters = letters.into_iter();
        while let Some(letter) = letters.next() {
            let id = letter.id;
            let sent = timeout(LIMIT, self.one(letter)).await;
            let late = |_| Err(RedriveError::Away("nobody answered in time".to_owned()));
            match sent.unwrap_or_else(late) {
                Ok(()) => tell(Some(Redriven { id, error: None })),
                Err(RedriveError::Impossible(reason)) => tell(Some(Redriven {
                    id,
                    error: Some(reason),
                })),
                Err(RedriveError::NotNow(reason)) => {
                    tracing::warn!(letter = %id, reason, "a dead message is not sent again yet");
                    tell(None);
                }
                Err(RedriveError::Away(reason)) => {
                    let others = letters.len();
                    tracing::warn!(letter = %id, others, reason, "dead messages of a tenant are not sent again yet");
                    (0..=others).for_each(|_| tell(None));
                    return;
                }
            }
        }
    }

    async fn one(&self, letter: Redrive) -> Result<(), RedriveError> {
        let class = Class::named(&letter.class).ok_or_else(|| {
            RedriveError::Impossible(format!("there is no class {}", letter.class))
        })?;
        let body = letter.body.0;
        let envelope: Envelope = serde_json::from_slice(&body)
            .map_err(|error| RedriveError::Impossible(format!("no envelope: {error}")))?;
        let (db, tenant) = current(&self.pools, &envelope).await?;
        let rows = [row(&envelope)];
        let found = handling::read(db.conn(), class.name(), &rows).await?;
        if found.iter().any(|row| row.id == envelope.id.as_uuid()) {
            // Of one that is done there is nothing to send.
            if handling::revive(db.conn(), class.name(), &rows).await? > 0 {
                self.nudge.nudge(tenant);
            }
            return Ok(());
        }
        self.publish(class, body).await
    }

    async fn publish(&self, class: Class, body: Vec<u8>) -> Result<(), RedriveError> {
        let message = Outgoing::redriven(self.publisher.link().topology(), class, body)
            .map_err(|error| RedriveError::Impossible(error.to_string()))?;
        for answer in self.publisher.publish(&[message]).await {
            answer.map_err(|error| RedriveError::NotNow(error.to_string()))?;
        }
        Ok(())
    }
}

/// The database of a message's tenant, whatever its generation is by now.
pub(crate) async fn current(
    pools: &TenantPools,
    envelope: &Envelope,
) -> Result<(TenantDb, TenantContext), DbError> {
    let mut tenant = envelope.context();
    let db = match pools.get(&tenant).await {
        Err(DbError::Generation { asked, current }) if asked < current => {
            tenant.generation = current;
            pools.get(&tenant).await
        }
        other => other,
    };
    Ok((db?, tenant))
}

/// The row that a message is about: an event's by its number, a job's by its id.
pub(super) const fn row(envelope: &Envelope) -> RowId {
    match envelope.number {
        0 => RowId::Job(envelope.id.as_uuid()),
        number => RowId::Event(number),
    }
}
