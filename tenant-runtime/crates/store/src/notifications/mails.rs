//! Mail, noted before it is handed over.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::MemberId;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use crate::StoreError;
use crate::sql::Sql;

/// Whether a mail may be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It may, by whoever asked.
    Yes,
    /// It was, or it never can be.
    Ended,
    /// Somebody is about to.
    Elsewhere,
}

/// Notes that a mail is about to be handed over. Nobody else may for the time of the lease: then
/// whoever was to do it has died, and the mail is sent once more at most.
///
/// # Errors
/// When the database fails.
pub async fn begin_mail(
    conn: &impl ConnectionTrait,
    mail: Uuid,
    member: MemberId,
    lease: TimeDelta,
    now: DateTime<Utc>,
) -> Result<Begun, StoreError> {
    let inserted = Sql::new(
        "INSERT IGNORE INTO notification_mails \
         (id, member_id, state, attempts, lease_until, created_at) \
         VALUES (?, ?, 'sending', 1, ?, ?)",
    )
    .bind(mail)
    .bind(member.as_uuid())
    .bind(now + lease)
    .bind(now)
    .run(conn)
    .await?;
    if inserted.rows_affected() > 0 {
        return Ok(Begun::Yes);
    }
    let again = Sql::new(
        "UPDATE notification_mails SET attempts = attempts + 1, lease_until = ? \
         WHERE id = ? AND state = 'sending' AND lease_until <= ?",
    )
    .bind(now + lease)
    .bind(mail)
    .bind(now)
    .run(conn)
    .await?;
    if again.rows_affected() > 0 {
        return Ok(Begun::Yes);
    }
    let ended = Sql::new("SELECT state <> 'sending' FROM notification_mails WHERE id = ?")
        .bind(mail)
        .one(conn, |c| c.get::<i64>())
        .await?;
    Ok(match ended {
        Some(0) | None => Begun::Elsewhere,
        Some(_) => Begun::Ended,
    })
}

/// Whether somebody began to hand a mail over, however that ended.
///
/// # Errors
/// When the database fails.
pub async fn is_begun(conn: &impl ConnectionTrait, mail: Uuid) -> Result<bool, StoreError> {
    let found = Sql::new("SELECT 1 FROM notification_mails WHERE id = ?")
        .bind(mail)
        .one(conn, |c| c.get::<i64>())
        .await?;
    Ok(found.is_some())
}

/// Notes how it went; `Err` with whether another try is of no use, and why.
///
/// # Errors
/// When the database fails.
pub async fn end_mail(
    conn: &impl ConnectionTrait,
    mail: Uuid,
    outcome: Result<(), (bool, &str)>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (state, error) = match outcome {
        Ok(()) => ("sent", None),
        Err((true, error)) => ("failed", Some(error)),
        Err((false, error)) => ("sending", Some(error)),
    };
    let ended = (state != "sending").then_some(now);
    let error: Option<String> = error.map(|error| error.chars().take(500).collect());
    Sql::new(
        "UPDATE notification_mails SET state = ?, ended_at = ?, last_error = ?, lease_until = ? \
         WHERE id = ?",
    )
    .bind(state)
    .bind(ended)
    .bind(error)
    .bind(now)
    .bind(mail)
    .run(conn)
    .await
    .map(drop)
}

/// The key of the tenant's links, if there is one by now.
///
/// # Errors
/// When the database fails.
pub async fn key(conn: &impl ConnectionTrait) -> Result<Option<[u8; 32]>, StoreError> {
    let found: Option<Vec<u8>> = Sql::new("SELECT secret FROM notification_keys WHERE id = 1")
        .one(conn, |c| c.get())
        .await?;
    let unreadable = |_| StoreError::Unreadable("a key of another length".into());
    found
        .map(|key| key.try_into().map_err(unreadable))
        .transpose()
}

/// Makes this the key of the tenant's links, unless there is one.
///
/// # Errors
/// When the database fails.
pub async fn put_key(conn: &impl ConnectionTrait, key: &[u8; 32]) -> Result<(), StoreError> {
    Sql::new("INSERT IGNORE INTO notification_keys (id, secret) VALUES (1, ?)")
        .bind(key.to_vec())
        .run(conn)
        .await
        .map(drop)
}
