use actix_web::{delete, patch, post};
use kernel::WebhookId;
use tr_app::{
    Keyed,
    views::{WebhookSecretView, WebhookView},
    webhooks::{self as app, CreateWebhook, PatchWebhook},
};
use web::{IfMatchHeader, Path as Id, RawJson};

use super::body::{WebhookCreate, WebhookPatch};
use crate::{
    body,
    caller::{Administer, Caller},
    reply::{self, Key, Reply},
};

/// Creates a webhook. Its secret is shown this once.
#[utoipa::path(
    tag = "Webhooks",
    operation_id = "createWebhook",
    request_body = WebhookCreate,
    responses((status = 201, description = "The new webhook.", body = WebhookSecretView,
        headers(("ETag" = String, description = "Its revision, quoted."),
                ("Location" = String, description = "Its path.")))),
    security(("session" = []), ("token" = ["admin"])),
)]
#[post("/api/v1/webhooks")]
pub(crate) async fn create(caller: Caller<Administer>, key: Key, body: RawJson) -> Reply {
    let new: WebhookCreate = body.parse()?;
    let answer = |made: &WebhookSecretView| {
        reply::created("webhooks", made.webhook.id, made.webhook.revision, made)
    };
    let kept = |made: &WebhookSecretView| answer(&made.without_secret());
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &kept,
    });
    let command = CreateWebhook {
        url: new.url,
        description: new.description,
        kinds: new.kinds,
        grid_id: new.grid_id.map(Into::into),
        folder_id: new.folder_id.map(Into::into),
        enabled: new.enabled,
    };
    let db = caller.db().await?;
    let outcome =
        app::create_webhook(&caller.context, &db, caller.webhooks(), command, keyed).await?;
    Ok(caller.reply(outcome, answer))
}

/// Changes a webhook.
#[utoipa::path(
    tag = "Webhooks",
    operation_id = "updateWebhook",
    params(("id" = Uuid, Path, description = "The webhook.")),
    request_body = WebhookPatch,
    responses((status = 200, description = "The webhook as it is now.", body = WebhookView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["admin"])),
)]
#[patch("/api/v1/webhooks/{id}")]
pub(crate) async fn patch(
    caller: Caller<Administer>,
    id: Id<WebhookId>,
    if_match: IfMatchHeader,
    body: RawJson,
) -> Reply {
    let (patch, checked) = body::patch::<WebhookPatch>(&body);
    let command = PatchWebhook {
        id: id.0,
        if_match: if_match.0,
        url: patch.url,
        description: patch.description,
        kinds: patch.kinds,
        grid_id: patch.grid_id.map(|grid| grid.map(Into::into)),
        folder_id: patch.folder_id.map(|folder| folder.map(Into::into)),
        enabled: patch.enabled,
    };
    let db = caller.db().await?;
    let webhook = app::patch_webhook(&caller.context, &db, caller.webhooks(), command).await?;
    checked?;
    Ok(caller.changed(webhook.revision, &webhook))
}

/// Deletes a webhook. What waits to be sent is not sent any more.
#[utoipa::path(
    tag = "Webhooks",
    operation_id = "deleteWebhook",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 204, description = "It is deleted.")),
    security(("session" = []), ("token" = ["admin"])),
)]
#[delete("/api/v1/webhooks/{id}")]
pub(crate) async fn delete(
    caller: Caller<Administer>,
    id: Id<WebhookId>,
    if_match: IfMatchHeader,
) -> Reply {
    let db = caller.db().await?;
    app::delete_webhook(&caller.context, &db, id.0, if_match.0).await?;
    Ok(caller.gone())
}
