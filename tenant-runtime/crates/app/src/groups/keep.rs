//! Creating, renaming and deleting custom groups.

use db::TenantDb;
use kernel::{GroupId, IfMatch, RequestContext, Revision};
use serde_json::{Value, json};
use tr_domain::Faults;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::text::ShortName;
use tr_store::StoreError;
use tr_store::groups::{self as store, GroupRow};
use tr_store::locks::lock_structure;

use super::error::GroupError;
use super::{custom, locked, may_keep};
use crate::error::{Denied, matches};
use crate::events::group_event;
use crate::idempotency::{Keyed, Outcome};
use crate::unit::{Unit, keyed, new_id, write};
use crate::views::GroupView;

/// A new group.
#[derive(Debug, Clone)]
pub struct CreateGroup {
    /// Its name.
    pub name: String,
}

/// A change of a group.
#[derive(Debug, Clone)]
pub struct PatchGroup {
    /// Which.
    pub id: GroupId,
    /// Of which revision.
    pub if_match: IfMatch,
    /// Its new name.
    pub name: Option<String>,
}

/// Creates a custom group.
///
/// # Errors
/// When the caller may not, the values are wrong, or the database fails.
pub async fn create_group(
    ctx: &RequestContext,
    db: &TenantDb,
    command: CreateGroup,
    key: Option<Keyed<'_, GroupView>>,
) -> Result<Outcome<GroupView>, GroupError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        lock_structure(unit.conn()).await?;
        may_keep(unit)?;
        let row = GroupRow {
            id: new_id(),
            system: None,
            name: name(&command.name)?,
            revision: Revision(1),
            created_at: unit.now(),
            has_external: false,
        };
        store::insert(unit.conn(), &row).await.map_err(taken)?;
        let change = FieldChange::whole(Value::Null, json!({ "name": row.name }));
        unit.emit(group_event(EventKind::GroupCreated, row.id, vec![change]));
        Ok(row.into())
    };
    keyed(ctx, db, key, async || Ok(()), work).await
}

/// Renames a custom group.
///
/// # Errors
/// When the caller may not, the revision is another, the values are wrong, or the database fails.
pub async fn patch_group(
    ctx: &RequestContext,
    db: &TenantDb,
    command: PatchGroup,
) -> Result<GroupView, GroupError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            let mut row = locked(unit, command.id).await?;
            matches(command.if_match, row.revision)?;
            custom(&row)?;
            let Some(new) = &command.name else {
                return Ok(row.into());
            };
            let new = name(new)?;
            if new != row.name {
                let change = FieldChange::of("name", json!(row.name), json!(new));
                row.name = new;
                row.revision = row.revision.next();
                store::update(unit.conn(), &row).await.map_err(taken)?;
                unit.emit(group_event(EventKind::GroupChanged, row.id, vec![change]));
            }
            Ok(row.into())
        },
    )
    .await
}

/// Deletes a custom group with all that it was granted.
///
/// # Errors
/// When the caller may not, the revision is another, or the database fails.
pub async fn delete_group(
    ctx: &RequestContext,
    db: &TenantDb,
    id: GroupId,
    if_match: IfMatch,
) -> Result<(), GroupError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            let row = locked(unit, id).await?;
            matches(if_match, row.revision)?;
            custom(&row)?;
            store::delete(unit.conn(), id).await?;
            let change = FieldChange::whole(json!({ "name": row.name }), Value::Null);
            unit.emit(group_event(EventKind::GroupDeleted, id, vec![change]));
            Ok(())
        },
    )
    .await
}

fn name(text: &str) -> Result<String, GroupError> {
    let mut faults = Faults::none();
    let name = faults.check("name", ShortName::new(text));
    faults.into_result()?;
    Ok(name.ok_or(Denied::NotFound)?.to_string())
}

fn taken(error: StoreError) -> GroupError {
    if error.is_duplicate() {
        GroupError::NameTaken
    } else {
        error.into()
    }
}
