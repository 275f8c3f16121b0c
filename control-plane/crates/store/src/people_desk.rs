//! People as staff see them: found by address, with where they belong and where they are.

use chrono::{DateTime, Utc};
use cp_domain::MemberState;
use kernel::{Limit, MemberId, PersonId, Role, TenantId};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A person in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPerson {
    /// The person.
    pub id: PersonId,
    /// Their address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Whether they have a password.
    pub has_password: bool,
    /// When they were first known.
    pub created_at: DateTime<Utc>,
}

/// A tenant that a person belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Belonging {
    /// The tenant.
    pub tenant: TenantId,
    /// The first label of its host.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The membership.
    pub member: MemberId,
    /// What they are there.
    pub role: Role,
    /// Whether they are external there.
    pub external: bool,
    /// How far the membership has come.
    pub state: MemberState,
}

/// A session of a person, in a tenant or on the host of people.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct PersonVisit {
    /// The session.
    pub id: Uuid,
    /// The tenant; none on the host of people.
    pub tenant_id: Option<Uuid>,
    /// The membership.
    pub member_id: Option<Uuid>,
    /// How they came in.
    pub method: String,
    /// Whether a second factor was given.
    pub second_factor: bool,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// The client's address.
    pub address: String,
    /// Its country.
    pub country: Option<String>,
    /// A short name of the device.
    pub device: String,
}

#[derive(FromQueryResult)]
struct PersonRow {
    id: Uuid,
    email: String,
    name: String,
    has_password: bool,
    created_at: DateTime<Utc>,
}

impl From<PersonRow> for ListedPerson {
    fn from(row: PersonRow) -> Self {
        Self {
            id: row.id.into(),
            email: row.email,
            name: row.name,
            has_password: row.has_password,
            created_at: row.created_at,
        }
    }
}

#[derive(FromQueryResult)]
struct BelongingRow {
    tenant_id: Uuid,
    slug: String,
    name: String,
    member_id: Uuid,
    role: String,
    external: bool,
    state: String,
}

const PERSON: &str = "SELECT p.id, p.email, p.name, p.password_hash IS NOT NULL AS has_password, \
     p.created_at FROM people p";

/// What staff ask of `people`, `memberships` and sessions.
#[derive(Debug, Clone, Copy)]
pub struct PeopleDeskStore;

impl PeopleDeskStore {
    /// People by address, after one of them: whose address begins so, of this tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        beginning: &str,
        tenant: Option<TenantId>,
        after: &str,
        limit: Limit,
    ) -> Result<Vec<ListedPerson>, StoreError> {
        let mut text = format!("{PERSON} WHERE p.email > ? AND p.email LIKE ?");
        let escaped = beginning.replace('\\', "\\\\");
        let escaped = escaped.replace('%', "\\%").replace('_', "\\_");
        let mut values: Vec<Value> = vec![after.into(), format!("{escaped}%").into()];
        if let Some(tenant) = tenant {
            text.push_str(
                " AND EXISTS (SELECT 1 FROM memberships m \
                 WHERE m.tenant_id = ? AND m.person_id = p.id)",
            );
            values.push(tenant.as_uuid().into());
        }
        text.push_str(" ORDER BY p.email LIMIT ?");
        values.push(limit.plus_one().into());
        let statement = Statement::from_sql_and_values(DbBackend::MySql, text, values);
        let rows = PersonRow::find_by_statement(statement).all(conn).await?;
        Ok(rows.into_iter().map(ListedPerson::from).collect())
    }

    /// One person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        id: PersonId,
    ) -> Result<Option<ListedPerson>, StoreError> {
        let text = format!("{PERSON} WHERE p.id = ?");
        let row = sql::select::<PersonRow, 1>(&text, [id.as_uuid().into()]);
        Ok(row.one(conn).await?.map(ListedPerson::from))
    }

    /// Where a person belongs, by slug, two hundred tenants at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_belongings(
        conn: &impl ConnectionTrait,
        id: PersonId,
    ) -> Result<Vec<Belonging>, StoreError> {
        let rows = sql::select::<BelongingRow, 1>(
            "SELECT m.tenant_id, t.slug, t.name, m.member_id, m.role, m.external, m.state \
             FROM memberships m JOIN tenants t ON t.id = m.tenant_id \
             WHERE m.person_id = ? ORDER BY t.slug LIMIT 200",
            [id.as_uuid().into()],
        );
        let corrupt = |column| StoreError::corrupt("memberships", column);
        let rows = rows.all(conn).await?.into_iter();
        rows.map(|row| {
            Ok(Belonging {
                tenant: row.tenant_id.into(),
                slug: row.slug,
                name: row.name,
                member: row.member_id.into(),
                role: row.role.parse().map_err(|_| corrupt("role"))?,
                external: row.external,
                state: MemberState::parse(&row.state).ok_or_else(|| corrupt("state"))?,
            })
        })
        .collect()
    }

    /// A person's sessions that have not ended, wherever, the newest first, before one of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_visits(
        conn: &impl ConnectionTrait,
        id: PersonId,
        before: Option<Uuid>,
        now: DateTime<Utc>,
        limit: Limit,
    ) -> Result<Vec<PersonVisit>, StoreError> {
        let before = before.unwrap_or(Uuid::max());
        let rows = sql::select::<PersonVisit, 7>(
            "SELECT * FROM (SELECT id, tenant_id, member_id, method, second_factor, created_at, \
             last_seen_at, expires_at, address, country, device FROM sessions \
             WHERE person_id = ? AND id < ? AND state = 'active' AND revoked_at IS NULL \
             AND expires_at > ? UNION ALL \
             SELECT id, NULL, NULL, method, second_factor, created_at, last_seen_at, expires_at, \
             address, country, device FROM person_sessions WHERE person_id = ? AND id < ? \
             AND state = 'active' AND revoked_at IS NULL AND expires_at > ?) v \
             ORDER BY id DESC LIMIT ?",
            [
                id.as_uuid().into(),
                before.into(),
                now.into(),
                id.as_uuid().into(),
                before.into(),
                now.into(),
                limit.plus_one().into(),
            ],
        );
        Ok(rows.all(conn).await?)
    }

    /// Ends one session of a person, of either kind; answers false when they have none such.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_visit(
        conn: &impl ConnectionTrait,
        id: PersonId,
        session: Uuid,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut ended = 0;
        for table in ["sessions", "person_sessions"] {
            let text = format!(
                "UPDATE {table} SET revoked_at = ? WHERE id = ? AND person_id = ? \
                 AND revoked_at IS NULL AND expires_at > ?"
            );
            let values = [now.into(), session.into(), id.as_uuid().into(), now.into()];
            ended += sql::execute(conn, &text, values).await?;
        }
        Ok(ended == 1)
    }

    /// Opens a second factor that too many wrong codes have closed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reopen_totp(conn: &impl ConnectionTrait, id: PersonId) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE people SET totp_failures = 0 WHERE id = ?",
            [id.as_uuid().into()],
        )
        .await?;
        Ok(())
    }

    /// Takes every passkey of a person away; answers how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_passkeys(
        conn: &impl ConnectionTrait,
        id: PersonId,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "DELETE FROM passkeys WHERE person_id = ?",
            [id.as_uuid().into()],
        )
        .await
    }
}
