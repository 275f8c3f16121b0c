//! Notifications as they come, are taken back, read and mailed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::{MemberId, TypedId as _};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tr_domain::notifications::{MailChoice, NotificationId, Trigger};
use uuid::Uuid;

use super::rows::Object;
use crate::StoreError;
use crate::inserting;
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

/// Writes notifications.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    conn: &impl ConnectionTrait,
    told: Vec<NewNotification>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let head = "INSERT INTO notifications (id, member_id, kind, object, object_id, event_number, \
        actor_id, detail, in_app, mail, occurred_at, created_at) VALUES";
    let values = |new: NewNotification| {
        Ok(vec![
            new.id.as_uuid().into(),
            new.member.as_uuid().into(),
            new.trigger.as_str().into(),
            new.object.as_str().into(),
            new.object_id.into(),
            new.event_number.into(),
            id_value(new.actor),
            new.detail.to_string().into(),
            new.in_app.into(),
            new.mail.as_str().into(),
            new.occurred_at.into(),
            at.into(),
        ])
    };
    inserting::insert(conn, head, told, values, "").await
}

/// The last notification of each of these members about a thing, under a trigger, that nobody took
/// note of yet: it happened after `since`, was not read and is in no mail. Locked.
///
/// # Errors
/// When the database fails.
pub async fn undoable(
    conn: &impl ConnectionTrait,
    members: &[MemberId],
    trigger: Trigger,
    object: Uuid,
    since: DateTime<Utc>,
) -> Result<BTreeMap<MemberId, NotificationId>, StoreError> {
    let found = Sql::new(
        "SELECT member_id, id FROM notifications FORCE INDEX (notifications_of_object) \
         WHERE member_id IN ",
    )
    .ids(members.iter().copied())
    .text(
        " AND kind = ? AND object_id = ? AND occurred_at > ? \
         AND read_at IS NULL AND mail_id IS NULL AND withdrawn_at IS NULL \
         ORDER BY id FOR UPDATE",
    )
    .bind(trigger.as_str())
    .bind(object)
    .bind(since)
    .all(conn, |c| Ok((c.id()?, c.id()?)))
    .await?;
    Ok(found.into_iter().collect())
}

/// Takes notifications back.
///
/// # Errors
/// When the database fails.
pub async fn withdraw(
    conn: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = NotificationId>,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    Sql::new("UPDATE notifications SET withdrawn_at = ?, mail = 'dropped' WHERE id IN ")
        .bind(at)
        .ids(ids)
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
        Mailing::Sent => Sql::new("UPDATE notifications SET mail = 'sent'"),
        Mailing::Dropped => Sql::new("UPDATE notifications SET mail = 'dropped', mail_id = NULL"),
    };
    sql.text(" WHERE id IN ")
        .ids(ids.iter().copied())
        .run(conn)
        .await
        .map(drop)
}

/// Notes that a mail tells these. False, and nothing to be committed, when not all of them are to be
/// told any more, or another mail tells some.
///
/// # Errors
/// When the database fails.
pub async fn take_into_mail(
    conn: &impl ConnectionTrait,
    ids: &[NotificationId],
    mail: Uuid,
) -> Result<bool, StoreError> {
    let taken = Sql::new("UPDATE notifications SET mail_id = ? WHERE id IN ")
        .bind(mail)
        .ids(ids.iter().copied())
        .text(
            " AND (mail_id IS NULL OR mail_id = ?) AND mail IN ('instant', 'daily') \
             AND read_at IS NULL AND withdrawn_at IS NULL",
        )
        .bind(mail)
        .run(conn)
        .await?;
    Ok(taken.rows_affected() == ids.len() as u64)
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
