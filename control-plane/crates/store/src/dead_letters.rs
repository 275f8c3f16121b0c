//! Dead messages, kept for staff: what they said, why they died, what was done with them.

mod changes;

use chrono::{DateTime, Utc};
use kernel::{Limit, TenantId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::{StoreError, sql};

pub use changes::{LeasedLetter, LetterFate};

/// A dead message to keep.
#[derive(Debug, Clone)]
pub struct NewDeadLetter {
    /// Its id here.
    pub id: Uuid,
    /// The same for the same message, however often it is brought.
    pub fingerprint: [u8; 32],
    /// The ring whose worker brought it.
    pub ring: &'static str,
    /// The class whose message it was.
    pub class: String,
    /// What its envelope says, when it is one.
    pub event: Option<LetterEvent>,
    /// The property that says which message it is.
    pub message_id: Option<String>,
    /// The beginning of its body.
    pub body: Vec<u8>,
    /// How long the body was.
    pub body_bytes: u64,
    /// Why it died.
    pub error: String,
    /// How often it was tried.
    pub attempts: u32,
    /// W3C trace context of the request that caused it.
    pub traceparent: Option<String>,
    /// When it died; when not known, it is kept as of now.
    pub died_at: Option<DateTime<Utc>>,
}

/// What an envelope says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterEvent {
    /// The tenant, as the message has it.
    pub tenant: TenantId,
    /// The generation of its placement.
    pub generation: u32,
    /// The event.
    pub event_id: Uuid,
    /// Its number in its tenant.
    pub number: u64,
    /// What happened.
    pub kind: String,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// A dead message without its body.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct DeadLetter {
    /// Its id.
    pub id: Uuid,
    /// The ring whose workers send it again.
    pub ring: String,
    /// The class whose message it was.
    pub class: String,
    /// The tenant, when the body is an envelope.
    pub tenant_id: Option<Uuid>,
    /// The tenant's slug, when there is such a tenant.
    pub tenant_slug: Option<String>,
    /// The generation that it was written under.
    pub generation: Option<u32>,
    /// The event.
    pub event_id: Option<Uuid>,
    /// The event's number.
    pub event_number: Option<u64>,
    /// What happened.
    pub kind: Option<String>,
    /// When.
    pub occurred_at: Option<DateTime<Utc>>,
    /// The property that says which message it is.
    pub message_id: Option<String>,
    /// How long the body was.
    pub body_bytes: u64,
    /// Why it died.
    pub error: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The trace of the request that caused it.
    pub traceparent: Option<String>,
    /// When it died.
    pub died_at: DateTime<Utc>,
    /// When it was brought here.
    pub kept_at: DateTime<Utc>,
    /// `dead`, `redriving`, `redriven` or `discarded`.
    pub state: String,
    /// When that changed.
    pub changed_at: Option<DateTime<Utc>>,
    /// Which member of staff changed it.
    pub changed_by: Option<Uuid>,
    /// Why it was not sent again the last time.
    pub failure: Option<String>,
}

/// Which dead messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// In this state.
    pub state: Option<String>,
    /// Of this class.
    pub class: Option<String>,
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// About this.
    pub kind: Option<String>,
    /// Whose error has this in it.
    pub error: Option<String>,
    /// That died then or later.
    pub since: Option<DateTime<Utc>>,
    /// That died before.
    pub until: Option<DateTime<Utc>>,
}

impl DeadLetterFilter {
    /// The conditions, each after an `AND`, with their values.
    fn conditions(&self) -> (String, Vec<Value>) {
        let (mut text, mut values) = (String::new(), Vec::new());
        let mut only = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                text.push_str(condition);
                values.push(value);
            }
        };
        only(" AND d.state = ?", self.state.as_deref().map(Into::into));
        only(" AND d.class = ?", self.class.as_deref().map(Into::into));
        let tenant = self.tenant.map(|id| id.as_uuid().into());
        only(" AND d.tenant_id = ?", tenant);
        only(" AND d.kind = ?", self.kind.as_deref().map(Into::into));
        let error = self.error.as_deref().map(Into::into);
        only(" AND LOCATE(?, d.error) > 0", error);
        only(" AND d.died_at >= ?", self.since.map(Into::into));
        only(" AND d.died_at < ?", self.until.map(Into::into));
        (text, values)
    }
}

/// How many dead messages there are of a class.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct CountedLetters {
    /// The ring.
    pub ring: String,
    /// The class.
    pub class: String,
    /// How many are dead, or on their way.
    pub letters: i64,
}

/// Dead messages that have class, kind and error in common.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct LetterGroup {
    /// The class.
    pub class: String,
    /// What happened; none for what is no envelope.
    pub kind: Option<String>,
    /// Why they died.
    pub error: String,
    /// How many there are.
    pub letters: i64,
    /// Of how many tenants.
    pub tenants: i64,
    /// When the first of them died.
    pub first_at: DateTime<Utc>,
    /// When the last of them died.
    pub last_at: DateTime<Utc>,
}

const SELECT: &str = "SELECT d.id, d.ring, d.class, d.tenant_id, t.slug AS tenant_slug, \
     d.generation, d.event_id, d.event_number, d.kind, d.occurred_at, d.message_id, d.body_bytes, \
     d.error, d.attempts, d.traceparent, d.died_at, d.kept_at, d.state, d.changed_at, \
     d.changed_by, d.failure FROM dead_letters d LEFT JOIN tenants t ON t.id = d.tenant_id";

/// The table `dead_letters`.
#[derive(Debug, Clone, Copy)]
pub struct DeadLetterStore;

impl DeadLetterStore {
    /// Keeps a message, and tells whether it was new.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        letter: NewDeadLetter,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let event = letter.event;
        let said = |text: Option<String>, most: usize| text.map(|text| cut(&text, most));
        let changed = sql::execute(
            conn,
            "INSERT IGNORE INTO dead_letters (id, fingerprint, ring, class, tenant_id, generation, \
             event_id, event_number, kind, occurred_at, message_id, body, body_bytes, error, \
             attempts, traceparent, died_at, kept_at, state) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'dead')",
            [
                letter.id.into(),
                letter.fingerprint.to_vec().into(),
                letter.ring.into(),
                cut(&letter.class, 32).into(),
                event.as_ref().map(|event| event.tenant.as_uuid()).into(),
                event.as_ref().map(|event| event.generation).into(),
                event.as_ref().map(|event| event.event_id).into(),
                event.as_ref().map(|event| event.number).into(),
                event.as_ref().map(|event| cut(&event.kind, 64)).into(),
                event.as_ref().map(|event| event.occurred_at).into(),
                said(letter.message_id, 255).into(),
                letter.body.into(),
                letter.body_bytes.into(),
                cut(&letter.error, 1000).into(),
                letter.attempts.into(),
                said(letter.traceparent, 128).into(),
                letter.died_at.unwrap_or(now).into(),
                now.into(),
            ],
        )
        .await?;
        Ok(changed > 0)
    }

    /// Those that the filter takes, the newest first, before one; one more than the limit when
    /// more follow.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        filter: &DeadLetterFilter,
        before: Option<Uuid>,
        limit: Limit,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let (conditions, mut values) = filter.conditions();
        let text =
            format!("{SELECT} WHERE TRUE{conditions} AND d.id < ? ORDER BY d.id DESC LIMIT ?");
        values.push(before.unwrap_or(Uuid::max()).into());
        values.push(limit.plus_one().into());
        let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
        Ok(DeadLetter::find_by_statement(statement).all(conn).await?)
    }

    /// How many the filter takes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(
        conn: &impl ConnectionTrait,
        filter: &DeadLetterFilter,
    ) -> Result<u64, StoreError> {
        let (conditions, values) = filter.conditions();
        let text = format!("SELECT COUNT(*) FROM dead_letters d WHERE TRUE{conditions}");
        let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
        let row = conn.query_one_raw(statement).await?;
        let count: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// What those that the filter takes have in common, the most first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn group(
        conn: &impl ConnectionTrait,
        filter: &DeadLetterFilter,
        most: u32,
    ) -> Result<Vec<LetterGroup>, StoreError> {
        let (conditions, mut values) = filter.conditions();
        let text = format!(
            "SELECT d.class, d.kind, d.error, COUNT(*) AS letters, \
             COUNT(DISTINCT d.tenant_id) AS tenants, MIN(d.died_at) AS first_at, \
             MAX(d.died_at) AS last_at FROM dead_letters d WHERE TRUE{conditions} \
             GROUP BY d.class, d.kind, d.error ORDER BY letters DESC, last_at DESC LIMIT ?"
        );
        values.push(most.into());
        let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
        Ok(LetterGroup::find_by_statement(statement).all(conn).await?)
    }

    /// How many are dead or on their way, by ring and class.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_open(
        conn: &impl ConnectionTrait,
    ) -> Result<Vec<CountedLetters>, StoreError> {
        let counted = sql::select::<CountedLetters, 0>(
            "SELECT ring, class, COUNT(*) AS letters FROM dead_letters \
             WHERE state IN ('dead', 'redriving') GROUP BY ring, class",
            [],
        );
        Ok(counted.all(conn).await?)
    }

    /// One of them, and its body.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: Uuid,
    ) -> Result<Option<(DeadLetter, Vec<u8>)>, StoreError> {
        let text = format!("{SELECT} WHERE d.id = ?");
        let letter = sql::select::<DeadLetter, 1>(&text, [id.into()]);
        let Some(letter) = letter.one(conn).await? else {
            return Ok(None);
        };
        let body = sql::statement("SELECT body FROM dead_letters WHERE id = ?", [id.into()]);
        let body = conn.query_one_raw(body).await?;
        let body = body.map_or(Ok(Vec::new()), |row| row.try_get_by_index(0))?;
        Ok(Some((letter, body)))
    }
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
