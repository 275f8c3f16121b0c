//! Personal access tokens.

use chrono::{DateTime, Utc};
use cp_domain::{TokenHash, scopes_from_words, scopes_to_words};
use kernel::{ClientId, MemberId, Scopes, TenantId, TokenId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};

use crate::{
    AccessRecord, StoreError,
    sessions::{AccessRow, NO_PROOF, read_hash},
    sql,
};

/// A personal access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token's id.
    pub id: TokenId,
    /// The hash of the token.
    pub token_hash: TokenHash,
    /// The tenant it is bound to.
    pub tenant: TenantId,
    /// The member it acts for.
    pub member: MemberId,
    /// The client that got it; none for a personal access token.
    pub client: Option<ClientId>,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "access_tokens")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(column_type = "Binary(32)")]
        pub token_hash: Vec<u8>,
        pub tenant_id: Uuid,
        pub member_id: Uuid,
        pub client_id: Option<Uuid>,
        pub name: String,
        pub scopes: String,
        pub created_at: DateTimeUtc,
        pub expires_at: DateTimeUtc,
        pub last_used_at: Option<DateTimeUtc>,
        pub revoked_at: Option<DateTimeUtc>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl TryFrom<entity::Model> for AccessToken {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            token_hash: read_hash(&row.token_hash)?,
            tenant: row.tenant_id.into(),
            member: row.member_id.into(),
            client: row.client_id.map(ClientId::from),
            name: row.name,
            scopes: scopes_from_words(&row.scopes),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        })
    }
}

/// The columns of a token's access row; the rest is [`NO_PROOF`].
const ACCESS: &str = "SELECT s.id, s.token_hash, s.tenant_id, s.member_id, m.person_id, m.role, \
     m.external, m.state, m.version, s.scopes, s.expires_at, s.revoked_at, ";
const FROM: &str = " FROM access_tokens s JOIN memberships m ON m.member_id = s.member_id WHERE ";

/// The table `access_tokens`.
#[derive(Debug, Clone, Copy)]
pub struct AccessTokenStore;

impl AccessTokenStore {
    /// The token of this secret in this tenant, in whatever state: one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_access(
        conn: &impl ConnectionTrait,
        tenant: TenantId,
        hash: &TokenHash,
    ) -> Result<Option<AccessRecord>, StoreError> {
        let row = sql::select::<AccessRow, 2>(
            &format!("{ACCESS}{NO_PROOF}{FROM}s.token_hash = ? AND s.tenant_id = ?"),
            [hash.as_bytes().to_vec().into(), tenant.as_uuid().into()],
        );
        row.one(conn).await?.map(AccessRecord::try_from).transpose()
    }

    /// Every token of a member that has not run out, ended ones included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_access(
        conn: &impl ConnectionTrait,
        member: MemberId,
        now: DateTime<Utc>,
    ) -> Result<Vec<AccessRecord>, StoreError> {
        let rows = sql::select::<AccessRow, 2>(
            &format!("{ACCESS}{NO_PROOF}{FROM}s.member_id = ? AND s.expires_at > ?"),
            [member.as_uuid().into(), now.into()],
        );
        rows.all(conn)
            .await?
            .into_iter()
            .map(AccessRecord::try_from)
            .collect()
    }

    /// A member's personal tokens that were not ended, expired ones included, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        conn: &impl ConnectionTrait,
        member: MemberId,
    ) -> Result<Vec<AccessToken>, StoreError> {
        let rows = sql::select::<entity::Model, 1>(
            "SELECT * FROM access_tokens WHERE member_id = ? AND client_id IS NULL AND \
             revoked_at IS NULL ORDER BY id DESC LIMIT 200",
            [member.as_uuid().into()],
        );
        rows.all(conn)
            .await?
            .into_iter()
            .map(AccessToken::try_from)
            .collect()
    }

    /// Adds a token.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        token: &AccessToken,
    ) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            id: Set(token.id.as_uuid()),
            token_hash: Set(token.token_hash.as_bytes().to_vec()),
            tenant_id: Set(token.tenant.as_uuid()),
            member_id: Set(token.member.as_uuid()),
            client_id: Set(token.client.map(ClientId::as_uuid)),
            name: Set(token.name.clone()),
            scopes: Set(scopes_to_words(token.scopes)),
            created_at: Set(token.created_at),
            expires_at: Set(token.expires_at),
            last_used_at: Set(token.last_used_at),
            revoked_at: Set(None),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// Ends a member's token; answers its hash, or none when it is not theirs or was ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(
        conn: &impl ConnectionTrait,
        member: MemberId,
        id: TokenId,
        now: DateTime<Utc>,
    ) -> Result<Option<TokenHash>, StoreError> {
        let changed = sql::execute(
            conn,
            "UPDATE access_tokens SET revoked_at = ? \
             WHERE id = ? AND member_id = ? AND revoked_at IS NULL",
            [now.into(), id.as_uuid().into(), member.as_uuid().into()],
        );
        if changed.await? == 0 {
            return Ok(None);
        }
        let row = entity::Entity::find_by_id(id.as_uuid()).one(conn).await?;
        row.map(|row| read_hash(&row.token_hash)).transpose()
    }

    /// Ends all tokens of a member.
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
            "UPDATE access_tokens SET revoked_at = ? WHERE member_id = ? AND revoked_at IS NULL",
            [now.into(), member.as_uuid().into()],
        )
        .await
    }

    /// Notes when tokens were last used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch(
        conn: &impl ConnectionTrait,
        ids: &[TokenId],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};
        if ids.is_empty() {
            return Ok(());
        }
        entity::Entity::update_many()
            .col_expr(entity::Column::LastUsedAt, Expr::value(now))
            .filter(entity::Column::Id.is_in(ids.iter().map(|id| id.as_uuid())))
            .exec(conn)
            .await?;
        Ok(())
    }
}
