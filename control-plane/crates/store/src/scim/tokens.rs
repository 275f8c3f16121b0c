//! By what tenants' directories are known.

use chrono::{DateTime, Utc};
use cp_domain::TokenHash;
use kernel::{MemberId, ScimTokenId, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sessions::read_hash, sql};

/// A directory's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScimToken {
    /// The token.
    pub id: ScimTokenId,
    /// The hash of its text.
    pub token_hash: TokenHash,
    /// The tenant it is bound to.
    pub tenant: TenantId,
    /// What the architect calls it.
    pub name: String,
    /// Who made it.
    pub created_by: MemberId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    token_hash: Vec<u8>,
    tenant_id: Uuid,
    name: String,
    created_by: Uuid,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for ScimToken {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            token_hash: read_hash(&row.token_hash)?,
            tenant: row.tenant_id.into(),
            name: row.name,
            created_by: row.created_by.into(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
    }
}

const TOKEN: &str = "SELECT id, token_hash, tenant_id, name, created_by, created_at, expires_at, \
     last_used_at FROM scim_tokens WHERE revoked_at IS NULL AND ";

/// The table `scim_tokens`.
#[derive(Debug, Clone, Copy)]
pub struct ScimTokenStore;

impl ScimTokenStore {
    /// The token of this secret in this tenant, unless it was ended or has run out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<ScimToken>, StoreError> {
        let row = sql::select::<Row, 3>(
            &format!(
                "{TOKEN}token_hash = ? AND tenant_id = ? AND (expires_at IS NULL OR expires_at > ?)"
            ),
            [
                hash.as_bytes().to_vec().into(),
                tenant.as_uuid().into(),
                now.into(),
            ],
        );
        row.one(conn).await?.map(ScimToken::try_from).transpose()
    }

    /// A tenant's tokens that were not ended, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
    ) -> Result<Vec<ScimToken>, StoreError> {
        let rows = sql::select::<Row, 1>(
            &format!("{TOKEN}tenant_id = ? ORDER BY id DESC LIMIT 100"),
            [tenant.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        rows.into_iter().map(ScimToken::try_from).collect()
    }

    /// Adds a token.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(conn: &impl ConnectionTrait, token: &ScimToken) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO scim_tokens (id, token_hash, tenant_id, name, created_by, created_at, \
             expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                token.id.as_uuid().into(),
                token.token_hash.as_bytes().to_vec().into(),
                token.tenant.as_uuid().into(),
                token.name.as_str().into(),
                token.created_by.as_uuid().into(),
                token.created_at.into(),
                token.expires_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Ends a token of a tenant; answers false when it is not the tenant's or was ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        id: ScimTokenId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE scim_tokens SET revoked_at = ? \
             WHERE id = ? AND tenant_id = ? AND revoked_at IS NULL",
            [now.into(), id.as_uuid().into(), tenant.as_uuid().into()],
        );
        Ok(changed.await? == 1)
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch(
        conn: &impl ConnectionTrait,
        id: ScimTokenId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE scim_tokens SET last_used_at = ? WHERE id = ?",
            [now.into(), id.as_uuid().into()],
        )
        .await?;
        Ok(())
    }
}
