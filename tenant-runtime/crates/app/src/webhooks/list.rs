//! Reading webhooks.

use db::TenantDb;
use kernel::{Page, RequestContext, WebhookId};
use tr_domain::access::Viewer;
use tr_store::webhooks as store;

use super::error::WebhookError;
use super::may_keep;
use crate::error::Denied;
use crate::page::{PageRequest, cursor, page, place};
use crate::views::WebhookView;

/// The webhooks, the oldest first.
///
/// # Errors
/// When the caller may not, the cursor is wrong, or the database fails.
pub async fn list_webhooks(
    ctx: &RequestContext,
    db: &TenantDb,
    request: PageRequest,
) -> Result<Page<WebhookView>, WebhookError> {
    may_keep(&Viewer::of(&ctx.actor))?;
    let after = place(request.cursor.as_ref())?;
    let rows = store::list(db.conn(), after, request.limit).await?;
    Ok(page(rows, request.limit, |row| cursor(&row.id)))
}

/// A webhook.
///
/// # Errors
/// When there is none for the caller, or the database fails.
pub async fn get_webhook(
    ctx: &RequestContext,
    db: &TenantDb,
    id: WebhookId,
) -> Result<WebhookView, WebhookError> {
    if !Viewer::of(&ctx.actor).everything {
        return Err(Denied::NotFound.into());
    }
    let row = store::find(db.conn(), id).await?;
    Ok(row.ok_or(Denied::NotFound)?.into())
}
