//! Changing a webhook.

use db::TenantDb;
use kernel::{FolderId, IfMatch, RequestContext, WebhookId, WorkItemId};
use serde_json::json;
use tr_domain::access::Viewer;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::{DisabledReason, Faults};
use tr_store::webhooks::{self as store, WebhookRow};

use super::error::WebhookError;
use super::fields::{description, kinds, place, shown};
use super::locked;
use super::setup::Webhooks;
use crate::error::matches;
use crate::events::webhook_event;
use crate::unit::{Unit, write};
use crate::views::WebhookView;

/// A change of a webhook. What is none stays.
#[derive(Debug, Clone)]
pub struct PatchWebhook {
    /// Which.
    pub id: WebhookId,
    /// Of which revision.
    pub if_match: IfMatch,
    /// Where messages are sent.
    pub url: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The kinds of event it hears of.
    pub kinds: Option<Vec<String>>,
    /// Only in this grid.
    pub grid_id: Option<Option<WorkItemId>>,
    /// Only in this folder or below.
    pub folder_id: Option<Option<FolderId>>,
    /// Whether it hears of anything. Enabling forgets what failed.
    pub enabled: Option<bool>,
}

/// Changes a webhook.
///
/// # Errors
/// When the caller may not, the revision is another, the values are wrong, or the database fails.
pub async fn patch_webhook(
    ctx: &RequestContext,
    db: &TenantDb,
    webhooks: &Webhooks,
    command: PatchWebhook,
) -> Result<WebhookView, WebhookError> {
    let may = Viewer::of(&ctx.actor).everything;
    let prepare = async || match &command.url {
        Some(url) if may => Ok(Some(webhooks.vet(url).await)),
        _ => Ok(None),
    };
    let work = async |unit: &mut Unit<'_>, url: Option<Result<String, Faults>>| {
        let old = locked(unit, command.id).await?;
        matches(command.if_match, old.revision)?;
        let mut new = patched(unit, &command, url, &old).await?;
        let changes = changes(&old, &new);
        if !changes.is_empty() {
            new.revision = old.revision.next();
            new.updated_at = unit.now();
            store::update(unit.conn(), &new).await?;
            unit.emit(webhook_event(EventKind::WebhookChanged, new.id, changes));
        }
        Ok(new.into())
    };
    write(ctx, db, prepare, work).await
}

async fn patched(
    unit: &Unit<'_>,
    command: &PatchWebhook,
    url: Option<Result<String, Faults>>,
    old: &WebhookRow,
) -> Result<WebhookRow, WebhookError> {
    let mut faults = Faults::none();
    let mut new = old.clone();
    if let Some(url) = url {
        new.url = faults.absorb(url).unwrap_or_default();
    }
    if let Some(text) = &command.description {
        new.description = description(text, &mut faults);
    }
    if let Some(words) = &command.kinds {
        new.kinds = kinds(words, &mut faults);
    }
    new.grid_id = command.grid_id.unwrap_or(new.grid_id);
    new.folder_id = command.folder_id.unwrap_or(new.folder_id);
    place(unit, Some(old), new.grid_id, new.folder_id, &mut faults).await?;
    faults.into_result()?;
    match command.enabled {
        Some(true) if old.disabled_at.is_some() => {
            (new.disabled_at, new.disabled_reason) = (None, None);
            (new.failures, new.failing_since) = (0, None);
        }
        Some(false) if old.disabled_at.is_none() => {
            new.disabled_at = Some(unit.now());
            new.disabled_reason = Some(DisabledReason::Person);
        }
        _ => {}
    }
    Ok(new)
}

fn changes(old: &WebhookRow, new: &WebhookRow) -> Vec<FieldChange> {
    let enabled = |row: &WebhookRow| json!(row.disabled_at.is_none());
    let mut changes = Vec::new();
    if old.url != new.url {
        changes.push(FieldChange::of("url", shown(&old.url), shown(&new.url)));
    }
    let others = [
        (
            "description",
            json!(old.description),
            json!(new.description),
        ),
        ("kinds", json!(old.kinds), json!(new.kinds)),
        ("grid_id", json!(old.grid_id), json!(new.grid_id)),
        ("folder_id", json!(old.folder_id), json!(new.folder_id)),
        ("enabled", enabled(old), enabled(new)),
    ];
    for (field, old, new) in others {
        if old != new {
            changes.push(FieldChange::of(field, old, new));
        }
    }
    changes
}
