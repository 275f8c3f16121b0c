//! What waits in a tenant, counted for people who look after the queues.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use crate::StoreError;
use crate::sql::Sql;

/// What waits of a class: events, and jobs that are due, that are neither done nor dead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Those that were not published.
    pub waiting: u64,
    /// Those that were.
    pub outstanding: u64,
    /// When the oldest of all happened, or was due.
    pub oldest_at: Option<DateTime<Utc>>,
    /// The same of those that were not published.
    pub unpublished_at: Option<DateTime<Utc>>,
}

impl Backlog {
    fn and(self, other: Self) -> Self {
        let earlier = |one: Option<_>, other: Option<_>| one.into_iter().chain(other).min();
        Self {
            waiting: self.waiting + other.waiting,
            outstanding: self.outstanding + other.outstanding,
            oldest_at: earlier(self.oldest_at, other.oldest_at),
            unpublished_at: earlier(self.unpublished_at, other.unpublished_at),
        }
    }
}

/// What waits, by class; a class of which nothing waits is not there.
///
/// # Errors
/// When the database fails.
pub async fn count(
    conn: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<BTreeMap<String, Backlog>, StoreError> {
    let rows = Sql::new(COUNT).bind(now).all(conn, |c| {
        let class: String = c.get()?;
        let (all, published): (i64, i64) = (c.get()?, c.get()?);
        let backlog = Backlog {
            waiting: u64::try_from(all - published).unwrap_or_default(),
            outstanding: u64::try_from(published).unwrap_or_default(),
            oldest_at: c.get()?,
            unpublished_at: c.get()?,
        };
        Ok((class, backlog))
    });
    let mut classes: BTreeMap<String, Backlog> = BTreeMap::new();
    for (class, backlog) in rows.await? {
        let sum = classes.entry(class).or_default();
        *sum = sum.and(backlog);
    }
    Ok(classes)
}

/// Events are counted in an index; only the oldest are read for their times.
const COUNT: &str = "\
    SELECT b.class, b.everything, b.published, o.occurred_at, u.occurred_at FROM \
    (SELECT class, COUNT(*) AS everything, COUNT(published_at) AS published, \
     MIN(number) AS oldest, MIN(IF(published_at IS NULL, number, NULL)) AS unpublished \
     FROM outbox FORCE INDEX (outbox_outstanding) \
     WHERE done_at IS NULL AND dead_at IS NULL GROUP BY class) b \
    LEFT JOIN outbox o ON o.number = b.oldest AND o.class = b.class \
    LEFT JOIN outbox u ON u.number = b.unpublished AND u.class = b.class \
    UNION ALL \
    SELECT class, COUNT(*), COUNT(published_at), MIN(due_at), \
    MIN(IF(published_at IS NULL, due_at, NULL)) \
    FROM jobs FORCE INDEX (jobs_outstanding) \
    WHERE done_at IS NULL AND dead_at IS NULL AND due_at <= ? GROUP BY class";
