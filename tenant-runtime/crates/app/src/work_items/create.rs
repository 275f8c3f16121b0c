//! Creating an item: at the end of its siblings, a grid with the grants of its folder.

use db::TenantDb;
use kernel::{FolderId, RequestContext, WorkItemId};
use serde_json::{Value, json};
use tr_domain::access::Level;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::labels::LabelChoice;
use tr_domain::placement::check_references;
use tr_domain::position::after_last;
use tr_domain::{Content, ContentPatch, Faults, ObjectKind, WorkItemKind};
use tr_store::locks::lock_structure;
use tr_store::work_items::{self as store, ItemRow, Located, NewItem};
use tr_store::{folders, labels};

use super::error::WorkItemError;
use super::grid_grants::copy_from;
use super::load::{again, locate, seen, still_there};
use super::place::{Place, in_parent};
use super::references::{check, check_labels};
use super::roll_up::task_changed;
use crate::error::{Denied, allow};
use crate::events::item_event;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed, new_id};
use crate::views::WorkItemView;

/// A new item.
#[derive(Debug, Clone)]
pub struct CreateWorkItem {
    /// Its kind.
    pub kind: WorkItemKind,
    /// The folder of a grid.
    pub folder_id: Option<FolderId>,
    /// What it lies in.
    pub parent_id: Option<WorkItemId>,
    /// The theme of an element.
    pub theme_id: Option<WorkItemId>,
    /// Its fields.
    pub content: ContentPatch,
    /// Its labels.
    pub labels: Vec<LabelChoice>,
}

/// Creates a work item.
///
/// # Errors
/// When the caller may not, the values are wrong, or the database fails.
pub async fn create_work_item(
    ctx: &RequestContext,
    db: &TenantDb,
    command: CreateWorkItem,
    key: Option<Keyed<'_, WorkItemView>>,
) -> Result<Outcome<WorkItemView>, WorkItemError> {
    let prepare = async || match command.parent_id {
        Some(parent) => locate(db, parent).await,
        None => Ok(None),
    };
    let work = async |unit: &mut Unit<'_>, located: Option<Located>| {
        let mut faults = Faults::none();
        let (folder, parent) = (command.folder_id.is_some(), command.parent_id.is_some());
        let theme = command.theme_id.is_some();
        faults.absorb(check_references(command.kind, folder, parent, theme));
        let content = faults.absorb(Content::create(command.kind, command.content.clone()));
        let id = new_id();
        let parent = parent_of(unit, &command, located, &mut faults).await?;
        let place = match (&parent, command.folder_id) {
            (Some(parent), _) => {
                Some(in_parent(unit, command.kind, parent, command.theme_id, &mut faults).await?)
            }
            (None, Some(folder)) => in_folder(unit, id, folder, &mut faults).await?,
            (None, None) => None,
        };
        if let Some(content) = &content {
            check(unit, None, content, &mut faults).await?;
        }
        let choice = check_labels(unit, &[], command.labels.clone(), &mut faults).await?;
        faults.into_result()?;
        let (Some(content), Some(place)) = (content, place) else {
            return Err(Denied::NotFound.into());
        };
        let item = insert(unit, &command, id, place, &content).await?;
        labels::put_on_item(unit.conn(), id, &choice).await?;
        count(unit, &item, parent.as_ref()).await?;
        let new = json!({ "kind": item.kind, "name": item.content.name });
        let mut changes = vec![FieldChange::whole(Value::Null, new)];
        if let Some(assignee) = item.content.assignee_id {
            changes.push(FieldChange::of("assignee_id", Value::Null, json!(assignee)));
        }
        unit.emit(item_event(EventKind::WorkItemCreated, &item, changes));
        Ok(again(unit, id).await?.into())
    };
    keyed(ctx, db, key, prepare, work).await
}

/// The parent, its grid locked, when the caller may edit it.
async fn parent_of(
    unit: &mut Unit<'_>,
    command: &CreateWorkItem,
    located: Option<Located>,
    faults: &mut Faults,
) -> Result<Option<ItemRow>, WorkItemError> {
    let Some(parent_id) = command
        .parent_id
        .filter(|_| command.kind != WorkItemKind::Grid)
    else {
        return Ok(None);
    };
    if let Some(located) = located {
        unit.lock_grids(&[located.grid_id]).await?;
        if let Some(parent) = seen(unit, parent_id).await? {
            still_there(&parent, located)?;
            allow(parent.level, Level::Edit)?;
            return Ok(Some(parent));
        }
    }
    faults.add("parent_id", "unknown", "there is no such item");
    Ok(None)
}

/// The place of a new grid in a folder that the caller may edit.
async fn in_folder(
    unit: &Unit<'_>,
    id: WorkItemId,
    folder: FolderId,
    faults: &mut Faults,
) -> Result<Option<Place>, WorkItemError> {
    lock_structure(unit.conn()).await?;
    let Some(found) = folders::find(unit.conn(), &unit.viewer, folder).await? else {
        faults.add("folder_id", "unknown", "there is no such folder");
        return Ok(None);
    };
    // Seen by its name only, it can be no more than refused.
    allow(found.level.or(Some(Level::View)), Level::Edit)?;
    Ok(Some(Place::of_grid(id, folder)))
}

async fn insert(
    unit: &Unit<'_>,
    command: &CreateWorkItem,
    id: WorkItemId,
    place: Place,
    content: &Content,
) -> Result<ItemRow, WorkItemError> {
    let last = match place.siblings(command.kind) {
        Some(siblings) => store::last_position(unit.conn(), siblings).await?,
        None => None,
    };
    let new = NewItem {
        id,
        kind: command.kind,
        grid_id: place.grid_id,
        parent_id: place.parent_id,
        folder_id: place.folder_id,
        stage_id: place.stage_id,
        theme_id: place.theme_id,
        position: after_last(last),
        content,
        created_by: unit.ctx.actor.member,
        created_at: unit.now(),
    };
    store::insert(unit.conn(), &new).await?;
    if let Some(folder) = place.folder_id {
        copy_from(unit, folder.as_uuid(), (ObjectKind::Grid, id.as_uuid())).await?;
    }
    again(unit, id).await
}

/// Counts the new item in what it lies in.
async fn count(
    unit: &mut Unit<'_>,
    item: &ItemRow,
    parent: Option<&ItemRow>,
) -> Result<(), WorkItemError> {
    match (item.kind, parent) {
        (WorkItemKind::Task, Some(owner)) => {
            task_changed(unit, owner, item.contribution()).await?;
        }
        (WorkItemKind::Element | WorkItemKind::Gate, _) => {
            store::add_counters(unit.conn(), &item.above(), item.contribution()).await?;
        }
        _ => {}
    }
    Ok(())
}
