//! What an architect says of a webhook, checked.

use kernel::{FolderId, WorkItemId};
use serde_json::{Value, json};
use tr_domain::webhook::Kinds;
use tr_domain::{Faults, WorkItemKind};
use tr_store::webhooks::WebhookRow;
use tr_store::{StoreError, folders, work_items};
use url::Url;

use crate::unit::Unit;

/// The longest description.
const LONGEST: usize = 500;

pub(super) fn description(text: &str, faults: &mut Faults) -> String {
    let text = text.trim();
    if text.chars().count() > LONGEST {
        faults.add(
            "description",
            "too_long",
            format!("at most {LONGEST} characters"),
        );
    }
    if text.chars().any(char::is_control) {
        faults.add(
            "description",
            "control_character",
            "must be one line of text",
        );
    }
    text.to_owned()
}

pub(super) fn kinds(words: &[String], faults: &mut Faults) -> Vec<String> {
    let kinds = faults.absorb(Kinds::new(words));
    kinds.map_or_else(Vec::new, |kinds| kinds.words().to_vec())
}

/// Checks where events must happen to be told; what `old` names already may be gone by now.
pub(super) async fn place(
    unit: &Unit<'_>,
    old: Option<&WebhookRow>,
    grid: Option<WorkItemId>,
    folder: Option<FolderId>,
    faults: &mut Faults,
) -> Result<(), StoreError> {
    if grid.is_some() && folder.is_some() {
        faults.add("folder_id", "one_only", "a grid or a folder, not both");
        return Ok(());
    }
    if let Some(grid) = grid.filter(|id| old.is_none_or(|old| old.grid_id != Some(*id))) {
        let found = work_items::find(unit.conn(), &unit.viewer, grid).await?;
        if found.is_none_or(|item| item.kind != WorkItemKind::Grid) {
            faults.add("grid_id", "unknown", "there is no such grid");
        }
    }
    if let Some(folder) = folder.filter(|id| old.is_none_or(|old| old.folder_id != Some(*id))) {
        let found = folders::find(unit.conn(), &unit.viewer, folder).await?;
        if found.is_none() {
            faults.add("folder_id", "unknown", "there is no such folder");
        }
    }
    Ok(())
}

/// An address for the log, without what may be secret of it.
pub(super) fn shown(url: &str) -> Value {
    let origin = Url::parse(url).map(|url| url.origin().ascii_serialization());
    json!(origin.unwrap_or_default())
}

/// A webhook for the log.
pub(super) fn described(row: &WebhookRow) -> Value {
    json!({ "address": shown(&row.url), "description": row.description, "kinds": row.kinds })
}
