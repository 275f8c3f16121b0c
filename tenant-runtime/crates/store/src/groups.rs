//! Groups: system ones, whose members follow from role, and custom ones.

use chrono::{DateTime, Utc};
use kernel::{GroupId, Limit, MemberId, Revision};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use tr_domain::access::{Level, SystemGroup};
use uuid::Uuid;

use crate::StoreError;
use crate::entities::{group_member, member_group};
use crate::sql::{Columns, Sql};

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct GroupRow {
    pub id: GroupId,
    pub system: Option<SystemGroup>,
    pub name: String,
    pub revision: Revision,
    pub created_at: DateTime<Utc>,
    /// Whether an external member is in it, or may be.
    pub has_external: bool,
}

const SELECT: &str = "SELECT g.id, g.system, g.name, g.revision, g.created_at, \
    (COALESCE(g.system, '') = 'external' OR EXISTS (SELECT 1 FROM group_members gm \
    JOIN members m ON m.id = gm.member_id WHERE gm.group_id = g.id AND m.external)) \
    FROM member_groups g WHERE ";

fn read(c: &mut Columns<'_>) -> Result<GroupRow, StoreError> {
    Ok(GroupRow {
        id: c.id()?,
        system: system(c.get()?)?,
        name: c.get()?,
        revision: Revision(c.get()?),
        created_at: c.time()?,
        has_external: c.get()?,
    })
}

fn system(word: Option<&str>) -> Result<Option<SystemGroup>, StoreError> {
    use SystemGroup::{Architects, Builders, External, Internal, Users};
    let Some(word) = word else { return Ok(None) };
    [Architects, Builders, Users, Internal, External]
        .into_iter()
        .find(|group| group.as_str() == word)
        .map(Some)
        .ok_or_else(|| StoreError::Unreadable(format!("unknown system group {word}")))
}

/// A group.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &impl ConnectionTrait,
    id: GroupId,
) -> Result<Option<GroupRow>, StoreError> {
    Sql::new(SELECT)
        .text("g.id = ?")
        .bind(id.as_uuid())
        .one(conn, read)
        .await
}

/// The groups by name, after a place.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &impl ConnectionTrait,
    after: Option<(String, Uuid)>,
    limit: Limit,
) -> Result<Vec<GroupRow>, StoreError> {
    let sql = match after {
        None => Sql::new(SELECT).text("TRUE"),
        Some((name, id)) => Sql::new(SELECT)
            .text("(g.name, g.id) > (?, ?)")
            .bind(name)
            .bind(id),
    };
    sql.text(" ORDER BY g.name, g.id")
        .page(limit)
        .all(conn, read)
        .await
}

/// Writes a new group.
///
/// # Errors
/// When the name is taken, or the database fails.
pub async fn insert(conn: &impl ConnectionTrait, row: &GroupRow) -> Result<(), StoreError> {
    let model = member_group::Model {
        id: row.id.as_uuid(),
        system: None,
        name: row.name.clone(),
        revision: row.revision.0,
        created_at: row.created_at,
    };
    member_group::Entity::insert(model.into_active_model())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Writes a group's name and revision.
///
/// # Errors
/// When the name is taken, or the database fails.
pub async fn update(conn: &impl ConnectionTrait, row: &GroupRow) -> Result<(), StoreError> {
    Sql::new("UPDATE member_groups SET name = ?, revision = ? WHERE id = ?")
        .bind(row.name.clone())
        .bind(row.revision.0)
        .bind(row.id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}

/// Deletes a group with its grants.
///
/// # Errors
/// When the database fails.
pub async fn delete(conn: &impl ConnectionTrait, id: GroupId) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM grants WHERE group_id = ?",
        "DELETE FROM member_groups WHERE id = ?",
    ] {
        Sql::new(sql).bind(id.as_uuid()).run(conn).await?;
    }
    Ok(())
}

/// Whether the group holds this level anywhere.
///
/// # Errors
/// When the database fails.
pub async fn holds(
    conn: &impl ConnectionTrait,
    id: GroupId,
    level: Level,
) -> Result<bool, StoreError> {
    let found = Sql::new("SELECT 1 FROM grants WHERE group_id = ? AND level = ? LIMIT 1")
        .bind(id.as_uuid())
        .bind(level.number())
        .one(conn, |_| Ok(()))
        .await?;
    Ok(found.is_some())
}

/// Whether a member is in a custom group.
///
/// # Errors
/// When the database fails.
pub async fn contains(
    conn: &impl ConnectionTrait,
    group: GroupId,
    member: MemberId,
) -> Result<bool, StoreError> {
    let found = Sql::new("SELECT 1 FROM group_members WHERE group_id = ? AND member_id = ?")
        .bind(group.as_uuid())
        .bind(member.as_uuid())
        .one(conn, |_| Ok(()))
        .await?;
    Ok(found.is_some())
}

/// Puts a member into a custom group.
///
/// # Errors
/// When the database fails.
pub async fn add_member(
    conn: &impl ConnectionTrait,
    group: GroupId,
    member: MemberId,
) -> Result<(), StoreError> {
    let row = group_member::Model {
        group_id: group.as_uuid(),
        member_id: member.as_uuid(),
    };
    group_member::Entity::insert(row.into_active_model())
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Takes a member out of a custom group.
///
/// # Errors
/// When the database fails.
pub async fn remove_member(
    conn: &impl ConnectionTrait,
    group: GroupId,
    member: MemberId,
) -> Result<(), StoreError> {
    Sql::new("DELETE FROM group_members WHERE group_id = ? AND member_id = ?")
        .bind(group.as_uuid())
        .bind(member.as_uuid())
        .run(conn)
        .await
        .map(drop)
}
