//! A new secret for a webhook; the one before signs too for a day, so that receivers can change
//! over without losing anything.

use chrono::TimeDelta;
use db::TenantDb;
use kernel::{IfMatch, RequestContext, WebhookId};
use serde_json::Value;
use tr_domain::event::{EventKind, FieldChange};
use tr_store::webhooks as store;

use super::error::WebhookError;
use super::locked;
use super::secret::NewSecret;
use super::setup::Webhooks;
use crate::error::may_match;
use crate::events::webhook_event;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed};
use crate::views::WebhookSecretView;

/// How long the secret before goes on.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// Gives a webhook another secret, and shows it this once.
///
/// # Errors
/// When the caller may not, the revision is another, or the database fails.
pub async fn rotate_secret(
    ctx: &RequestContext,
    db: &TenantDb,
    webhooks: &Webhooks,
    id: WebhookId,
    if_match: IfMatch,
    key: Option<Keyed<'_, WebhookSecretView>>,
) -> Result<Outcome<WebhookSecretView>, WebhookError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        let mut row = locked(unit, id).await?;
        may_match(if_match, row.revision)?;
        let secret = NewSecret::make();
        let sealed = webhooks.seal(ctx.tenant.tenant, &secret)?;
        row.previous_secret = Some(std::mem::replace(&mut row.secret, sealed));
        row.previous_until = Some(unit.now() + OVERLAP);
        row.revision = row.revision.next();
        row.updated_at = unit.now();
        store::update(unit.conn(), &row).await?;
        let change = FieldChange::of("secret", Value::Null, Value::Null);
        unit.emit(webhook_event(EventKind::WebhookChanged, id, vec![change]));
        Ok(WebhookSecretView {
            webhook: row.into(),
            secret: Some(secret.text()),
        })
    };
    keyed(ctx, db, key, async || Ok(()), work).await
}
