//! What a tenant's architects decided about signing in.

use chrono::{DateTime, Utc};
use kernel::{MemberId, PersonId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::{StoreError, sql};

/// A tenant's decisions. The default is that of a tenant without a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenantSecurity {
    /// Members come in through an identity provider only.
    pub sso_enforced: bool,
    /// Whoever signs in gives a second factor.
    pub second_factor_required: bool,
    /// A session unused for so long ends; none is the platform's limit.
    pub idle_minutes: Option<u32>,
    /// A session ends so long after it began; none is the platform's limit.
    pub absolute_minutes: Option<u32>,
    /// Countries, addresses, hours, as JSON; none refuses nobody.
    pub access_policy: Option<String>,
    /// Whom one who is refused may ask.
    pub contact: Option<String>,
    /// The tenant's colour, as `#rrggbb`.
    pub colour: Option<String>,
    /// How often it was changed; 0 for a tenant without a row.
    pub revision: u32,
    /// When it was changed last.
    pub updated_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Row {
    sso_enforced: bool,
    second_factor_required: bool,
    idle_minutes: Option<u32>,
    absolute_minutes: Option<u32>,
    access_policy: Option<String>,
    contact: Option<String>,
    colour: Option<String>,
    revision: u32,
    updated_at: DateTime<Utc>,
}

const DECISIONS: &str = "SELECT sso_enforced, second_factor_required, idle_minutes, \
     absolute_minutes, access_policy, contact, colour, revision, updated_at \
     FROM tenant_security WHERE ";

async fn read(
    conn: &impl ConnectionTrait,
    text: &str,
    tenant: TenantId,
) -> Result<TenantSecurity, StoreError> {
    let row = sql::select::<Row, 1>(text, [tenant.as_uuid().into()]);
    let row = row.one(conn).await?;
    Ok(row.map_or_else(TenantSecurity::default, TenantSecurity::from))
}

/// The table `tenant_security`.
#[derive(Debug, Clone, Copy)]
pub struct TenantSecurityStore;

impl TenantSecurityStore {
    /// The tenant's decisions; the defaults when there are none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
    ) -> Result<TenantSecurity, StoreError> {
        read(conn, &format!("{DECISIONS}tenant_id = ?"), tenant).await
    }

    /// As [`Self::get`]; kept as they are until the transaction ends. Who opens a session holds
    /// them: a change that runs now either comes before and is seen, or comes after and sees the
    /// session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get_shared(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
    ) -> Result<TenantSecurity, StoreError> {
        let text = format!("{DECISIONS}tenant_id = ? LOCK IN SHARE MODE");
        read(conn, &text, tenant).await
    }

    /// Whether a tenant in which the person is active requires a second factor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requires_second_factor(
        conn: &impl ConnectionTrait,
        person: PersonId,
    ) -> Result<bool, StoreError> {
        let requiring = sql::statement(
            "SELECT t.tenant_id FROM tenant_security t JOIN memberships m \
             ON m.tenant_id = t.tenant_id WHERE m.person_id = ? AND m.state = 'active' \
             AND t.second_factor_required LIMIT 1",
            [person.as_uuid().into()],
        );
        Ok(conn.query_one_raw(requiring).await?.is_some())
    }

    /// Whether the member may use the password while single sign-on is enforced.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_break_glass_owner(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        member: MemberId,
    ) -> Result<bool, StoreError> {
        let named = sql::statement(
            "SELECT o.member_id FROM break_glass_owners o \
             JOIN memberships m ON m.member_id = o.member_id \
             WHERE o.member_id = ? AND o.tenant_id = ? AND m.role = 'architect'",
            [member.as_uuid().into(), tenant.as_uuid().into()],
        );
        Ok(conn.query_one_raw(named).await?.is_some())
    }
}

impl TenantSecurityStore {
    /// Writes a tenant's decisions, but for the access policy, at their next revision. The caller
    /// has checked the present one under [`crate::MembershipStore::lock_tenant`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        security: &TenantSecurity,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO tenant_security (tenant_id, sso_enforced, second_factor_required, \
             idle_minutes, absolute_minutes, contact, colour, revision, updated_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?) ON DUPLICATE KEY UPDATE \
             sso_enforced = VALUES(sso_enforced), \
             second_factor_required = VALUES(second_factor_required), \
             idle_minutes = VALUES(idle_minutes), absolute_minutes = VALUES(absolute_minutes), \
             contact = VALUES(contact), colour = VALUES(colour), revision = revision + 1, \
             updated_at = VALUES(updated_at)",
            [
                tenant.as_uuid().into(),
                security.sso_enforced.into(),
                security.second_factor_required.into(),
                security.idle_minutes.into(),
                security.absolute_minutes.into(),
                security.contact.clone().into(),
                security.colour.clone().into(),
                now.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Who may use the password while single sign-on is enforced.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_break_glass_owners(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
    ) -> Result<Vec<MemberId>, StoreError> {
        #[derive(FromQueryResult)]
        struct Owner {
            member_id: uuid::Uuid,
        }
        let rows = sql::select::<Owner, 1>(
            "SELECT member_id FROM break_glass_owners WHERE tenant_id = ? ORDER BY member_id",
            [tenant.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        Ok(rows.into_iter().map(|row| row.member_id.into()).collect())
    }

    /// Names who may, in the place of those who might before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replace_break_glass_owners(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        owners: &[MemberId],
        named_by: MemberId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let text = "DELETE FROM break_glass_owners WHERE tenant_id = ?";
        sql::execute(conn, text, [tenant.as_uuid().into()]).await?;
        for owner in owners {
            sql::execute(
                conn,
                "INSERT INTO break_glass_owners (member_id, tenant_id, named_by, named_at) \
                 VALUES (?, ?, ?, ?)",
                [
                    owner.as_uuid().into(),
                    tenant.as_uuid().into(),
                    named_by.as_uuid().into(),
                    now.into(),
                ],
            )
            .await?;
        }
        Ok(())
    }
}

impl From<Row> for TenantSecurity {
    fn from(row: Row) -> Self {
        Self {
            sso_enforced: row.sso_enforced,
            second_factor_required: row.second_factor_required,
            idle_minutes: row.idle_minutes,
            absolute_minutes: row.absolute_minutes,
            access_policy: row.access_policy,
            contact: row.contact,
            colour: row.colour,
            revision: row.revision,
            updated_at: Some(row.updated_at),
        }
    }
}
