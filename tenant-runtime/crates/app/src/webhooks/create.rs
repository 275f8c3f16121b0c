//! Creating a webhook.

use db::TenantDb;
use kernel::{FolderId, RequestContext, Revision, WorkItemId};
use serde_json::Value;
use tr_domain::access::Viewer;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::{DisabledReason, Faults};
use tr_store::webhooks::{self as store, WebhookRow};

use super::error::WebhookError;
use super::fields::{described, description, kinds, place};
use super::may_keep;
use super::secret::NewSecret;
use super::setup::Webhooks;
use crate::events::webhook_event;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed, new_id};
use crate::views::WebhookSecretView;

/// How many a tenant may have: each is asked at each event.
const MOST: i64 = 50;

/// A new webhook.
#[derive(Debug, Clone)]
pub struct CreateWebhook {
    /// Where messages are sent.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// The kinds of event it hears of.
    pub kinds: Vec<String>,
    /// Only in this grid.
    pub grid_id: Option<WorkItemId>,
    /// Only in this folder or below.
    pub folder_id: Option<FolderId>,
    /// Whether it begins at once.
    pub enabled: bool,
}

/// Creates a webhook, and gives its secret this once.
///
/// # Errors
/// When the caller may not, the values are wrong, or the database fails.
pub async fn create_webhook(
    ctx: &RequestContext,
    db: &TenantDb,
    webhooks: &Webhooks,
    command: CreateWebhook,
    key: Option<Keyed<'_, WebhookSecretView>>,
) -> Result<Outcome<WebhookSecretView>, WebhookError> {
    // Names are looked up before the transaction, and for nobody who may not have that done.
    let prepare = async || {
        may_keep(&Viewer::of(&ctx.actor))?;
        Ok(webhooks.vet(&command.url).await)
    };
    let work = async |unit: &mut Unit<'_>, url: Result<String, Faults>| {
        let counted = store::count(unit.conn()).await?;
        if counted >= MOST {
            return Err(WebhookError::TooMany(counted));
        }
        let secret = NewSecret::make();
        let sealed = webhooks.seal(ctx.tenant.tenant, &secret)?;
        let row = checked(unit, &command, url, sealed).await?;
        store::insert(unit.conn(), &row).await?;
        let change = FieldChange::whole(Value::Null, described(&row));
        unit.emit(webhook_event(
            EventKind::WebhookCreated,
            row.id,
            vec![change],
        ));
        Ok(WebhookSecretView {
            webhook: row.into(),
            secret: Some(secret.text()),
        })
    };
    keyed(ctx, db, key, prepare, work).await
}

async fn checked(
    unit: &Unit<'_>,
    command: &CreateWebhook,
    url: Result<String, Faults>,
    secret: Vec<u8>,
) -> Result<WebhookRow, WebhookError> {
    let mut faults = Faults::none();
    let url = faults.absorb(url).unwrap_or_default();
    let description = description(&command.description, &mut faults);
    let kinds = kinds(&command.kinds, &mut faults);
    place(unit, None, command.grid_id, command.folder_id, &mut faults).await?;
    faults.into_result()?;
    Ok(WebhookRow {
        id: new_id(),
        url,
        description,
        kinds,
        grid_id: command.grid_id,
        folder_id: command.folder_id,
        secret,
        previous_secret: None,
        previous_until: None,
        failures: 0,
        failing_since: None,
        disabled_at: (!command.enabled).then_some(unit.now()),
        disabled_reason: (!command.enabled).then_some(DisabledReason::Person),
        created_by: unit.ctx.actor.member,
        revision: Revision(1),
        created_at: unit.now(),
        updated_at: unit.now(),
    })
}
