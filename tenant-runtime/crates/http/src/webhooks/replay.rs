use actix_web::post;
use kernel::{DeliveryId, WebhookId};
use tr_app::{
    Keyed,
    views::{DeliveryView, ReplayedView},
    webhooks as app,
};
use web::{Path as Ids, RawJson};

use super::body::WebhookReplay;
use crate::{
    caller::{Administer, Caller},
    reply::{self, Key, Reply},
};

/// Sends a message of the kind `webhook.test`.
#[utoipa::path(
    tag = "Webhooks",
    operation_id = "testWebhook",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 202, description = "The delivery, not tried yet.", body = DeliveryView)),
    security(("session" = []), ("token" = ["admin"])),
)]
#[post("/api/v1/webhooks/{id}/test")]
pub(crate) async fn test(caller: Caller<Administer>, id: Ids<WebhookId>, key: Key) -> Reply {
    let request = key.request(&caller.context, &[]);
    let keyed = request.map(|request| Keyed {
        request,
        answer: &reply::accepted,
    });
    let db = caller.db().await?;
    let outcome = app::test_webhook(&caller.context, &db, id.0, keyed).await?;
    Ok(caller.reply(outcome, reply::accepted))
}

/// Sends a delivery again, with the same `webhook-id` and message.
#[utoipa::path(
    tag = "Webhooks",
    operation_id = "replayWebhookDelivery",
    params(
        ("id" = Uuid, Path, description = "The webhook."),
        ("delivery_id" = Uuid, Path, description = "The delivery."),
    ),
    responses((status = 202, description = "The delivery as it is now.", body = DeliveryView)),
    security(("session" = []), ("token" = ["admin"])),
)]
#[post("/api/v1/webhooks/{id}/deliveries/{delivery_id}/replay")]
pub(crate) async fn one(
    caller: Caller<Administer>,
    ids: Ids<(WebhookId, DeliveryId)>,
    key: Key,
) -> Reply {
    let (webhook, delivery) = ids.0;
    let request = key.request(&caller.context, &[]);
    let keyed = request.map(|request| Keyed {
        request,
        answer: &reply::accepted,
    });
    let db = caller.db().await?;
    let outcome = app::replay_delivery(&caller.context, &db, webhook, delivery, keyed).await?;
    Ok(caller.reply(outcome, reply::accepted))
}

/// Sends again what failed since a time, 1,000 deliveries at most.
#[utoipa::path(
    tag = "Webhooks",
    operation_id = "replayFailedWebhookDeliveries",
    params(("id" = Uuid, Path, description = "The webhook.")),
    request_body = WebhookReplay,
    responses((status = 202, description = "How many are tried again.", body = ReplayedView)),
    security(("session" = []), ("token" = ["admin"])),
)]
#[post("/api/v1/webhooks/{id}/replay-failed")]
pub(crate) async fn failed(
    caller: Caller<Administer>,
    id: Ids<WebhookId>,
    key: Key,
    body: RawJson,
) -> Reply {
    let WebhookReplay { since } = body.parse()?;
    let request = key.request(&caller.context, body.bytes());
    let keyed = request.map(|request| Keyed {
        request,
        answer: &reply::accepted,
    });
    let db = caller.db().await?;
    let outcome = app::replay_failed(&caller.context, &db, id.0, since, keyed).await?;
    Ok(caller.reply(outcome, reply::accepted))
}
