//! "My grids": every member has one, made when they first look at the folders.

use db::TenantDb;
use kernel::{RequestContext, Revision};
use serde_json::{Value, json};
use tr_domain::ObjectKind;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::position::GAP;
use tr_store::folders::{self as store, FolderRow};
use tr_store::locks::lock_structure;

use super::error::FolderError;
use crate::events::folder_event;
use crate::unit::{Unit, new_id, write};
use crate::work_items::{as_seen_by_owner, give};

/// Its name.
pub const MY_GRIDS: &str = "My grids";

/// Makes the caller's "My grids" when there is none.
pub(super) async fn ensure(ctx: &RequestContext, db: &TenantDb) -> Result<(), FolderError> {
    let owner = ctx.actor.member;
    if store::of_owner(db.conn(), owner).await?.is_some() {
        return Ok(());
    }
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit: &mut Unit<'_>, ()| {
            lock_structure(unit.conn()).await?;
            if store::of_owner(unit.conn(), owner).await?.is_some() {
                return Ok(());
            }
            let row = FolderRow {
                id: new_id(),
                parent_id: None,
                owner_id: Some(owner),
                name: MY_GRIDS.to_owned(),
                // After the root, which is at 0.
                position: GAP,
                revision: Revision(1),
                created_at: unit.now(),
                updated_at: unit.now(),
                deleted_at: None,
                deletion: None,
                level: None,
            };
            store::insert(unit.conn(), &row).await?;
            let grant = as_seen_by_owner(unit, owner).await?;
            give(unit, (ObjectKind::Folder, row.id.as_uuid()), &[grant]).await?;
            let change = FieldChange::whole(Value::Null, json!({ "name": row.name }));
            unit.emit(folder_event(EventKind::FolderCreated, &row, vec![change]));
            Ok(())
        },
    )
    .await
}
