use actix_web::get;
use kernel::Page;
use tr_app::{
    notifications as app,
    views::{NotificationView, UnreadView},
};
use web::{Json, Query, openapi::PageOf};

use super::body::NotificationQuery;
use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
};

/// Lists what the caller was told, the latest first.
///
/// What they do not see any more is left out. Whoever listens to `me` hears of new ones at once.
#[utoipa::path(
    tag = "Notifications",
    operation_id = "listNotifications",
    params(NotificationQuery),
    responses((status = 200, description = "A page of notifications.", body = PageOf<NotificationView>)),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/notifications")]
pub(crate) async fn list(
    caller: Caller<ReadItems>,
    query: Query<NotificationQuery>,
) -> Result<Json<Page<NotificationView>>, Failure> {
    let db = caller.db().await?;
    let page = app::list_notifications(&caller.context, &db, query.0.into()).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}

/// Counts what the caller was told and has not read.
#[utoipa::path(
    tag = "Notifications",
    operation_id = "countUnreadNotifications",
    responses((status = 200, description = "How many.", body = UnreadView)),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/notifications/unread-count")]
pub(crate) async fn unread_count(caller: Caller<ReadItems>) -> Result<Json<UnreadView>, Failure> {
    let db = caller.db().await?;
    let unread = app::count_unread(&caller.context, &db).await?;
    Ok(Json(UnreadView { unread }))
}
