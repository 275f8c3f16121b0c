//! What a session or token lets its member do.

use chrono::{DateTime, Utc};
use cp_domain::{MemberState, SignInMethod, TokenHash};
use kernel::{ConnectionId, MemberId, PersonId, Role, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::{SessionStore, read_hash, read_method};
use crate::{
    StoreError,
    memberships::{read_role, read_state},
    sql,
};

/// A session or token with what its member may do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRecord {
    /// The session's or token's id.
    pub id: Uuid,
    /// The hash of the secret.
    pub token_hash: TokenHash,
    /// The tenant.
    pub tenant: TenantId,
    /// The member.
    pub member: MemberId,
    /// The person.
    pub person: PersonId,
    /// The member's role.
    pub role: Role,
    /// Whether they are external.
    pub external: bool,
    /// Where the membership stands.
    pub state: MemberState,
    /// The membership's version.
    pub version: u32,
    /// The scopes of a token, words separated by spaces.
    pub scopes: Option<String>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When it was ended.
    pub revoked_at: Option<DateTime<Utc>>,
    /// How a session's person is proven, and its limits; none for a token.
    pub proof: Option<ProofRecord>,
}

/// What a session has that a token has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofRecord {
    /// How the person signed in.
    pub method: SignInMethod,
    /// The identity provider, for single sign-on.
    pub connection: Option<ConnectionId>,
    /// Whether a second factor was given.
    pub second_factor: bool,
    /// When the person last proved who they are.
    pub confirmed_at: DateTime<Utc>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// The tenant's limit for a session that is not used.
    pub idle_minutes: Option<u32>,
    /// The tenant's limit for any session.
    pub absolute_minutes: Option<u32>,
    /// Whether the member's standing changed since the cookie was given.
    pub rotate_due: bool,
}

/// A row of a session or token joined with its membership.
#[derive(FromQueryResult)]
pub(crate) struct AccessRow {
    id: Uuid,
    token_hash: Vec<u8>,
    tenant_id: Uuid,
    member_id: Uuid,
    person_id: Uuid,
    role: String,
    external: bool,
    state: String,
    version: u32,
    scopes: Option<String>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    method: Option<String>,
    connection_id: Option<Uuid>,
    second_factor: Option<bool>,
    confirmed_at: Option<DateTime<Utc>>,
    created_at: Option<DateTime<Utc>>,
    last_seen_at: Option<DateTime<Utc>>,
    idle_minutes: Option<u32>,
    absolute_minutes: Option<u32>,
    rotate_due: Option<bool>,
}

/// What a row of a token gives in the place of what only sessions have.
pub(crate) const NO_PROOF: &str = "CAST(NULL AS CHAR) AS method, NULL AS connection_id, \
     NULL AS second_factor, NULL AS confirmed_at, NULL AS created_at, NULL AS last_seen_at, \
     NULL AS idle_minutes, NULL AS absolute_minutes, NULL AS rotate_due";

impl AccessRow {
    fn proof(&self) -> Result<Option<ProofRecord>, StoreError> {
        let (Some(method), Some(created_at)) = (&self.method, self.created_at) else {
            return Ok(None);
        };
        Ok(Some(ProofRecord {
            method: read_method(method)?,
            connection: self.connection_id.map(ConnectionId::from),
            second_factor: self.second_factor.unwrap_or_default(),
            confirmed_at: self.confirmed_at.unwrap_or(created_at),
            created_at,
            last_seen_at: self.last_seen_at.unwrap_or(created_at),
            idle_minutes: self.idle_minutes,
            absolute_minutes: self.absolute_minutes,
            rotate_due: self.rotate_due.unwrap_or_default(),
        }))
    }
}

impl TryFrom<AccessRow> for AccessRecord {
    type Error = StoreError;

    fn try_from(row: AccessRow) -> Result<Self, StoreError> {
        Ok(Self {
            proof: row.proof()?,
            id: row.id,
            token_hash: read_hash(&row.token_hash)?,
            tenant: row.tenant_id.into(),
            member: row.member_id.into(),
            person: row.person_id.into(),
            role: read_role(&row.role)?,
            external: row.external,
            state: read_state(&row.state)?,
            version: row.version,
            scopes: row.scopes,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
        })
    }
}

const ACCESS: &str = "SELECT s.id, s.token_hash, s.tenant_id, s.member_id, m.person_id, m.role, \
     m.external, m.state, m.version, CAST(NULL AS CHAR) AS scopes, s.expires_at, s.revoked_at, \
     s.method, s.connection_id, s.second_factor, s.confirmed_at, s.created_at, s.last_seen_at, \
     t.idle_minutes, t.absolute_minutes, s.rotate_due \
     FROM sessions s JOIN memberships m ON m.member_id = s.member_id \
     LEFT JOIN tenant_security t ON t.tenant_id = s.tenant_id \
     WHERE s.state = 'active' AND ";

impl SessionStore {
    /// The session of this secret in this tenant, ended or not: one statement. One whose second
    /// factor is due is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_access(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        hash: &TokenHash,
    ) -> Result<Option<AccessRecord>, StoreError> {
        let row = sql::select::<AccessRow, 2>(
            &format!("{ACCESS}s.token_hash = ? AND s.tenant_id = ?"),
            [hash.as_bytes().to_vec().into(), tenant.as_uuid().into()],
        );
        row.one(conn).await?.map(AccessRecord::try_from).transpose()
    }

    /// Every session of a member that has not run out, ended ones included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_access(
        conn: &impl ConnectionTrait,
        member: MemberId,
        now: DateTime<Utc>,
    ) -> Result<Vec<AccessRecord>, StoreError> {
        let rows = sql::select::<AccessRow, 2>(
            &format!("{ACCESS}s.member_id = ? AND s.expires_at > ?"),
            [member.as_uuid().into(), now.into()],
        );
        rows.all(conn)
            .await?
            .into_iter()
            .map(AccessRecord::try_from)
            .collect()
    }
}
