//! Labels of the tenant: everybody reads them, architects and builders keep them.

use db::TenantDb;
use kernel::{IfMatch, LabelId, Page, RequestContext, Revision, Role};
use serde_json::{Value, json};
use tr_domain::Faults;
use tr_domain::access::Viewer;
use tr_domain::event::{EventKind, FieldChange};
use tr_domain::text::{Colour, ShortName};
use tr_store::labels::{self as store, LabelRow};
use tr_store::{StoreError, epochs};

use crate::error::{Denied, matches, use_case_error};
use crate::events::label_event;
use crate::idempotency::{IdempotencyError, Keyed, Outcome};
use crate::page::{PageRequest, cursor, page, place};
use crate::unit::{Unit, keyed, new_id, write};
use crate::views::LabelView;

/// Why something is not done with a label.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// Not there, not allowed, or another revision.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The values are wrong.
    #[error(transparent)]
    Invalid(#[from] Faults),
    /// Another label has the name.
    #[error("there is a label of this name")]
    NameTaken,
    /// The key of the request.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

use_case_error!(LabelError);

/// A new label.
#[derive(Debug, Clone)]
pub struct CreateLabel {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub colour: String,
}

/// A change of a label.
#[derive(Debug, Clone)]
pub struct PatchLabel {
    /// Which.
    pub id: LabelId,
    /// Of which revision.
    pub if_match: IfMatch,
    /// Its new name.
    pub name: Option<String>,
    /// Its new colour.
    pub colour: Option<String>,
}

/// The labels, by name.
///
/// # Errors
/// When the cursor is wrong, or the database fails.
pub async fn list_labels(
    ctx: &RequestContext,
    db: &TenantDb,
    request: PageRequest,
) -> Result<Page<LabelView>, LabelError> {
    let viewer = Viewer::of(&ctx.actor);
    let after = place(request.cursor.as_ref())?;
    let rows = store::list(db.conn(), &viewer, after, request.limit).await?;
    Ok(page(rows, request.limit, |row| {
        cursor(&(&row.name, row.id))
    }))
}

/// A label.
///
/// # Errors
/// When there is none, or the database fails.
pub async fn get_label(
    ctx: &RequestContext,
    db: &TenantDb,
    id: LabelId,
) -> Result<LabelView, LabelError> {
    let viewer = Viewer::of(&ctx.actor);
    Ok(store::find(db.conn(), &viewer, id)
        .await?
        .ok_or(Denied::NotFound)?
        .into())
}

/// Creates a label.
///
/// # Errors
/// When the caller may not, the values are wrong, or the database fails.
pub async fn create_label(
    ctx: &RequestContext,
    db: &TenantDb,
    command: CreateLabel,
    key: Option<Keyed<'_, LabelView>>,
) -> Result<Outcome<LabelView>, LabelError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        may_keep(unit)?;
        let mut faults = Faults::none();
        let name = faults.check("name", ShortName::new(&command.name));
        let colour = faults.check("colour", Colour::new(&command.colour));
        faults.into_result()?;
        let (Some(name), Some(colour)) = (name, colour) else {
            return Err(Denied::NotFound.into());
        };
        let row = LabelRow {
            id: new_id(),
            name: name.to_string(),
            colour: colour.as_str().to_owned(),
            revision: Revision(1),
            created_at: unit.now(),
        };
        store::insert(unit.conn(), &row).await.map_err(taken)?;
        let change = FieldChange::whole(Value::Null, described(&row));
        unit.emit(label_event(EventKind::LabelCreated, row.id, vec![change]));
        Ok(row.into())
    };
    keyed(ctx, db, key, async || Ok(()), work).await
}

/// Changes a label.
///
/// # Errors
/// When the caller may not, the revision is another, the values are wrong, or the database fails.
pub async fn patch_label(
    ctx: &RequestContext,
    db: &TenantDb,
    command: PatchLabel,
) -> Result<LabelView, LabelError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            let old = locked(unit, command.id, command.if_match).await?;
            let mut faults = Faults::none();
            let mut new = old.clone();
            if let Some(name) = &command.name {
                let name = faults.check("name", ShortName::new(name));
                new.name = name.map_or(new.name, |name| name.to_string());
            }
            if let Some(colour) = &command.colour {
                let colour = faults.check("colour", Colour::new(colour));
                new.colour = colour.map_or(new.colour, |colour| colour.as_str().to_owned());
            }
            faults.into_result()?;
            let changes: Vec<_> = [
                ("name", &old.name, &new.name),
                ("colour", &old.colour, &new.colour),
            ]
            .into_iter()
            .filter(|(_, old, new)| old != new)
            .map(|(field, old, new)| FieldChange::of(field, json!(old), json!(new)))
            .collect();
            if !changes.is_empty() {
                new.revision = old.revision.next();
                store::update(unit.conn(), &new).await.map_err(taken)?;
                epochs::bump_where_labelled(unit.conn(), new.id).await?;
                unit.emit(label_event(EventKind::LabelChanged, new.id, changes));
            }
            Ok(new.into())
        },
    )
    .await
}

/// Deletes a label, off all items too.
///
/// # Errors
/// When the caller may not, the revision is another, or the database fails.
pub async fn delete_label(
    ctx: &RequestContext,
    db: &TenantDb,
    id: LabelId,
    if_match: IfMatch,
) -> Result<(), LabelError> {
    write(
        ctx,
        db,
        async || Ok(()),
        async |unit, ()| {
            let row = locked(unit, id, if_match).await?;
            epochs::bump_where_labelled(unit.conn(), id).await?;
            store::delete(unit.conn(), id).await?;
            let change = FieldChange::whole(described(&row), Value::Null);
            unit.emit(label_event(EventKind::LabelDeleted, id, vec![change]));
            Ok(())
        },
    )
    .await
}

/// The label, locked, when the caller may change it.
async fn locked(unit: &Unit<'_>, id: LabelId, if_match: IfMatch) -> Result<LabelRow, LabelError> {
    store::lock(unit.conn(), id).await?;
    let row = store::find(unit.conn(), &unit.viewer, id)
        .await?
        .ok_or(Denied::NotFound)?;
    may_keep(unit)?;
    matches(if_match, row.revision)?;
    Ok(row)
}

fn may_keep(unit: &Unit<'_>) -> Result<(), Denied> {
    let actor = &unit.ctx.actor;
    if actor.role >= Role::Builder && !actor.external {
        Ok(())
    } else {
        Err(Denied::Forbidden)
    }
}

fn taken(error: StoreError) -> LabelError {
    if error.is_duplicate() {
        LabelError::NameTaken
    } else {
        error.into()
    }
}

fn described(row: &LabelRow) -> Value {
    json!({ "name": row.name, "colour": row.colour })
}
