use actix_web::get;
use kernel::{DeliveryId, Page, WebhookId};
use tr_app::{
    views::{DeliveryDetailView, DeliveryView},
    webhooks as app,
};
use web::{Json, Path as Ids, Query, openapi::PageOf};

use super::body::DeliveryQuery;
use crate::{
    caller::{Administer, Caller},
    failure::Failure,
};

/// Lists what was sent to a webhook, the latest first. Deliveries are kept for 30 days.
#[utoipa::path(
    tag = "Webhooks",
    operation_id = "listWebhookDeliveries",
    params(("id" = Uuid, Path, description = "The webhook."), DeliveryQuery),
    responses((status = 200, description = "A page of deliveries.", body = PageOf<DeliveryView>)),
    security(("session" = []), ("token" = ["admin"])),
)]
#[get("/api/v1/webhooks/{id}/deliveries")]
pub(crate) async fn list(
    caller: Caller<Administer>,
    id: Ids<WebhookId>,
    query: Query<DeliveryQuery>,
) -> Result<Json<Page<DeliveryView>>, Failure> {
    let request = query.0.try_into()?;
    let db = caller.db().await?;
    let page = app::list_deliveries(&caller.context, &db, id.0, request).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}

/// Gives a delivery with the message and the beginning of the last answer.
#[utoipa::path(
    tag = "Webhooks",
    operation_id = "getWebhookDelivery",
    params(
        ("id" = Uuid, Path, description = "The webhook."),
        ("delivery_id" = Uuid, Path, description = "The delivery."),
    ),
    responses((status = 200, description = "The delivery.", body = DeliveryDetailView)),
    security(("session" = []), ("token" = ["admin"])),
)]
#[get("/api/v1/webhooks/{id}/deliveries/{delivery_id}")]
pub(crate) async fn get(
    caller: Caller<Administer>,
    ids: Ids<(WebhookId, DeliveryId)>,
) -> Result<Json<DeliveryDetailView>, Failure> {
    let (webhook, delivery) = ids.0;
    let db = caller.db().await?;
    let delivery = app::get_delivery(&caller.context, &db, webhook, delivery).await?;
    Ok(Json(delivery))
}
