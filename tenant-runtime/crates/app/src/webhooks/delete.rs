//! Deleting a webhook.

use db::TenantDb;
use kernel::{IfMatch, RequestContext, WebhookId};
use serde_json::Value;
use tr_domain::event::{EventKind, FieldChange};
use tr_store::webhooks as store;

use super::error::WebhookError;
use super::fields::described;
use super::locked;
use crate::error::matches;
use crate::events::webhook_event;
use crate::unit::{Unit, write};

/// Deletes a webhook. What waits to be sent is not sent any more.
///
/// # Errors
/// When the caller may not, the revision is another, or the database fails.
pub async fn delete_webhook(
    ctx: &RequestContext,
    db: &TenantDb,
    id: WebhookId,
    if_match: IfMatch,
) -> Result<(), WebhookError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        let row = locked(unit, id).await?;
        matches(if_match, row.revision)?;
        store::delete(unit.conn(), id).await?;
        let change = FieldChange::whole(described(&row), Value::Null);
        unit.emit(webhook_event(EventKind::WebhookDeleted, id, vec![change]));
        Ok(())
    };
    write(ctx, db, async || Ok(()), work).await
}
