//! Renaming a folder.

use db::TenantDb;
use kernel::{FolderId, IfMatch, RequestContext};
use serde_json::json;
use tr_domain::Faults;
use tr_domain::access::Level;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::text::FolderName;
use tr_store::folders as store;

use super::error::FolderError;
use super::load::{again, locked};
use crate::error::matches;
use crate::events::folder_event;
use crate::unit::write;
use crate::views::FolderView;

/// A change of a folder.
#[derive(Debug, Clone)]
pub struct PatchFolder {
    /// Which.
    pub id: FolderId,
    /// Of which revision.
    pub if_match: IfMatch,
    /// Its new name.
    pub name: Option<String>,
}

/// Changes a folder.
///
/// # Errors
/// When the caller may not, the revision is another, the values are wrong, or the database fails.
pub async fn patch_folder(
    ctx: &RequestContext,
    db: &TenantDb,
    command: PatchFolder,
) -> Result<FolderView, FolderError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            let mut row = locked(unit, command.id, Level::Edit).await?;
            matches(command.if_match, row.revision)?;
            let Some(name) = &command.name else {
                return Ok(row.into());
            };
            let mut faults = Faults::none();
            let name = faults.check("name", FolderName::new(name));
            faults.into_result()?;
            let Some(name) = name.filter(|name| name.as_str() != row.name) else {
                return Ok(row.into());
            };
            if row.owner_id.is_some() {
                return Err(FolderError::Fixed);
            }
            let change = FieldChange::of("name", json!(row.name), json!(name));
            row.name = name.to_string();
            row.revision = row.revision.next();
            row.updated_at = unit.now();
            store::update(unit.conn(), &row).await?;
            unit.emit(folder_event(EventKind::FolderChanged, &row, vec![change]));
            Ok(again(unit, row.id).await?.into())
        },
    )
    .await
}
