//! Creating a folder: at the end of its siblings, with its parent's grants.

use db::TenantDb;
use kernel::{FolderId, RequestContext, Revision};
use serde_json::{Value, json};
use tr_domain::access::Level;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::position::after_last;
use tr_domain::text::FolderName;
use tr_domain::{Faults, ObjectKind};
use tr_store::folders::{self as store, FolderRow};
use tr_store::locks::lock_structure;

use super::error::FolderError;
use super::load::again;
use crate::error::{Denied, allow};
use crate::events::folder_event;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed, new_id};
use crate::views::FolderView;
use crate::work_items::copy_from;

/// A new folder.
#[derive(Debug, Clone)]
pub struct CreateFolder {
    /// The folder it lies in.
    pub parent_id: FolderId,
    /// Its name.
    pub name: String,
}

/// Creates a folder.
///
/// # Errors
/// When the caller may not, the values are wrong, or the database fails.
pub async fn create_folder(
    ctx: &RequestContext,
    db: &TenantDb,
    command: CreateFolder,
    key: Option<Keyed<'_, FolderView>>,
) -> Result<Outcome<FolderView>, FolderError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        lock_structure(unit.conn()).await?;
        let mut faults = Faults::none();
        match store::find(unit.conn(), &unit.viewer, command.parent_id).await? {
            None => faults.add("parent_id", "unknown", "there is no such folder"),
            Some(parent) => {
                allow(parent.level.or(Some(Level::View)), Level::Edit)?;
            }
        }
        let name = faults.check("name", FolderName::new(&command.name));
        faults.into_result()?;
        let Some(name) = name else {
            return Err(Denied::NotFound.into());
        };
        let siblings = store::siblings(unit.conn(), command.parent_id).await?;
        let row = FolderRow {
            id: new_id(),
            parent_id: Some(command.parent_id),
            owner_id: None,
            name: name.to_string(),
            position: after_last(siblings.last().map(|(_, position)| *position)),
            revision: Revision(1),
            created_at: unit.now(),
            updated_at: unit.now(),
            deleted_at: None,
            deletion: None,
            level: None,
        };
        store::insert(unit.conn(), &row).await?;
        let object = (ObjectKind::Folder, row.id.as_uuid());
        copy_from(unit, command.parent_id.as_uuid(), object).await?;
        let change = FieldChange::whole(Value::Null, json!({ "name": row.name }));
        unit.emit(folder_event(EventKind::FolderCreated, &row, vec![change]));
        Ok(again(unit, row.id).await?.into())
    };
    keyed(ctx, db, key, async || Ok(()), work).await
}
