//! Access in SQL: the subjects of a viewer as one set, so that whoever may not see a row never
//! gets it out of the database.

use kernel::{MemberId, WorkItemId};
use sea_orm::ConnectionTrait;
use tr_domain::access::{Level, Subject, Viewer};
use uuid::Uuid;

use crate::StoreError;
use crate::sql::{Columns, Sql};

/// The grants (`gr`) that are the viewer's own or their groups'. The groups are asked for once in a
/// statement, not joined once for each row that it is about.
fn own_grants(viewer: &Viewer) -> Sql {
    let groups: Vec<_> = viewer
        .groups
        .iter()
        .map(|g| format!("'{}'", g.as_str()))
        .collect();
    Sql::new("FROM grants gr WHERE (gr.member_id = ? ")
        .bind(viewer.member.as_uuid())
        .text(&format!(
            "OR gr.group_id IN (SELECT id FROM member_groups WHERE system IN ({})) ",
            groups.join(", ")
        ))
        .text("OR gr.group_id IN (SELECT group_id FROM group_members WHERE member_id = ?))")
        .bind(viewer.member.as_uuid())
}

/// An expression: the number of the viewer's level on the object, or null.
pub(crate) fn level_on(viewer: &Viewer, object: &str) -> Sql {
    if viewer.everything {
        return Sql::new(Level::Manage.number().to_string());
    }
    Sql::new(format!(
        "(SELECT CAST(MAX(LEAST(gr.level, {})) AS UNSIGNED) ",
        viewer.cap().number()
    ))
    .append(own_grants(viewer))
    .text(&format!(" AND gr.object_id = {object})"))
}

/// A condition: the viewer has a level on the object.
pub(crate) fn visible(viewer: &Viewer, object: &str) -> Sql {
    if viewer.everything {
        return Sql::new("TRUE");
    }
    Sql::new("EXISTS (SELECT 1 ")
        .append(own_grants(viewer))
        .text(&format!(" AND gr.object_id = {object})"))
}

/// A subquery: the ids of all objects on which the viewer has a level.
pub(crate) fn granted_objects(viewer: &Viewer) -> Sql {
    Sql::new("SELECT gr.object_id ").append(own_grants(viewer))
}

/// Reads the next column as a level.
pub(crate) fn level(columns: &mut Columns<'_>) -> Result<Option<Level>, StoreError> {
    Ok(columns.get::<Option<u8>>()?.and_then(Level::from_number))
}

/// The viewer's level on a grid.
///
/// # Errors
/// When the database fails.
pub async fn level_on_grid(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    grid: WorkItemId,
) -> Result<Option<Level>, StoreError> {
    level_on_object(conn, viewer, grid.as_uuid()).await
}

/// The viewer's level on a folder or grid.
///
/// # Errors
/// When the database fails.
pub async fn level_on_object(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    object: Uuid,
) -> Result<Option<Level>, StoreError> {
    if viewer.everything {
        return Ok(Some(Level::Manage));
    }
    let sql = Sql::new("SELECT ")
        .append(level_on(viewer, "?"))
        .bind(object);
    Ok(sql.one(conn, level).await?.flatten())
}

/// The columns of a grant's subject.
pub(crate) fn subject_ids(subject: Subject) -> (Option<Uuid>, Option<Uuid>) {
    match subject {
        Subject::Member(member) => (Some(MemberId::as_uuid(member)), None),
        Subject::Group(group) => (None, Some(group.as_uuid())),
    }
}
