//! One pass: a batch of one tenant's rows of one class.

use broker::{Class, Envelope, Outgoing, PublishError};
use chrono::{DateTime, TimeDelta, Utc};
use db::{DbError, PlacementError};
use kernel::{EventId, TenantContext};
use tr_store::{
    StoreError,
    relaying::{self, Unpublished},
};

use super::Relay;

/// What was published longer ago counts as outstanding no more: it is dead or lost, and must not
/// bar the tenant's door for ever. All delay levels together take less.
const OUTSTANDING_FOR: TimeDelta = TimeDelta::hours(2);

/// What a pass came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Pass {
    /// No row waits.
    Empty,
    /// A full batch went; more may wait.
    More,
    /// Rows wait, the oldest from then: the tenant has too many outstanding, or the broker did
    /// not take them all.
    Left {
        oldest: DateTime<Utc>,
        progress: bool,
    },
}

/// A pass could not be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PassError {
    /// The tenant is not here, or not under this generation: a newer message will tell.
    #[error("{0}")]
    Gone(String),
    /// Worth another try.
    #[error("{0}")]
    Failed(String),
}

impl From<DbError> for PassError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Placement(PlacementError::Unknown) | DbError::Generation { .. } => {
                Self::Gone(error.to_string())
            }
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<StoreError> for PassError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Relay {
    /// Publishes the tenant's next rows of the class, as many as may be outstanding.
    pub(super) async fn pass(
        &self,
        tenant: &TenantContext,
        class: Class,
    ) -> Result<Pass, PassError> {
        let db = self.pools.get(tenant).await?;
        let rows = relaying::unpublished(db.conn(), class.name(), self.settings.batch).await?;
        if rows.is_empty() {
            return Ok(Pass::Empty);
        }
        let (most, since) = (
            self.settings.outstanding,
            self.clock.now() - OUTSTANDING_FOR,
        );
        let outstanding = relaying::outstanding(db.conn(), class.name(), since, most).await?;
        let room = most.saturating_sub(outstanding).min(rows.len());
        let now = rows.get(..room).unwrap_or_default();
        let messages = self.messages(tenant, class, now)?;
        let answers = self.publisher.publish(&messages).await;
        let confirmed = confirmed(now, &answers);
        relaying::mark_published(db.conn(), class.name(), &confirmed, self.clock.now()).await?;
        metrics::counter!("outbox_published_total", "class" => class.name())
            .increment(confirmed.len() as u64);
        let next = rows.iter().find(|row| !confirmed.contains(&row.number));
        Ok(match next {
            None if rows.len() < self.settings.batch => Pass::Empty,
            None => Pass::More,
            Some(next) => Pass::Left {
                oldest: next.occurred_at,
                progress: !confirmed.is_empty(),
            },
        })
    }

    fn messages(
        &self,
        tenant: &TenantContext,
        class: Class,
        rows: &[Unpublished],
    ) -> Result<Vec<Outgoing>, PassError> {
        let topology = self.publisher.link().topology();
        rows.iter()
            .map(|row| Outgoing::new(topology, class, &envelope(tenant, row)))
            .collect::<Result<_, _>>()
            .map_err(|error| PassError::Failed(error.to_string()))
    }
}

fn envelope(tenant: &TenantContext, row: &Unpublished) -> Envelope {
    Envelope {
        id: EventId::from_uuid(row.event_id),
        number: row.number,
        tenant: tenant.tenant,
        generation: tenant.generation,
        kind: row.kind.clone(),
        version: row.version,
        occurred_at: row.occurred_at,
        traceparent: row.traceparent.clone(),
    }
}

fn confirmed(rows: &[Unpublished], answers: &[Result<(), PublishError>]) -> Vec<u64> {
    rows.iter()
        .zip(answers)
        .filter_map(|(row, answer)| answer.is_ok().then_some(row.number))
        .collect()
}
