//! Members: what the control plane last told of them.

use chrono::{DateTime, Utc};
use kernel::{Limit, MemberId, Role};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use tr_domain::access::Viewer;
use uuid::Uuid;

use crate::StoreError;
use crate::access::granted_objects;
use crate::sql::{Columns, Sql};

/// Where a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// Has not accepted yet.
    Invited,
    /// Can sign in.
    Active,
    /// Has left.
    Archived,
}

impl MemberState {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}

impl std::str::FromStr for MemberState {
    type Err = tr_domain::UnknownWord;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "invited" => Ok(Self::Invited),
            "active" => Ok(Self::Active),
            "archived" => Ok(Self::Archived),
            _ => Err(tr_domain::UnknownWord {
                expected: &["invited", "active", "archived"],
            }),
        }
    }
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns are described in the migration")]
pub struct MemberRow {
    pub id: MemberId,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub external: bool,
    pub state: MemberState,
    pub created_at: DateTime<Utc>,
}

const SELECT: &str =
    "SELECT m.id, m.name, m.email, m.role, m.external, m.state, m.created_at FROM members m WHERE ";

fn read(c: &mut Columns<'_>) -> Result<MemberRow, StoreError> {
    Ok(MemberRow {
        id: c.id()?,
        name: c.get()?,
        email: c.get()?,
        role: c.word()?,
        external: c.get()?,
        state: c.word()?,
        created_at: c.time()?,
    })
}

/// The system groups `s` of member `m`, in SQL as in the domain.
pub(crate) const SYSTEM_GROUPS_OF_M: &str = "IF(m.external, s.system = 'external', \
    s.system IN ('internal', CONCAT(m.role, 's')))";

/// A condition on `m`: members know everyone; guests know those who hold a right on something that they
/// see, and themselves.
pub(crate) fn known_to(viewer: &Viewer) -> Sql {
    if !viewer.external {
        return Sql::new("TRUE");
    }
    Sql::new(
        "(m.id = ? OR EXISTS (SELECT 1 FROM grants sg \
         LEFT JOIN member_groups s ON s.id = sg.group_id \
         LEFT JOIN group_members sm ON sm.group_id = sg.group_id AND sm.member_id = m.id \
         WHERE (sg.member_id = m.id OR sm.member_id IS NOT NULL OR ",
    )
    .bind(viewer.member.as_uuid())
    .text(SYSTEM_GROUPS_OF_M)
    .text(") AND sg.object_id IN (")
    .append(granted_objects(viewer))
    .text(")))")
}

/// A member whom the viewer knows.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    id: MemberId,
) -> Result<Option<MemberRow>, StoreError> {
    let sql = Sql::new(SELECT)
        .append(known_to(viewer))
        .text(" AND m.id = ?")
        .bind(id.as_uuid());
    sql.one(conn, read).await
}

/// The members whom the viewer knows, by name, after a place.
///
/// # Errors
/// When the database fails.
pub async fn list(
    conn: &impl ConnectionTrait,
    viewer: &Viewer,
    state: Option<MemberState>,
    q: Option<&str>,
    after: Option<(String, Uuid)>,
    limit: Limit,
) -> Result<Vec<MemberRow>, StoreError> {
    let mut sql = Sql::new(SELECT).append(known_to(viewer));
    if let Some(state) = state {
        sql = sql.text(&format!(" AND m.state = '{}'", state.as_str()));
    }
    if let Some(q) = q {
        sql = sql
            .text(" AND (LOCATE(?, m.name) > 0 OR LOCATE(?, m.email) > 0)")
            .bind(q.to_owned())
            .bind(q.to_lowercase());
    }
    by_name(sql, after).page(limit).all(conn, read).await
}

/// The members of a custom group, by name, after a place.
///
/// # Errors
/// When the database fails.
pub async fn of_group(
    conn: &impl ConnectionTrait,
    group: Uuid,
    after: Option<(String, Uuid)>,
    limit: Limit,
) -> Result<Vec<MemberRow>, StoreError> {
    let sql = Sql::new(SELECT)
        .text(
            "EXISTS (SELECT 1 FROM member_groups s \
             LEFT JOIN group_members gm ON gm.group_id = s.id AND gm.member_id = m.id \
             WHERE s.id = ? AND (gm.member_id IS NOT NULL OR ",
        )
        .bind(group)
        .text(SYSTEM_GROUPS_OF_M)
        .text("))");
    by_name(sql, after).page(limit).all(conn, read).await
}

fn by_name(sql: Sql, after: Option<(String, Uuid)>) -> Sql {
    let sql = match after {
        None => sql,
        Some((name, id)) => sql.text(" AND (m.name, m.id) > (?, ?)").bind(name).bind(id),
    };
    sql.text(" ORDER BY m.name, m.id")
}
