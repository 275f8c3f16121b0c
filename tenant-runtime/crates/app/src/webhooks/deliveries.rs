//! Reading what was sent.

use db::TenantDb;
use kernel::{Cursor, DeliveryId, Limit, Page, RequestContext, WebhookId};
use tr_domain::DeliveryState;
use tr_store::webhooks::deliveries::{self as store, DeliveryFilter};

use super::error::WebhookError;
use super::list::get_webhook;
use crate::error::Denied;
use crate::page::{cursor, page, place};
use crate::views::{DeliveryDetailView, DeliveryView};

/// Which deliveries.
#[derive(Debug, Clone, Default)]
pub struct ListDeliveries {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Of this kind of event.
    pub kind: Option<String>,
    /// How many.
    pub limit: Limit,
    /// Where the page starts.
    pub cursor: Option<Cursor>,
}

/// What was sent to a webhook, the latest first.
///
/// # Errors
/// When there is no such webhook for the caller, the cursor is wrong, or the database fails.
pub async fn list_deliveries(
    ctx: &RequestContext,
    db: &TenantDb,
    webhook: WebhookId,
    request: ListDeliveries,
) -> Result<Page<DeliveryView>, WebhookError> {
    get_webhook(ctx, db, webhook).await?;
    let before = place(request.cursor.as_ref())?;
    let filter = DeliveryFilter {
        state: request.state,
        kind: request.kind,
    };
    let rows = store::list(db.conn(), webhook, &filter, before, request.limit).await?;
    Ok(page(rows, request.limit, |row| cursor(&row.id)))
}

/// One delivery of a webhook.
///
/// # Errors
/// When there is none for the caller, or the database fails.
pub async fn get_delivery(
    ctx: &RequestContext,
    db: &TenantDb,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<DeliveryDetailView, WebhookError> {
    get_webhook(ctx, db, webhook).await?;
    let row = store::find(db.conn(), id).await?;
    let row = row.filter(|row| row.webhook_id == webhook);
    Ok(row.ok_or(Denied::NotFound)?.into())
}
