use actix_web::get;
use kernel::{Page, WebhookId};
use tr_app::{views::WebhookView, webhooks as app};
use web::{Json, Path as Id, Query, Revised, openapi::PageOf};

use crate::{
    caller::{Administer, Caller},
    failure::Failure,
    paging::PageQuery,
};

/// Lists webhooks, the oldest first.
#[utoipa::path(
    tag = "Webhooks",
    operation_id = "listWebhooks",
    responses((status = 200, description = "A page of webhooks.", body = PageOf<WebhookView>)),
    security(("session" = []), ("token" = ["admin"])),
)]
#[get("/api/v1/webhooks")]
pub(crate) async fn list(
    caller: Caller<Administer>,
    query: Query<PageQuery>,
) -> Result<Json<Page<WebhookView>>, Failure> {
    let db = caller.db().await?;
    let page = app::list_webhooks(&caller.context, &db, query.0.into()).await;
    page.map(Json)
        .map_err(|error| Failure::from(error).of_query())
}

/// Gives a webhook.
#[utoipa::path(
    tag = "Webhooks",
    operation_id = "getWebhook",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook.", body = WebhookView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["admin"])),
)]
#[get("/api/v1/webhooks/{id}")]
pub(crate) async fn get(
    caller: Caller<Administer>,
    id: Id<WebhookId>,
) -> Result<Revised<WebhookView>, Failure> {
    let db = caller.db().await?;
    let webhook = app::get_webhook(&caller.context, &db, id.0).await?;
    Ok(Revised {
        revision: webhook.revision,
        body: webhook,
    })
}
