//! Who is in which group of a directory, and what they are by it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use cp_domain::{Membership, Standing};
use kernel::{MemberId, ScimGroupId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult, Value};
use uuid::Uuid;

use super::{CHUNK, ids, marks, open_statement};
use crate::{
    SessionStore, StoreError,
    memberships::{read_role, read_state},
    sql,
};

/// A group of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupOfMember {
    /// The member.
    pub member: MemberId,
    /// The group.
    pub group: ScimGroupId,
    /// The group's name.
    pub display_name: String,
}

/// What a member is by one of their groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MappedRole {
    /// The member.
    pub member: MemberId,
    /// What the group makes of them.
    pub standing: Standing,
}

#[derive(FromQueryResult)]
struct Pair {
    group_id: Uuid,
    member_id: Uuid,
}

#[derive(FromQueryResult)]
struct MembershipRow {
    member_id: Uuid,
    tenant_id: Uuid,
    person_id: Uuid,
    role: String,
    external: bool,
    state: String,
    version: u32,
    projected: u32,
}

impl TryFrom<MembershipRow> for Membership {
    type Error = StoreError;

    fn try_from(row: MembershipRow) -> Result<Self, StoreError> {
        Ok(Self {
            member: row.member_id.into(),
            tenant: row.tenant_id.into(),
            person: row.person_id.into(),
            standing: Standing {
                role: read_role(&row.role)?,
                external: row.external,
            },
            state: read_state(&row.state)?,
            version: row.version,
            projected: row.projected,
        })
    }
}

/// The table `scim_group_members`.
#[derive(Debug, Clone, Copy)]
pub struct ScimGroupMemberStore;

impl ScimGroupMemberStore {
    /// Who is in these groups: one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        groups: &[ScimGroupId],
    ) -> Result<Vec<(ScimGroupId, MemberId)>, StoreError> {
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!(
            "SELECT group_id, member_id FROM scim_group_members WHERE group_id IN ({}) \
             ORDER BY group_id, member_id",
            marks(groups.len())
        );
        let rows = Pair::find_by_statement(open_statement(&text, ids(groups).collect()));
        let rows = rows.all(conn).await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.group_id.into(), row.member_id.into()))
            .collect())
    }

    /// The groups of these members: one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_groups(
        conn: &impl ConnectionTrait,
        members: &[MemberId],
    ) -> Result<Vec<GroupOfMember>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            member_id: Uuid,
            group_id: Uuid,
            display_name: String,
        }
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!(
            "SELECT gm.member_id, gm.group_id, g.display_name FROM scim_group_members gm \
             JOIN scim_groups g ON g.id = gm.group_id WHERE gm.member_id IN ({}) ORDER BY gm.group_id",
            marks(members.len())
        );
        let rows = Row::find_by_statement(open_statement(&text, ids(members).collect()));
        let rows = rows.all(conn).await?;
        Ok(rows
            .into_iter()
            .map(|row| GroupOfMember {
                member: row.member_id.into(),
                group: row.group_id.into(),
                display_name: row.display_name,
            })
            .collect())
    }

    /// Puts members into a group.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        group: ScimGroupId,
        members: &[MemberId],
    ) -> Result<(), StoreError> {
        for chunk in members.chunks(CHUNK) {
            let text = format!(
                "INSERT IGNORE INTO scim_group_members (group_id, member_id) VALUES {}",
                vec!["(?, ?)"; chunk.len()].join(", ")
            );
            let values = ids(chunk).flat_map(|member| [Value::from(group.as_uuid()), member]);
            conn.execute_raw(open_statement(&text, values.collect()))
                .await?;
        }
        Ok(())
    }

    /// Takes members out of a group.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(
        conn: &impl ConnectionTrait,
        group: ScimGroupId,
        members: &[MemberId],
    ) -> Result<(), StoreError> {
        for chunk in members.chunks(CHUNK) {
            let text = format!(
                "DELETE FROM scim_group_members WHERE group_id = ? AND member_id IN ({})",
                marks(chunk.len())
            );
            let values = std::iter::once(group.as_uuid().into()).chain(ids(chunk));
            conn.execute_raw(open_statement(&text, values.collect()))
                .await?;
        }
        Ok(())
    }

    /// Takes a member out of all groups.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_member(
        conn: &impl ConnectionTrait,
        member: MemberId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE scim_groups SET revision = revision + 1, updated_at = ? WHERE id IN \
             (SELECT gm.group_id FROM scim_group_members gm WHERE gm.member_id = ?)",
            [now.into(), member.as_uuid().into()],
        )
        .await?;
        let text = "DELETE FROM scim_group_members WHERE member_id = ?";
        sql::execute(conn, text, [member.as_uuid().into()]).await?;
        Ok(())
    }

    /// What the mapped groups of these members make of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_mapped(
        conn: &impl ConnectionTrait,
        members: &[MemberId],
    ) -> Result<Vec<MappedRole>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            member_id: Uuid,
            role: String,
            external: Option<bool>,
        }
        let mut found = Vec::new();
        for chunk in members.chunks(CHUNK) {
            let text = format!(
                "SELECT gm.member_id, g.role, g.external FROM scim_group_members gm \
                 JOIN scim_groups g ON g.id = gm.group_id \
                 WHERE g.role IS NOT NULL AND gm.member_id IN ({})",
                marks(chunk.len())
            );
            let rows = Row::find_by_statement(open_statement(&text, ids(chunk).collect()));
            for row in rows.all(conn).await? {
                found.push(MappedRole {
                    member: row.member_id.into(),
                    standing: Standing {
                        role: read_role(&row.role)?,
                        external: row.external.unwrap_or_default(),
                    },
                });
            }
        }
        Ok(found)
    }

    /// Those of these members that the tenant has and its directory may know of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_known(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        members: &[MemberId],
    ) -> Result<BTreeSet<MemberId>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            member_id: Uuid,
        }
        let mut found = BTreeSet::new();
        for chunk in members.chunks(CHUNK) {
            let text = format!(
                "SELECT m.member_id FROM memberships m LEFT JOIN scim_users s ON \
                 s.member_id = m.member_id WHERE m.tenant_id = ? AND m.member_id IN ({}) \
                 AND (m.state <> 'archived' OR s.member_id IS NOT NULL)",
                marks(chunk.len())
            );
            let values = std::iter::once(tenant.as_uuid().into()).chain(ids(chunk));
            let rows = Row::find_by_statement(open_statement(&text, values.collect()));
            let rows = rows.all(conn).await?;
            found.extend(rows.into_iter().map(|row| MemberId::from(row.member_id)));
        }
        Ok(found)
    }

    /// These memberships of a tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_memberships(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        members: &[MemberId],
    ) -> Result<Vec<Membership>, StoreError> {
        let mut found = Vec::with_capacity(members.len());
        for chunk in members.chunks(CHUNK) {
            let text = format!(
                "SELECT member_id, tenant_id, person_id, role, external, state, version, projected \
                 FROM memberships WHERE tenant_id = ? AND member_id IN ({})",
                marks(chunk.len())
            );
            let values = std::iter::once(tenant.as_uuid().into()).chain(ids(chunk));
            let rows = MembershipRow::find_by_statement(open_statement(&text, values.collect()));
            for row in rows.all(conn).await? {
                found.push(row.try_into()?);
            }
        }
        Ok(found)
    }

    /// Gives these members a standing, which is another one than theirs; the version of each goes
    /// on, and their sessions are to get other cookies. For who has locked the tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_standing(
        conn: &impl ConnectionTrait,
        members: &[MemberId],
        standing: Standing,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for chunk in members.chunks(CHUNK) {
            let text = format!(
                "UPDATE memberships SET role = ?, external = ?, version = version + 1, \
                 updated_at = ? WHERE member_id IN ({})",
                marks(chunk.len())
            );
            let first = [
                standing.role.as_str().into(),
                standing.external.into(),
                now.into(),
            ];
            let values = first.into_iter().chain(ids(chunk));
            conn.execute_raw(open_statement(&text, values.collect()))
                .await?;
            SessionStore::mark_rotation(conn, chunk, now).await?;
        }
        Ok(())
    }
}
