//! The table `timer_runs`.

use chrono::{DateTime, TimeDelta, Utc};
use cp_domain::Ring;
use kernel::{StaffId, TenantId, TimerRunId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// How long runs are kept.
const KEPT: TimeDelta = TimeDelta::days(90);

/// A run of a timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimerRun {
    /// The run.
    pub id: TimerRunId,
    /// The ring.
    pub ring: String,
    /// The timer.
    pub timer: String,
    /// When it was due, or asked for.
    pub slot: DateTime<Utc>,
    /// Whether it was asked for.
    pub asked: bool,
    /// By whom; none for a command on the server.
    pub asked_by: Option<StaffId>,
    /// `asked`, `running`, `done` or `failed`.
    pub state: String,
    /// Up to which tenant its jobs are enqueued.
    pub after: Option<TenantId>,
    /// How many jobs are.
    pub jobs: u32,
    /// Why it failed, or what it waits for.
    pub error: Option<String>,
    /// When it was begun.
    pub begun_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The token of the leader that has it.
    pub token: u64,
    /// Up to which tenant jobs are enqueued.
    pub after: Option<TenantId>,
    /// How many jobs are.
    pub jobs: u32,
    /// `running`, `done` or `failed`.
    pub state: &'static str,
    /// Why it failed, or what it waits for.
    pub error: Option<String>,
}

/// The last slot of a timer.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct LastSlot {
    /// The timer.
    pub timer: String,
    /// When it was due.
    pub slot: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    ring: String,
    timer: String,
    slot: DateTime<Utc>,
    asked: bool,
    asked_by: Option<Uuid>,
    state: String,
    after_tenant: Option<Uuid>,
    jobs: u32,
    error: Option<String>,
    begun_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<Row> for TimerRun {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.into(),
            ring: row.ring,
            timer: row.timer,
            slot: row.slot,
            asked: row.asked,
            asked_by: row.asked_by.map(Into::into),
            state: row.state,
            after: row.after_tenant.map(Into::into),
            jobs: row.jobs,
            error: row.error,
            begun_at: row.begun_at,
            ended_at: row.ended_at,
        }
    }
}

const COLUMNS: &str = "r.id, r.ring, r.timer, r.slot, r.asked, r.asked_by, r.state, \
     r.after_tenant, r.jobs, r.error, r.begun_at, r.ended_at";

/// The table `timer_runs`.
#[derive(Debug, Clone, Copy)]
pub struct TimerRunStore;

impl TimerRunStore {
    /// Begins a slot; false when that or a later one was begun before. Runs of long ago are
    /// forgotten on the way. Call it while the leader is held.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim(
        tx: &impl ConnectionTrait,
        id: TimerRunId,
        (ring, timer): (Ring, &str),
        slot: DateTime<Utc>,
        token: u64,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let text = "DELETE FROM timer_runs WHERE slot < ? AND state IN ('done', 'failed') \
             ORDER BY slot LIMIT 100";
        sql::execute(tx, text, [(now - KEPT).into()]).await?;
        let text = "INSERT INTO timer_runs (id, ring, timer, slot, asked, token, state, begun_at) \
             SELECT ?, ?, ?, ?, FALSE, ?, 'running', ? FROM DUAL WHERE NOT EXISTS \
             (SELECT 1 FROM timer_runs WHERE ring = ? AND timer = ? AND asked = FALSE AND slot >= ?)";
        let values = [
            id.as_uuid().into(),
            ring.as_str().into(),
            timer.into(),
            slot.into(),
            token.into(),
            now.into(),
            ring.as_str().into(),
            timer.into(),
            slot.into(),
        ];
        match sql::execute(tx, text, values).await {
            Ok(inserted) => Ok(inserted > 0),
            Err(StoreError::Duplicate(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes down that somebody asked for a run.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ask(
        tx: &impl ConnectionTrait,
        id: TimerRunId,
        (ring, timer): (Ring, &str),
        by: Option<StaffId>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let text = "INSERT INTO timer_runs (id, ring, timer, slot, asked, asked_by, state) \
             VALUES (?, ?, ?, ?, TRUE, ?, 'asked')";
        let values = [
            id.as_uuid().into(),
            ring.as_str().into(),
            timer.into(),
            now.into(),
            by.map(StaffId::as_uuid).into(),
        ];
        sql::execute(tx, text, values).await.map(drop)
    }

    /// A run that was asked for and is not begun. Locks the timer, so that of two who ask at once
    /// the second finds the first's; `None` inside when there is none, outside when there is no
    /// such timer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_asked(
        tx: &impl ConnectionTrait,
        ring: Ring,
        timer: &str,
    ) -> Result<Option<Option<TimerRun>>, StoreError> {
        let text = "SELECT name FROM timers WHERE ring = ? AND name = ? FOR UPDATE";
        let values = [ring.as_str().into(), timer.into()];
        if tx
            .query_one_raw(sql::statement(text, values))
            .await?
            .is_none()
        {
            return Ok(None);
        }
        let text = format!(
            "SELECT {COLUMNS} FROM timer_runs r WHERE r.ring = ? AND r.state = 'asked' \
             AND r.timer = ? LIMIT 1"
        );
        let values = [ring.as_str().into(), timer.into()];
        let row = sql::select::<Row, 2>(&text, values).one(tx).await?;
        Ok(Some(row.map(TimerRun::from)))
    }

    /// One of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: TimerRunId,
    ) -> Result<Option<TimerRun>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM timer_runs r WHERE r.id = ?");
        let row = sql::select::<Row, 1>(&text, [id.as_uuid().into()]);
        Ok(row.one(conn).await?.map(TimerRun::from))
    }

    /// The runs of a ring that are not over, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(
        conn: &impl ConnectionTrait,
        ring: Ring,
    ) -> Result<Vec<TimerRun>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM timer_runs r WHERE r.ring = ? \
             AND r.state IN ('asked', 'running') ORDER BY r.id LIMIT 100"
        );
        let rows = sql::select::<Row, 1>(&text, [ring.as_str().into()]);
        Ok(rows
            .all(conn)
            .await?
            .into_iter()
            .map(TimerRun::from)
            .collect())
    }

    /// The last slot of each timer of a ring.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_slots(
        conn: &impl ConnectionTrait,
        ring: Ring,
    ) -> Result<Vec<LastSlot>, StoreError> {
        let rows = sql::select::<LastSlot, 1>(
            "SELECT timer, MAX(slot) AS slot FROM timer_runs WHERE ring = ? AND asked = FALSE \
             GROUP BY timer",
            [ring.as_str().into()],
        );
        Ok(rows.all(conn).await?)
    }

    /// The newest run of each timer of each ring.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest(conn: &impl ConnectionTrait) -> Result<Vec<TimerRun>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM timer_runs r JOIN \
             (SELECT MAX(id) AS id FROM timer_runs GROUP BY ring, timer) newest ON newest.id = r.id"
        );
        let rows = sql::select::<Row, 0>(&text, []);
        Ok(rows
            .all(conn)
            .await?
            .into_iter()
            .map(TimerRun::from)
            .collect())
    }

    /// Notes how far a run is. One that is over stays as it is. Call it while the leader is held.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn progress(
        tx: &impl ConnectionTrait,
        ring: Ring,
        id: TimerRunId,
        progress: &Progress,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let over = progress.state != "running";
        let text = "UPDATE timer_runs SET token = ?, after_tenant = ?, jobs = ?, state = ?, \
             error = ?, begun_at = COALESCE(begun_at, ?), ended_at = ? \
             WHERE id = ? AND ring = ? AND state IN ('asked', 'running')";
        let values = [
            progress.token.into(),
            progress.after.map(TenantId::as_uuid).into(),
            progress.jobs.into(),
            progress.state.into(),
            progress.error.clone().into(),
            now.into(),
            over.then_some(now).into(),
            id.as_uuid().into(),
            ring.as_str().into(),
        ];
        sql::execute(tx, text, values).await.map(drop)
    }
}
