use actix_web::post;
use kernel::WebhookId;
use tr_app::{Keyed, views::WebhookSecretView, webhooks as app};
use web::{IfMatchHeader, Path as Id};

use crate::{
    caller::{Administer, Caller},
    reply::{self, Key, Reply},
};

/// Gives a webhook another secret, shown this once. The one before signs too for 24 hours.
#[utoipa::path(
    tag = "Webhooks",
    operation_id = "rotateWebhookSecret",
    params(("id" = Uuid, Path, description = "The webhook.")),
    responses((status = 200, description = "The webhook as it is now.", body = WebhookSecretView,
        headers(("ETag" = String, description = "Its revision, quoted.")))),
    security(("session" = []), ("token" = ["admin"])),
)]
#[post("/api/v1/webhooks/{id}/rotate-secret")]
pub(crate) async fn rotate(
    caller: Caller<Administer>,
    id: Id<WebhookId>,
    if_match: IfMatchHeader,
    key: Key,
) -> Reply {
    let answer = |made: &WebhookSecretView| reply::changed(made.webhook.revision, made);
    let kept = |made: &WebhookSecretView| answer(&made.without_secret());
    let request = key.request(&caller.context, &[]);
    let keyed = request.map(|request| Keyed {
        request,
        answer: &kept,
    });
    let (db, webhooks) = (caller.db().await?, caller.webhooks());
    let outcome =
        app::rotate_secret(&caller.context, &db, webhooks, id.0, if_match.0, keyed).await?;
    Ok(caller.reply(outcome, answer))
}
