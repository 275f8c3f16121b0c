//! Memberships: which person is what in which tenant.

use chrono::{DateTime, Utc};
use cp_domain::{Email, MemberState, Membership, Standing};
use kernel::{MemberId, PersonId, Role, TenantId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult, Value};
use uuid::Uuid;

use crate::{Person, SessionStore, StoreError, people::read_email, sql};

/// A membership with the person it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The membership.
    pub membership: Membership,
    /// The person.
    pub person: Person,
    /// When the membership was made.
    pub created_at: DateTime<Utc>,
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "memberships")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub member_id: Uuid,
        pub tenant_id: Uuid,
        pub person_id: Uuid,
        pub role: String,
        pub external: bool,
        pub state: String,
        pub version: u32,
        pub projected: u32,
        pub invited_name: Option<String>,
        pub created_at: DateTimeUtc,
        pub updated_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(FromQueryResult)]
pub(crate) struct MemberRow {
    member_id: Uuid,
    tenant_id: Uuid,
    person_id: Uuid,
    role: String,
    external: bool,
    state: String,
    version: u32,
    projected: u32,
    created_at: DateTime<Utc>,
    email: String,
    name: String,
    password_hash: Option<String>,
}

#[derive(FromQueryResult)]
struct CountRow {
    number: i64,
}

#[derive(FromQueryResult)]
struct IdRow {
    member_id: Uuid,
}

impl TryFrom<MemberRow> for Member {
    type Error = StoreError;

    fn try_from(row: MemberRow) -> Result<Self, StoreError> {
        Ok(Self {
            membership: Membership {
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
            },
            person: Person {
                id: row.person_id.into(),
                email: read_email(&row.email)?,
                name: row.name,
                password_hash: row.password_hash,
            },
            created_at: row.created_at,
        })
    }
}

pub(crate) fn read_role(word: &str) -> Result<Role, StoreError> {
    word.parse()
        .map_err(|_| StoreError::corrupt("memberships", "role"))
}

pub(crate) fn read_state(word: &str) -> Result<MemberState, StoreError> {
    MemberState::parse(word).ok_or(StoreError::corrupt("memberships", "state"))
}

const MEMBER: &str = "SELECT m.member_id, m.tenant_id, m.person_id, m.role, m.external, m.state, \
     m.version, m.projected, m.created_at, p.email, COALESCE(m.invited_name, p.name) AS name, \
     p.password_hash \
     FROM memberships m JOIN people p ON p.id = m.person_id WHERE ";

/// The table `memberships`.
#[derive(Debug, Clone, Copy)]
pub struct MembershipStore;

impl MembershipStore {
    /// The member of this tenant with this id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        member: MemberId,
    ) -> Result<Option<Member>, StoreError> {
        let by = [tenant.as_uuid().into(), member.as_uuid().into()];
        one(conn, "m.tenant_id = ? AND m.member_id = ?", by).await
    }

    /// The member of this tenant with this address.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_by_email(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        email: &Email,
    ) -> Result<Option<Member>, StoreError> {
        let by = [email.as_str().into(), tenant.as_uuid().into()];
        one(conn, "p.email = ? AND m.tenant_id = ?", by).await
    }

    /// The membership of a person in a tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_by_person(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        person: PersonId,
    ) -> Result<Option<Member>, StoreError> {
        let by = [tenant.as_uuid().into(), person.as_uuid().into()];
        one(conn, "m.tenant_id = ? AND m.person_id = ?", by).await
    }

    /// The member, kept as it is until the transaction ends: nobody changes it meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_shared(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        member: MemberId,
    ) -> Result<Option<Member>, StoreError> {
        let by = [tenant.as_uuid().into(), member.as_uuid().into()];
        one(
            conn,
            "m.tenant_id = ? AND m.member_id = ? LOCK IN SHARE MODE",
            by,
        )
        .await
    }

    /// The membership of a person in a tenant, kept as it is until the transaction ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_person_shared(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        person: PersonId,
    ) -> Result<Option<Member>, StoreError> {
        let by = [tenant.as_uuid().into(), person.as_uuid().into()];
        one(
            conn,
            "m.tenant_id = ? AND m.person_id = ? LOCK IN SHARE MODE",
            by,
        )
        .await
    }

    /// The members that a person is, in whatever tenants and states.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_of_person(
        conn: &impl ConnectionTrait,
        person: PersonId,
    ) -> Result<Vec<MemberId>, StoreError> {
        let rows = sql::select::<IdRow, 1>(
            "SELECT member_id FROM memberships WHERE person_id = ?",
            [person.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        Ok(rows.into_iter().map(|row| row.member_id.into()).collect())
    }

    /// The tenant of a member.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_tenant(
        conn: &impl ConnectionTrait,
        member: MemberId,
    ) -> Result<Option<TenantId>, StoreError> {
        let row = entity::Entity::find_by_id(member.as_uuid())
            .one(conn)
            .await?;
        Ok(row.map(|row| row.tenant_id.into()))
    }

    /// The members of a tenant who have a session or a token that has not run out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_with_access(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        now: DateTime<Utc>,
    ) -> Result<Vec<MemberId>, StoreError> {
        let rows = sql::select::<IdRow, 3>(
            "SELECT m.member_id FROM memberships m WHERE m.tenant_id = ? AND (EXISTS \
             (SELECT 1 FROM sessions s WHERE s.member_id = m.member_id AND s.expires_at > ?) \
             OR EXISTS (SELECT 1 FROM access_tokens a WHERE a.member_id = m.member_id \
             AND a.expires_at > ?))",
            [tenant.as_uuid().into(), now.into(), now.into()],
        );
        let rows = rows.all(conn).await?;
        Ok(rows.into_iter().map(|row| row.member_id.into()).collect())
    }

    /// The active architects of a tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_architects(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
    ) -> Result<Vec<Member>, StoreError> {
        let rows = sql::select::<MemberRow, 1>(
            &format!(
                "{MEMBER}m.tenant_id = ? AND m.role = 'architect' AND m.state = 'active' LIMIT 200"
            ),
            [tenant.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        rows.into_iter().map(Member::try_from).collect()
    }

    /// Makes the changes of a tenant's memberships take turns, until the transaction ends. To be
    /// called before anything is read.
    ///
    /// # Errors
    /// When there is no such tenant or the database fails.
    pub async fn lock_tenant(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
    ) -> Result<(), StoreError> {
        let lock = sql::statement(
            "SELECT id FROM tenants WHERE id = ? FOR UPDATE",
            [tenant.as_uuid().into()],
        );
        conn.query_one_raw(lock)
            .await?
            .ok_or(StoreError::Missing("tenant"))?;
        Ok(())
    }

    /// How many active architects the tenant has beside this member.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_other_architects(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        member: MemberId,
    ) -> Result<u64, StoreError> {
        let count = sql::select::<CountRow, 2>(
            "SELECT COUNT(*) AS number FROM memberships WHERE tenant_id = ? AND role = 'architect' \
             AND state = 'active' AND member_id <> ?",
            [tenant.as_uuid().into(), member.as_uuid().into()],
        );
        let row = count.one(conn).await?.ok_or(StoreError::Missing("count"))?;
        Ok(u64::try_from(row.number).unwrap_or_default())
    }

    /// How many members the tenant has that are not archived.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(conn: &impl ConnectionTrait, tenant: TenantId) -> Result<u64, StoreError> {
        let count = sql::select::<CountRow, 1>(
            "SELECT COUNT(*) AS number FROM memberships WHERE tenant_id = ? AND state <> 'archived'",
            [tenant.as_uuid().into()],
        );
        let row = count.one(conn).await?.ok_or(StoreError::Missing("count"))?;
        Ok(u64::try_from(row.number).unwrap_or_default())
    }

    /// Adds a membership, under the name that the inviter gave.
    ///
    /// # Errors
    /// When the person is a member or the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        membership: &Membership,
        invited_name: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            member_id: Set(membership.member.as_uuid()),
            tenant_id: Set(membership.tenant.as_uuid()),
            person_id: Set(membership.person.as_uuid()),
            role: Set(membership.standing.role.as_str().to_owned()),
            external: Set(membership.standing.external),
            state: Set(membership.state.as_str().to_owned()),
            version: Set(membership.version),
            projected: Set(membership.projected),
            invited_name: Set(Some(invited_name.to_owned())),
            created_at: Set(now),
            updated_at: Set(now),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// Writes a membership over the version before it; answers false when that is not the present
    /// one. Who comes goes by their own name from then on, unless the tenant's directory names them.
    /// When their standing is another one, their sessions are to get other cookies. In a
    /// transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn update(
        conn: &impl ConnectionTrait,
        membership: &Membership,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let before = standing_for_update(conn, membership).await?;
        let changed = sql::execute(
            conn,
            "UPDATE memberships SET role = ?, external = ?, state = ?, version = ?, updated_at = ?, \
             invited_name = IF(state = 'active' AND member_id NOT IN \
             (SELECT s.member_id FROM scim_users s), NULL, invited_name) \
             WHERE member_id = ? AND version = ?",
            [
                membership.standing.role.as_str().into(),
                membership.standing.external.into(),
                membership.state.as_str().into(),
                membership.version.into(),
                now.into(),
                membership.member.as_uuid().into(),
                membership.version.saturating_sub(1).into(),
            ],
        );
        if changed.await? != 1 {
            return Ok(false);
        }
        // After the membership: whoever adds a session holds that first, too.
        if before != Some(membership.standing) {
            SessionStore::mark_rotation(conn, &[membership.member], now).await?;
        }
        Ok(true)
    }

    /// Memberships of tenants in service whose present version the tenant database lacks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_unprojected(
        conn: &impl ConnectionTrait,
        limit: u32,
    ) -> Result<Vec<(TenantId, MemberId)>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            tenant_id: Uuid,
            member_id: Uuid,
        }
        let rows = sql::select::<Row, 1>(
            "SELECT m.tenant_id, m.member_id FROM memberships m JOIN tenants t ON t.id = m.tenant_id \
             WHERE m.behind = 1 AND t.state = 'active' ORDER BY m.updated_at LIMIT ?",
            [limit.into()],
        );
        let rows = rows.all(conn).await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.tenant_id.into(), row.member_id.into()))
            .collect())
    }

    /// Notes that the tenant database has this version.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark_projected(
        conn: &impl ConnectionTrait,
        member: MemberId,
        version: u32,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE memberships SET projected = ? WHERE member_id = ? AND projected < ?",
            [version.into(), member.as_uuid().into(), version.into()],
        )
        .await?;
        Ok(())
    }

    /// Members whose standing or whose sessions or tokens were ended since: what a cache may hold
    /// in an older state.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_touched(
        conn: &impl ConnectionTrait,
        since: DateTime<Utc>,
    ) -> Result<Vec<MemberId>, StoreError> {
        let rows = sql::select::<IdRow, 3>(
            "SELECT member_id FROM memberships WHERE updated_at >= ? AND version > 1 \
             UNION SELECT member_id FROM sessions WHERE revoked_at >= ? \
             UNION SELECT member_id FROM access_tokens WHERE revoked_at >= ?",
            [since.into(), since.into(), since.into()],
        );
        Ok(rows
            .all(conn)
            .await?
            .into_iter()
            .map(|row| row.member_id.into())
            .collect())
    }
}

/// What the member is now, kept as it is until the transaction ends.
async fn standing_for_update(
    conn: &impl ConnectionTrait,
    membership: &Membership,
) -> Result<Option<Standing>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        role: String,
        external: bool,
    }
    let row = sql::select::<Row, 1>(
        "SELECT role, external FROM memberships WHERE member_id = ? FOR UPDATE",
        [membership.member.as_uuid().into()],
    );
    let standing = |row: Row| {
        Ok(Standing {
            role: read_role(&row.role)?,
            external: row.external,
        })
    };
    row.one(conn).await?.map(standing).transpose()
}

async fn one(
    conn: &impl ConnectionTrait,
    filter: &str,
    by: [Value; 2],
) -> Result<Option<Member>, StoreError> {
    let row = sql::select::<MemberRow, 2>(&format!("{MEMBER}{filter}"), by)
        .one(conn)
        .await?;
    row.map(Member::try_from).transpose()
}
