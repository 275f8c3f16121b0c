//! One pass through a tenant: a batch of each class of which something waits.

use std::cmp::Ordering;

use broker::{Class, Envelope, Outgoing, PublishError};
use chrono::{DateTime, Utc};
use db::{DbError, PlacementError, TenantDb};
use kernel::{EventId, TenantContext};
use sea_orm::DbErr;
use tr_store::{
    RowId, StoreError,
    relaying::{self, Unpublished},
};

use super::{
    Relay,
    plan::{Plan, lost_before},
};

/// Batches of a class that a tenant has published before the next tenant's turn, at most. What they
/// cost once is shared by all of them: the look at what is outstanding, and the note of what was
/// published, which by then finds most of it done.
const BATCHES: usize = 4;

/// What a pass came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Pass {
    /// No row waits.
    #[default]
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

impl Pass {
    /// What two classes came to together.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Empty, pass) | (pass, Self::Empty) => pass,
            (Self::More, Self::More) => Self::More,
            (Self::Left { oldest, .. }, Self::More) | (Self::More, Self::Left { oldest, .. }) => {
                let progress = true;
                Self::Left { oldest, progress }
            }
            (
                Self::Left { oldest, progress },
                Self::Left {
                    oldest: other,
                    progress: too,
                },
            ) => Self::Left {
                oldest: oldest.min(other),
                progress: progress || too,
            },
        }
    }
}

/// A pass could not be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PassError {
    /// The tenant is not here, or not under this generation: a newer message will tell.
    #[error("{0}")]
    Gone(String),
    /// Something waits, and there is no connection to the broker.
    #[error("the broker is away")]
    NoBroker,
    /// The server of the tenant's database could not be reached, or not in time.
    #[error("{0}")]
    Silent(String),
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
            DbError::Connect(_) => Self::Silent(error.to_string()),
            DbError::Statement(error) => error.into(),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<StoreError> for PassError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(error) => error.into(),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<DbErr> for PassError {
    fn from(error: DbErr) -> Self {
        if matches!(error, DbErr::Conn(_)) || db::is_busy(&error) {
            Self::Silent(error.to_string())
        } else {
            Self::Failed(error.to_string())
        }
    }
}

/// How much of a class a tenant may have outstanding.
fn most(class: Class, outstanding: usize) -> usize {
    outstanding.min(class.spec().outstanding.into())
}

impl Relay {
    /// Publishes the tenant's next rows of every class, as many as may be outstanding; tells what
    /// all of them came to, and when the next job is due.
    pub(super) async fn passes(
        &self,
        tenant: &TenantContext,
    ) -> Result<(Pass, Option<DateTime<Utc>>), PassError> {
        let db = self.pools.get(tenant).await?;
        let waiting = relaying::waiting(db.conn(), &Class::NAMES).await?;
        let plan = Plan::of(&waiting, self.clock.now());
        if plan.busy {
            self.backlog.saw(*tenant);
        }
        if !plan.waiting.is_empty() && self.publisher.link().session().is_none() {
            return Err(PassError::NoBroker);
        }
        let mut all = Pass::Empty;
        for (class, lost) in plan.waiting {
            if lost
                && self
                    .mended
                    .as_ref()
                    .is_some_and(|taps| taps.of(class).is_open())
            {
                self.publish_again(tenant, &db, class).await?;
            }
            all = all.and(self.pass(tenant, &db, class).await?);
        }
        Ok((all, plan.next_due))
    }

    async fn publish_again(
        &self,
        tenant: &TenantContext,
        db: &TenantDb,
        class: Class,
    ) -> Result<(), PassError> {
        let before = lost_before(class, self.clock.now());
        let (name, most) = (class.name(), self.settings.outstanding);
        let rows = relaying::publish_again(db.conn(), name, before, most).await?;
        metrics::counter!("outbox_lost_total", "class" => name).increment(rows);
        tracing::warn!(tenant.id = %tenant.tenant, class = name, rows, "published again: lost");
        Ok(())
    }

    async fn pass(
        &self,
        tenant: &TenantContext,
        db: &TenantDb,
        class: Class,
    ) -> Result<Pass, PassError> {
        let (name, most) = (class.name(), most(class, self.settings.outstanding));
        let (now, batch) = (self.clock.now(), self.settings.batch);
        let mut rows = relaying::events(db.conn(), name, 0, batch).await?;
        let jobs = relaying::due_jobs(db.conn(), name, now, batch).await?;
        let only_events = jobs.is_empty();
        rows.extend(jobs);
        if rows.is_empty() {
            return Ok(Pass::Empty);
        }
        rows.sort_by(by_time);
        let outstanding = relaying::outstanding(db.conn(), name, most).await?;
        let mut room = most.saturating_sub(outstanding);
        let mut turn = Turn::default();
        while turn.go(self.publish(tenant, class, rows, room).await?) && only_events {
            room = room.saturating_sub(batch);
            let after = turn.confirmed.iter().filter_map(number).max();
            rows = relaying::events(db.conn(), name, after.unwrap_or(0), batch).await?;
            if rows.is_empty() {
                break;
            }
        }
        // Late enough that consumers have done most of them, which saves noting it here.
        let confirmed = turn.confirmed;
        relaying::mark_published(db.conn(), name, &confirmed, self.clock.now()).await?;
        metrics::counter!("outbox_published_total", "class" => name)
            .increment(confirmed.len() as u64);
        Ok(turn.pass)
    }

    /// Publishes the first of these rows, a batch of them at most and as many as there is room for.
    async fn publish(
        &self,
        tenant: &TenantContext,
        class: Class,
        mut rows: Vec<Unpublished>,
        room: usize,
    ) -> Result<(Vec<RowId>, Pass), PassError> {
        rows.truncate(self.settings.batch);
        let next = rows.get(..room.min(rows.len())).unwrap_or_default();
        let messages = self.messages(tenant, class, next)?;
        let answers = self.publisher.publish(&messages).await;
        let confirmed = confirmed(next, &answers);
        let left = rows.iter().find(|row| !confirmed.contains(&row.row));
        let pass = match left {
            None if rows.len() < self.settings.batch => Pass::Empty,
            None => Pass::More,
            Some(next) => Pass::Left {
                oldest: next.occurred_at,
                progress: !confirmed.is_empty(),
            },
        };
        Ok((confirmed, pass))
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

/// What a tenant had published of one class in its turn.
#[derive(Debug, Default)]
struct Turn {
    batches: usize,
    confirmed: Vec<RowId>,
    pass: Pass,
}

impl Turn {
    /// Notes a batch; whether another one may follow.
    fn go(&mut self, (confirmed, pass): (Vec<RowId>, Pass)) -> bool {
        self.confirmed.extend(confirmed);
        self.batches += 1;
        // Of what comes after full batches, something went.
        self.pass = match pass {
            Pass::Left { .. } => self.pass.and(pass),
            pass => pass,
        };
        pass == Pass::More && self.batches < BATCHES
    }
}

/// An event's number; a job has none.
fn number(row: &RowId) -> Option<u64> {
    match row {
        RowId::Event(number) => Some(*number),
        RowId::Job(_) => None,
    }
}

/// By time, and events that happened at once in their order.
fn by_time(one: &Unpublished, other: &Unpublished) -> Ordering {
    (one.occurred_at, one.row).cmp(&(other.occurred_at, other.row))
}

fn envelope(tenant: &TenantContext, row: &Unpublished) -> Envelope {
    Envelope {
        id: EventId::from_uuid(row.id),
        number: number(&row.row).unwrap_or(0),
        tenant: tenant.tenant,
        generation: tenant.generation,
        kind: row.kind.clone(),
        version: row.version,
        occurred_at: row.occurred_at,
        traceparent: row.traceparent.clone(),
    }
}

fn confirmed(rows: &[Unpublished], answers: &[Result<(), PublishError>]) -> Vec<RowId> {
    rows.iter()
        .zip(answers)
        .filter_map(|(row, answer)| answer.is_ok().then_some(row.row))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_takes_long_a_tenant_has_little_out() {
        assert_eq!(most(Class::Webhook, 1000), 16);
        assert_eq!(most(Class::Schedule, 1000), 32);
        assert_eq!(most(Class::Webhook, 5), 5);
        assert_eq!(most(Class::Activity, 1000), 1000);
    }

    #[test]
    fn the_oldest_of_all_classes_counts_and_the_progress_of_any() {
        let at = |second: i64| DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap();
        let left = |second, progress| Pass::Left {
            oldest: at(second),
            progress,
        };
        assert_eq!(left(3, true).and(left(1, false)), left(1, true));
        assert_eq!(left(3, false).and(Pass::More), left(3, true));
        assert_eq!(Pass::Empty.and(left(3, false)), left(3, false));
        assert_eq!(Pass::More.and(Pass::Empty), Pass::More);
    }
}
