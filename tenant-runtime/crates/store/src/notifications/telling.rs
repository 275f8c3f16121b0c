//! Notifications as they come, are taken back, read and mailed.

use chrono::{DateTime, Utc};
use kernel::{MemberId, TypedId as _};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tr_domain::notifications::{MailChoice, NotificationId, Trigger};
use uuid::Uuid;

use super::rows::Object;
use crate::StoreError;
use crate::sql::{Sql, id_value};

/// Something to tell a member.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct NewNotification {
    pub id: NotificationId,
    pub member: MemberId,
    pub trigger: Trigger,
    pub object: Object,
    pub object_id: Uuid,
    pub event_number: Option<u64>,
    pub actor: Option<MemberId>,
    pub detail: Value,
    pub in_app: bool,
    pub mail: MailChoice,
    pub occurred_at: DateTime<Utc>,
}

/// Writes a notification.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    conn: &impl ConnectionTrait,
    new: &NewNotification,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    Sql::new(
        "INSERT INTO notifications (id, member_id, kind, object, object_id, event_number, \
         actor_id, detail, in_app, mail, occurred_at, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(new.id.as_uuid())
    .bind(new.member.as_uuid())
    .bind(new.trigger.as_str())
    .bind(new.object.as_str())
    .bind(new.object_id)
    .bind(new.event_number)
    .bind(id_value(new.actor))
    .bind(new.detail.to_string())
    .bind(new.in_app)
    .bind(new.mail.as_str())
    .bind(new.occurred_at)
    .bind(at)
    .run(conn)
    .await
    .map(drop)
}

/// The notification of a member about a thing, under a trigger, that nobody took note of yet: it
/// happened after `since`, was not read and is in no mail. Locked.
///
/// # Errors
/// When the database fails.
pub async fn undoable(
    conn: &impl ConnectionTrait,
    member: MemberId,
    trigger: Trigger,
    object: Uuid,
    since: DateTime<Utc>,
) -> Result<Option<NotificationId>, StoreError> {
    Sql::new(
        "SELECT id FROM notifications FORCE INDEX (notifications_of_object) \
         WHERE member_id = ? AND kind = ? AND object_id = ? AND occurred_at > ? \
         AND read_at IS NULL AND mail_id IS NULL AND withdrawn_at IS NULL \
         ORDER BY id DESC LIMIT 1 FOR UPDATE",
    )
    .bind(member.as_uuid())
    .bind(trigger.as_str())
    .bind(object)
    .bind(since)
    .one(conn, |c| c.id())
    .await
}

/// Takes a notification back.
///
/// # Errors
/// When the database fails.
pub async fn withdraw(
    conn: &impl ConnectionTrait,
    id: NotificationId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    Sql::new("UPDATE notifications SET withdrawn_at = ?, mail = 'dropped' WHERE id = ?")
        .bind(at)
        .bind(id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}

/// What a member is to be told in this way, whether or not they see it: of one thing or of all. Of
/// what another mail tells nothing.
///
/// # Errors
/// When the database fails.
pub async fn waiting(
    conn: &impl ConnectionTrait,
    member: MemberId,
    way: MailChoice,
    object: Option<Uuid>,
    mail: Uuid,
) -> Result<Vec<NotificationId>, StoreError> {
    let mut sql = Sql::new(
        "SELECT id FROM notifications FORCE INDEX (notifications_to_mail) \
         WHERE member_id = ? AND mail = ? AND (mail_id IS NULL OR mail_id = ?)",
    )
    .bind(member.as_uuid())
    .bind(way.as_str())
    .bind(mail);
    if let Some(object) = object {
        sql = sql.text(" AND object_id = ?").bind(object);
    }
    sql.all(conn, |c| c.id()).await
}

/// Whether a member was reminded of this time already.
///
/// # Errors
/// When the database fails.
pub async fn was_reminded(
    conn: &impl ConnectionTrait,
    member: MemberId,
    object: Uuid,
    due: &str,
) -> Result<bool, StoreError> {
    let found = Sql::new(
        "SELECT 1 FROM notifications FORCE INDEX (notifications_of_object) \
         WHERE member_id = ? AND object_id = ? AND kind = ? \
         AND JSON_VALUE(detail, '$.due') = ? LIMIT 1",
    )
    .bind(member.as_uuid())
    .bind(object)
    .bind(Trigger::DueSoon.as_str())
    .bind(due)
    .one(conn, |c| c.get::<i64>())
    .await?;
    Ok(found.is_some())
}

/// What becomes of notifications that are to be mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailing {
    /// This mail tells them.
    In(Uuid),
    /// It was sent.
    Sent,
    /// They are told by no mail: read, undone, not seen any more, or nobody wants to know.
    Dropped,
}

/// Notes what becomes of some.
///
/// # Errors
/// When the database fails.
pub async fn mark_mail(
    conn: &impl ConnectionTrait,
    ids: &[NotificationId],
    becomes: Mailing,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = match becomes {
        Mailing::In(mail) => Sql::new("UPDATE notifications SET mail_id = ?").bind(mail),
        Mailing::Sent => Sql::new("UPDATE notifications SET mail = 'sent'"),
        Mailing::Dropped => Sql::new("UPDATE notifications SET mail = 'dropped', mail_id = NULL"),
    };
    sql.text(" WHERE id IN ")
        .ids(ids.iter().copied())
        .run(conn)
        .await
        .map(drop)
}

/// What somebody took note of is told by no mail any more, unless one tells it just now.
const NOTED: &str = "UPDATE notifications SET \
    mail = IF(mail IN ('instant', 'daily') AND mail_id IS NULL, 'dropped', mail), read_at = ?";

/// Marks a member's notification read or unread, and tells whether that changed it.
///
/// # Errors
/// When the database fails.
pub async fn mark_one(
    conn: &impl ConnectionTrait,
    member: MemberId,
    id: NotificationId,
    read_at: Option<DateTime<Utc>>,
) -> Result<bool, StoreError> {
    let changed = Sql::new(NOTED)
        .bind(read_at)
        .text(" WHERE id = ? AND member_id = ?")
        .bind(id.as_uuid())
        .bind(member.as_uuid())
        .text(if read_at.is_some() {
            " AND read_at IS NULL"
        } else {
            " AND read_at IS NOT NULL"
        })
        .run(conn)
        .await?;
    Ok(changed.rows_affected() > 0)
}

/// Marks all of a member's notifications read up to one, and tells how many were not.
///
/// # Errors
/// When the database fails.
pub async fn mark_up_to(
    conn: &impl ConnectionTrait,
    member: MemberId,
    last: NotificationId,
    at: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let changed = Sql::new(NOTED)
        .bind(at)
        .text(" WHERE member_id = ? AND read_at IS NULL AND in_app AND id <= ?")
        .bind(member.as_uuid())
        .bind(last.as_uuid())
        .run(conn)
        .await?;
    Ok(changed.rows_affected())
}
