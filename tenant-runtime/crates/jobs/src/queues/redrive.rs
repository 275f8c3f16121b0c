//! Sending dead messages again.
//!
//! A message whose event waits to be done is sent by the relay, from the event's row: under the
//! generation that the tenant has now, and behind the same door as its others. One without such a
//! row is published as it was.

use broker::{Class, Envelope, Outgoing, Publisher};
use cp_node_api::{Redrive, Redriven};
use db::{DbError, PlacementError, TenantDb, TenantPools};
use kernel::TenantContext;
use tr_store::{RowId, StoreError, handling};

use crate::Nudge;

/// A dead message could not be sent again.
#[derive(Debug, thiserror::Error)]
enum RedriveError {
    /// It never will.
    #[error("{0}")]
    Impossible(String),
    /// It may be later.
    #[error("{0}")]
    NotNow(String),
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
            error => Self::NotNow(error.to_string()),
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

    /// Sends them, and tells what became of each. What could not be sent now is left out: it is
    /// asked for again.
    pub(crate) async fn redrive(&self, letters: Vec<Redrive>) -> Vec<Redriven> {
        let mut sent = Vec::with_capacity(letters.len());
        for letter in letters {
            let id = letter.id;
            match self.one(letter).await {
                Ok(()) => sent.push(Redriven { id, error: None }),
                Err(RedriveError::Impossible(reason)) => sent.push(Redriven {
                    id,
                    error: Some(reason),
                }),
                Err(RedriveError::NotNow(reason)) => {
                    tracing::warn!(letter = %id, reason, "a dead message is not sent again yet");
                }
            }
        }
        sent
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
pub(super) async fn current(
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
