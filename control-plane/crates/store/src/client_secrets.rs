//! Credentials by which members' programs get access tokens (RFC 6749 §4.4).

use chrono::{DateTime, Utc};
use cp_domain::{TokenHash, scopes_from_words, scopes_to_words};
use kernel::{ClientId, MemberId, Scopes, TenantId};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sessions::read_hash, sql};

/// A client of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSecret {
    /// The client's id.
    pub id: ClientId,
    /// The hash of its secret.
    pub secret_hash: TokenHash,
    /// The tenant it is bound to.
    pub tenant: TenantId,
    /// The member it acts for.
    pub member: MemberId,
    /// What its owner calls it.
    pub name: String,
    /// What its tokens may be used for at most.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When it last got a token.
    pub last_used_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    secret_hash: Vec<u8>,
    tenant_id: Uuid,
    member_id: Uuid,
    name: String,
    scopes: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for ClientSecret {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            secret_hash: read_hash(&row.secret_hash)?,
            tenant: row.tenant_id.into(),
            member: row.member_id.into(),
            name: row.name,
            scopes: scopes_from_words(&row.scopes),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
    }
}

const CLIENT: &str = "SELECT id, secret_hash, tenant_id, member_id, name, scopes, created_at, \
     expires_at, last_used_at FROM client_secrets WHERE revoked_at IS NULL AND ";

/// The table `client_secrets`.
#[derive(Debug, Clone, Copy)]
pub struct ClientSecretStore;

impl ClientSecretStore {
    /// The client of a tenant, unless it was ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        id: ClientId,
    ) -> Result<Option<ClientSecret>, StoreError> {
        let row = sql::select::<Row, 2>(
            &format!("{CLIENT}id = ? AND tenant_id = ?"),
            [id.as_uuid().into(), tenant.as_uuid().into()],
        );
        row.one(conn).await?.map(ClientSecret::try_from).transpose()
    }

    /// As [`Self::find`]; kept as it is until the transaction ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_shared(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        id: ClientId,
    ) -> Result<Option<ClientSecret>, StoreError> {
        let row = sql::select::<Row, 2>(
            &format!("{CLIENT}id = ? AND tenant_id = ? LOCK IN SHARE MODE"),
            [id.as_uuid().into(), tenant.as_uuid().into()],
        );
        row.one(conn).await?.map(ClientSecret::try_from).transpose()
    }

    /// A member's clients that were not ended, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        member: MemberId,
    ) -> Result<Vec<ClientSecret>, StoreError> {
        let rows = sql::select::<Row, 1>(
            &format!("{CLIENT}member_id = ? ORDER BY id DESC LIMIT 200"),
            [member.as_uuid().into()],
        );
        let rows = rows.all(conn).await?;
        rows.into_iter().map(ClientSecret::try_from).collect()
    }

    /// Adds a client.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        client: &ClientSecret,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "INSERT INTO client_secrets (id, secret_hash, tenant_id, member_id, name, scopes, \
             created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                client.id.as_uuid().into(),
                client.secret_hash.as_bytes().to_vec().into(),
                client.tenant.as_uuid().into(),
                client.member.as_uuid().into(),
                client.name.as_str().into(),
                scopes_to_words(client.scopes).into(),
                client.created_at.into(),
                client.expires_at.into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// Ends a member's client with the tokens that it got; answers false when it is not theirs or
    /// was ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(
        conn: &impl ConnectionTrait,
        member: MemberId,
        id: ClientId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let by = || [now.into(), id.as_uuid().into(), member.as_uuid().into()];
        let changed = sql::execute(
            conn,
            "UPDATE client_secrets SET revoked_at = ? \
             WHERE id = ? AND member_id = ? AND revoked_at IS NULL",
            by(),
        );
        if changed.await? == 0 {
            return Ok(false);
        }
        sql::execute(
            conn,
            "UPDATE access_tokens SET revoked_at = ? \
             WHERE client_id = ? AND member_id = ? AND revoked_at IS NULL",
            by(),
        )
        .await?;
        Ok(true)
    }

    /// Ends all clients of a member; their tokens end with the member's other tokens.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_all(
        conn: &impl ConnectionTrait,
        member: MemberId,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        sql::execute(
            conn,
            "UPDATE client_secrets SET revoked_at = ? WHERE member_id = ? AND revoked_at IS NULL",
            [now.into(), member.as_uuid().into()],
        )
        .await
    }

    /// Notes that a client got a token, and forgets those of its tokens that ran out long ago.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch(
        conn: &impl ConnectionTrait,
        client: &ClientSecret,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::execute(
            conn,
            "UPDATE client_secrets SET last_used_at = ? WHERE id = ?",
            [now.into(), client.id.as_uuid().into()],
        )
        .await?;
        sql::execute(
            conn,
            "DELETE FROM access_tokens WHERE member_id = ? AND client_id = ? AND expires_at < ? \
             LIMIT 100",
            [
                client.member.as_uuid().into(),
                client.id.as_uuid().into(),
                (now - chrono::TimeDelta::days(1)).into(),
            ],
        )
        .await?;
        Ok(())
    }

    /// How many tokens of the client may be used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_tokens(
        conn: &impl ConnectionTrait,
        client: &ClientSecret,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        #[derive(FromQueryResult)]
        struct Count {
            number: i64,
        }
        let count = sql::select::<Count, 3>(
            "SELECT COUNT(*) AS number FROM access_tokens WHERE member_id = ? AND client_id = ? \
             AND revoked_at IS NULL AND expires_at > ?",
            [
                client.member.as_uuid().into(),
                client.id.as_uuid().into(),
                now.into(),
            ],
        );
        let count = count.one(conn).await?.map_or(0, |row| row.number);
        Ok(u64::try_from(count).unwrap_or_default())
    }
}
