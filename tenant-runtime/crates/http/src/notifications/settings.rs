use actix_web::{get, put};
use tr_app::{
    notifications as app,
    views::{DefaultNotificationSettingsView, OwnNotificationSettingsView},
};
use web::{Json, RawJson};

use super::body::{DefaultNotificationSettings, OwnNotificationSettings};
use crate::{
    caller::{Administer, Caller, ReadItems, WriteItems},
    failure::Failure,
};

/// Gives the caller's own settings, as they hold.
#[utoipa::path(
    tag = "Notifications",
    operation_id = "getOwnNotificationSettings",
    responses((status = 200, description = "The settings.", body = OwnNotificationSettingsView)),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/notification-settings")]
pub(crate) async fn get_own(
    caller: Caller<ReadItems>,
) -> Result<Json<OwnNotificationSettingsView>, Failure> {
    let db = caller.db().await?;
    Ok(Json(app::own_settings(&caller.context, &db).await?))
}

/// Puts the caller's own settings in the place of those that they have.
///
/// Another choice than the tenant's for a trigger that its architects locked is refused.
#[utoipa::path(
    tag = "Notifications",
    operation_id = "putOwnNotificationSettings",
    request_body = OwnNotificationSettings,
    responses((status = 200, description = "The settings as they are now.", body = OwnNotificationSettingsView)),
    security(("session" = []), ("token" = ["work_items:write"])),
)]
#[put("/api/v1/notification-settings")]
pub(crate) async fn put_own(
    caller: Caller<WriteItems>,
    body: RawJson,
) -> Result<Json<OwnNotificationSettingsView>, Failure> {
    let body: OwnNotificationSettings = body.parse()?;
    let db = caller.db().await?;
    let settings = app::put_own_settings(&caller.context, &db, body.into()).await?;
    Ok(Json(settings))
}

/// Gives what the tenant has by default and insists on; for architects.
#[utoipa::path(
    tag = "Notifications",
    operation_id = "getDefaultNotificationSettings",
    responses((status = 200, description = "The settings.", body = DefaultNotificationSettingsView)),
    security(("session" = []), ("token" = ["admin"])),
)]
#[get("/api/v1/notification-settings/defaults")]
pub(crate) async fn get_defaults(
    caller: Caller<Administer>,
) -> Result<Json<DefaultNotificationSettingsView>, Failure> {
    let db = caller.db().await?;
    Ok(Json(app::default_settings(&caller.context, &db).await?))
}

/// Puts the tenant's settings in the place of those that it has; for architects.
#[utoipa::path(
    tag = "Notifications",
    operation_id = "putDefaultNotificationSettings",
    request_body = DefaultNotificationSettings,
    responses((status = 200, description = "The settings as they are now.", body = DefaultNotificationSettingsView)),
    security(("session" = []), ("token" = ["admin"])),
)]
#[put("/api/v1/notification-settings/defaults")]
pub(crate) async fn put_defaults(
    caller: Caller<Administer>,
    body: RawJson,
) -> Result<Json<DefaultNotificationSettingsView>, Failure> {
    let body: DefaultNotificationSettings = body.parse()?;
    let db = caller.db().await?;
    let settings = app::put_default_settings(&caller.context, &db, body.into()).await?;
    Ok(Json(settings))
}
