//! The projection of members in a tenant's own database.

use kernel::MemberId;
use sea_orm::ConnectionTrait;

use crate::{
    Member, StoreError,
    scim::{CHUNK, ids, marks, open_statement},
    sql,
};

/// The table `members` of a tenant database, written by the control plane only.
#[derive(Debug, Clone, Copy)]
pub struct TenantMemberStore;

impl TenantMemberStore {
    /// Writes a member unless the database has this version or a newer one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn upsert(conn: &impl ConnectionTrait, member: &Member) -> Result<(), StoreError> {
        let membership = &member.membership;
        // Assigned from left to right: the version last, so that the others compare with the old.
        sql::execute(
            conn,
            "INSERT INTO members (id, name, email, role, external, state, version, created_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE \
             name = IF(VALUES(version) > version, VALUES(name), name), \
             email = IF(VALUES(version) > version, VALUES(email), email), \
             role = IF(VALUES(version) > version, VALUES(role), role), \
             external = IF(VALUES(version) > version, VALUES(external), external), \
             state = IF(VALUES(version) > version, VALUES(state), state), \
             version = GREATEST(version, VALUES(version))",
            [
                membership.member.as_uuid().into(),
                member.person.name.as_str().into(),
                member.person.email.as_str().into(),
                membership.standing.role.as_str().into(),
                membership.standing.external.into(),
                membership.state.as_str().into(),
                membership.version.into(),
                member.created_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Whether the member holds `manage` on something that is not in their own private folder,
    /// themselves or through a custom group: what an external may not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn holds_manage(
        conn: &impl ConnectionTrait,
        member: MemberId,
    ) -> Result<bool, StoreError> {
        let id = member.as_uuid();
        let held = sql::statement(
            "SELECT 1 FROM grants g \
             LEFT JOIN work_items w ON g.object = 'grid' AND w.id = g.object_id \
             LEFT JOIN folders f ON f.id = IF(g.object = 'folder', g.object_id, w.folder_id) \
             WHERE g.level >= 3 AND (f.owner_id IS NULL OR f.owner_id <> ?) AND (g.member_id = ? \
             OR g.group_id IN (SELECT group_id FROM group_members WHERE member_id = ?)) LIMIT 1",
            [id.into(), id.into(), id.into()],
        );
        Ok(conn.query_one_raw(held).await?.is_some())
    }

    /// Whether one of these members holds what an external may not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn any_holds_manage(
        conn: &impl ConnectionTrait,
        members: &[MemberId],
    ) -> Result<bool, StoreError> {
        for chunk in members.chunks(CHUNK) {
            let text = format!(
                "SELECT 1 FROM members x WHERE x.id IN ({}) AND EXISTS (SELECT 1 FROM grants g \
                 LEFT JOIN work_items w ON g.object = 'grid' AND w.id = g.object_id \
                 LEFT JOIN folders f ON f.id = IF(g.object = 'folder', g.object_id, w.folder_id) \
                 WHERE g.level >= 3 AND (f.owner_id IS NULL OR f.owner_id <> x.id) \
                 AND (g.member_id = x.id OR g.group_id IN \
                 (SELECT o.group_id FROM group_members o WHERE o.member_id = x.id))) LIMIT 1",
                marks(chunk.len())
            );
            let held = open_statement(&text, ids(chunk).collect());
            if conn.query_one_raw(held).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
