//! Rights on folders and grids.

use chrono::{DateTime, Utc};
use kernel::{GrantId, GroupId, Limit, MemberId, Revision};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use tr_domain::ObjectKind;
use tr_domain::access::{Level, Subject};
use uuid::Uuid;

use crate::StoreError;
use crate::access::{level, subject_ids};
use crate::entities::grant;
use crate::sql::{Columns, Sql};

/// A grant with the name of its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct GrantRow {
    pub id: GrantId,
    pub object_id: Uuid,
    pub object: ObjectKind,
    pub subject: Subject,
    pub subject_name: String,
    pub level: Level,
    pub revision: Revision,
    pub created_at: DateTime<Utc>,
}

const SELECT: &str = "SELECT gr.id, gr.object_id, gr.object, gr.member_id, gr.group_id, \
    COALESCE(m.name, g.name), gr.level, gr.revision, gr.created_at FROM grants gr \
    LEFT JOIN members m ON m.id = gr.member_id LEFT JOIN member_groups g ON g.id = gr.group_id \
    WHERE ";

fn read(c: &mut Columns<'_>) -> Result<GrantRow, StoreError> {
    let unreadable = |what: &str| StoreError::Unreadable(format!("a grant without {what}"));
    Ok(GrantRow {
        id: c.id()?,
        object_id: c.get()?,
        object: c.word()?,
        subject: match (c.id_opt::<MemberId>()?, c.id_opt::<GroupId>()?) {
            (Some(member), _) => Subject::Member(member),
            (None, Some(group)) => Subject::Group(group),
            (None, None) => return Err(unreadable("holder")),
        },
        subject_name: c.get()?,
        level: level(c)?.ok_or_else(|| unreadable("level"))?,
        revision: Revision(c.get()?),
        created_at: c.time()?,
    })
}

/// A grant.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &impl ConnectionTrait,
    id: GrantId,
) -> Result<Option<GrantRow>, StoreError> {
    Sql::new(SELECT)
        .text("gr.id = ?")
        .bind(id.as_uuid())
        .one(conn, read)
        .await
}

/// The grant of a subject on an object.
///
/// # Errors
/// When the database fails.
pub async fn find_of(
    conn: &impl ConnectionTrait,
    object: Uuid,
    subject: Subject,
) -> Result<Option<GrantRow>, StoreError> {
    let (column, id) = match subject {
        Subject::Member(member) => ("gr.member_id", member.as_uuid()),
        Subject::Group(group) => ("gr.group_id", group.as_uuid()),
    };
    let sql = Sql::new(SELECT).text(&format!("gr.object_id = ? AND {column} = ?"));
    sql.bind(object).bind(id).one(conn, read).await
}

/// The grants on an object, in the order in which they were given.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &impl ConnectionTrait,
    object: Uuid,
    after: Option<Uuid>,
    limit: Limit,
) -> Result<Vec<GrantRow>, StoreError> {
    let sql = Sql::new(SELECT).text("gr.object_id = ?").bind(object);
    let sql = match after {
        None => sql,
        Some(id) => sql.text(" AND gr.id > ?").bind(id),
    };
    sql.text(" ORDER BY gr.id")
        .page(limit)
        .all(conn, read)
        .await
}

/// All grants on an object: who holds what.
///
/// # Errors
/// When the database fails.
pub async fn all_of(
    conn: &impl ConnectionTrait,
    object: Uuid,
) -> Result<Vec<(Subject, Level)>, StoreError> {
    let sql = Sql::new(SELECT)
        .text("gr.object_id = ? ORDER BY gr.id")
        .bind(object);
    Ok(sql
        .all(conn, read)
        .await?
        .into_iter()
        .map(|row| (row.subject, row.level))
        .collect())
}

/// Writes new grants on an object.
///
/// # Errors
/// When the database fails.
pub async fn insert_all(
    conn: &impl ConnectionTrait,
    object: (ObjectKind, Uuid),
    grants: &[(GrantId, Subject, Level)],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    if grants.is_empty() {
        return Ok(());
    }
    let (kind, object_id) = object;
    let rows = grants.iter().map(|(id, subject, level)| {
        let (member_id, group_id) = subject_ids(*subject);
        grant::Model {
            id: id.as_uuid(),
            object_id,
            object: kind.to_string(),
            member_id,
            group_id,
            level: level.number(),
            revision: 1,
            created_at: at,
        }
        .into_active_model()
    });
    grant::Entity::insert_many(rows)
        .exec_without_returning(conn)
        .await?;
    Ok(())
}

/// Sets the level of a grant.
///
/// # Errors
/// When the database fails.
pub async fn set_level(
    conn: &impl ConnectionTrait,
    id: GrantId,
    level: Level,
    revision: Revision,
) -> Result<(), StoreError> {
    Sql::new("UPDATE grants SET level = ?, revision = ? WHERE id = ?")
        .bind(level.number())
        .bind(revision.0)
        .bind(id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}

/// Deletes a grant.
///
/// # Errors
/// When the database fails.
pub async fn delete(conn: &impl ConnectionTrait, id: GrantId) -> Result<(), StoreError> {
    Sql::new("DELETE FROM grants WHERE id = ?")
        .bind(id.as_uuid())
        .run(conn)
        .await
        .map(drop)
}

/// Deletes all grants on an object.
///
/// # Errors
/// When the database fails.
pub async fn clear(conn: &impl ConnectionTrait, object: Uuid) -> Result<(), StoreError> {
    Sql::new("DELETE FROM grants WHERE object_id = ?")
        .bind(object)
        .run(conn)
        .await
        .map(drop)
}
