use actix_web::post;
use tr_app::{
    Keyed, notifications as app,
    views::{MarkedView, NotificationView},
};
use tr_domain::notifications::NotificationId;
use web::{Path as Id, RawJson};

use super::body::ReadUpTo;
use crate::{
    caller::{Caller, WriteItems},
    reply::{self, Key, Reply},
};

/// Marks a notification read. What is read is told by no mail any more.
#[utoipa::path(
    tag = "Notifications",
    operation_id = "markNotificationRead",
    params(("id" = Uuid, Path, description = "The notification.")),
    responses((status = 200, description = "The notification as it is now.", body = NotificationView)),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/notifications/{id}/read")]
pub(crate) async fn mark_read(
    caller: Caller<WriteItems>,
    id: Id<NotificationId>,
    key: Key,
) -> Reply {
    mark(&caller, id.0, true, &key).await
}

/// Marks a notification unread.
#[utoipa::path(
    tag = "Notifications",
    operation_id = "markNotificationUnread",
    params(("id" = Uuid, Path, description = "The notification.")),
    responses((status = 200, description = "The notification as it is now.", body = NotificationView)),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/notifications/{id}/unread")]
pub(crate) async fn mark_unread(
    caller: Caller<WriteItems>,
    id: Id<NotificationId>,
    key: Key,
) -> Reply {
    mark(&caller, id.0, false, &key).await
}

async fn mark(caller: &Caller<WriteItems>, id: NotificationId, read: bool, key: &Key) -> Reply {
    let answer = |view: &NotificationView| reply::ok(view);
    let request = key.request(&caller.context, b"");
    let keyed = request.map(|request| Keyed {
        request,
        answer: &answer,
    });
    let db = caller.db().await?;
    let outcome = app::mark_notification(&caller.context, &db, id, read, keyed).await?;
    Ok(caller.reply(outcome, answer))
}

/// Marks all of the caller's notifications read, up to one that they have seen.
#[utoipa::path(
    tag = "Notifications",
    operation_id = "markNotificationsRead",
    request_body = ReadUpTo,
    responses((status = 200, description = "How many were marked.", body = MarkedView)),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[post("/api/v1/notifications/read")]
pub(crate) async fn mark_up_to(caller: Caller<WriteItems>, key: Key, body: RawJson) -> Reply {
    let ReadUpTo { up_to } = body.parse()?;
    let answer = |view: &MarkedView| reply::ok(view);
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &answer,
    });
    let db = caller.db().await?;
    let outcome = app::mark_notifications_read(&caller.context, &db, up_to, keyed).await?;
    Ok(caller.reply(outcome, answer))
}
