//! Webhooks: architects keep them, look at what was sent, and have it sent again. Nobody else
//! knows of them.

mod create;
mod delete;
mod deliveries;
mod error;
mod fields;
mod list;
mod patch;
mod replay;
mod rotate;
mod secret;
mod setup;

pub use create::{CreateWebhook, create_webhook};
pub use delete::delete_webhook;
pub use deliveries::{ListDeliveries, get_delivery, list_deliveries};
pub use error::WebhookError;
pub use list::{get_webhook, list_webhooks};
pub use patch::{PatchWebhook, patch_webhook};
pub use replay::{replay_delivery, replay_failed, test_webhook};
pub use rotate::rotate_secret;
pub use setup::Webhooks;

use kernel::WebhookId;
use tr_domain::access::Viewer;
use tr_store::webhooks::{self as store, WebhookRow};

use crate::error::Denied;
use crate::unit::Unit;

/// Whoever may not know of webhooks may make none.
const fn may_keep(viewer: &Viewer) -> Result<(), Denied> {
    if viewer.everything {
        Ok(())
    } else {
        Err(Denied::Forbidden)
    }
}

/// A webhook, locked.
async fn locked(unit: &Unit<'_>, id: WebhookId) -> Result<WebhookRow, WebhookError> {
    if !unit.viewer.everything {
        return Err(Denied::NotFound.into());
    }
    let row = store::find_locked(unit.conn(), id).await?;
    Ok(row.ok_or(Denied::NotFound)?)
}
