//! The tables `timers`, `timer_leaders` and `timer_runs`.
//!
//! Whatever a leader writes begins with [`TimerLeaderStore::hold`], which locks the leader's row
//! and changes nothing for an older token: who was deposed can write nothing any more.

mod runs;

use chrono::{DateTime, Utc};
use cp_domain::Ring;
use kernel::NodeId;
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::{StoreError, sql};

pub use runs::{LastSlot, Progress, TimerRun, TimerRunStore};

/// A timer, as its leader tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTimer {
    /// Its name.
    pub name: String,
    /// When it comes, in words.
    pub schedule: String,
    /// What it is for.
    pub purpose: String,
    /// When it comes next.
    pub next_at: DateTime<Utc>,
}

/// A timer of a ring, with who leads it.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Timer {
    /// The ring.
    pub ring: String,
    /// Its name.
    pub name: String,
    /// When it comes, in words.
    pub schedule: String,
    /// What it is for.
    pub purpose: String,
    /// When it comes next.
    pub next_at: DateTime<Utc>,
    /// The name of the node that leads; none when that is gone.
    pub leader: Option<String>,
    /// The leader's token.
    pub token: u64,
    /// Since when it leads.
    pub since: DateTime<Utc>,
    /// When it was last there.
    pub seen_at: DateTime<Utc>,
}

/// The tables `timers` and `timer_leaders`.
#[derive(Debug, Clone, Copy)]
pub struct TimerLeaderStore;

impl TimerLeaderStore {
    /// Makes a node the leader of a ring; answers a token greater than all before. Call it in a
    /// transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lead(
        tx: &impl ConnectionTrait,
        ring: Ring,
        node: NodeId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let text = "INSERT INTO timer_leaders (ring, token, node_id, since, seen_at) \
             VALUES (?, 1, ?, ?, ?) ON DUPLICATE KEY UPDATE token = token + 1, \
             node_id = VALUES(node_id), since = VALUES(since), seen_at = VALUES(seen_at)";
        let values = [
            ring.as_str().into(),
            node.as_uuid().into(),
            now.into(),
            now.into(),
        ];
        sql::execute(tx, text, values).await?;
        let text = "SELECT token FROM timer_leaders WHERE ring = ? FOR UPDATE";
        let row = sql::select::<Token, 1>(text, [ring.as_str().into()]);
        let row = row.one(tx).await?;
        row.map(|row| row.token)
            .ok_or(StoreError::Missing("leader of timers"))
    }

    /// Notes that the leader with this token is there, and keeps others from becoming leader until
    /// the transaction ends; false when another is by now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hold(
        tx: &impl ConnectionTrait,
        ring: Ring,
        token: u64,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE timer_leaders SET seen_at = ? WHERE ring = ? AND token = ?";
        let values = [now.into(), ring.as_str().into(), token.into()];
        Ok(sql::execute(tx, text, values).await? > 0)
    }

    /// Puts these timers in the place of the ring's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replace_timers(
        tx: &impl ConnectionTrait,
        ring: Ring,
        timers: &[NewTimer],
    ) -> Result<(), StoreError> {
        let text = "DELETE FROM timers WHERE ring = ?";
        sql::execute(tx, text, [ring.as_str().into()]).await?;
        for timer in timers {
            let text = "INSERT INTO timers (ring, name, schedule, purpose, next_at) \
                 VALUES (?, ?, ?, ?, ?)";
            let values = [
                ring.as_str().into(),
                timer.name.as_str().into(),
                timer.schedule.as_str().into(),
                timer.purpose.as_str().into(),
                timer.next_at.into(),
            ];
            sql::execute(tx, text, values).await?;
        }
        Ok(())
    }

    /// Notes when a timer comes next; false when there is none such.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_next(
        tx: &impl ConnectionTrait,
        ring: Ring,
        timer: &str,
        next_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE timers SET next_at = ? WHERE ring = ? AND name = ?";
        let values = [next_at.into(), ring.as_str().into(), timer.into()];
        Ok(sql::execute(tx, text, values).await? > 0)
    }

    /// Every timer of every ring.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<Timer>, StoreError> {
        let rows = sql::select::<Timer, 0>(
            "SELECT t.ring, t.name, t.schedule, t.purpose, t.next_at, n.name AS leader, \
             l.token, l.since, l.seen_at FROM timers t JOIN timer_leaders l ON l.ring = t.ring \
             LEFT JOIN runtime_nodes n ON n.id = l.node_id ORDER BY t.ring, t.name",
            [],
        );
        Ok(rows.all(conn).await?)
    }
}

#[derive(FromQueryResult)]
struct Token {
    token: u64,
}
