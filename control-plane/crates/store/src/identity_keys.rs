//! The table `identity_keys`. What is sealed is opened by the use cases.

use chrono::{DateTime, Utc};
use cp_domain::KeyTerm;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use crate::{StoreError, sql};

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "identity_keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kid: String,
        #[sea_orm(column_type = "Binary(32)")]
        pub public_key: Vec<u8>,
        #[sea_orm(column_type = "VarBinary(StringLen::N(512))")]
        pub private_key: Vec<u8>,
        pub signs_from: DateTimeUtc,
        pub retires_at: Option<DateTimeUtc>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A key that signs identities, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityKey {
    /// Its name.
    pub kid: String,
    /// The public half.
    pub public_key: [u8; 32],
    /// The private half in its envelope.
    pub sealed_private_key: Vec<u8>,
    /// When it signs and until when it is accepted.
    pub term: KeyTerm,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl TryFrom<entity::Model> for IdentityKey {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        let public_key = row.public_key.try_into();
        Ok(Self {
            kid: row.kid,
            public_key: public_key
                .map_err(|_| StoreError::corrupt("identity_keys", "public_key"))?,
            sealed_private_key: row.private_key,
            term: KeyTerm {
                signs_from: row.signs_from,
                retires_at: row.retires_at,
            },
            created_at: row.created_at,
        })
    }
}

/// The table `identity_keys`.
#[derive(Debug, Clone, Copy)]
pub struct IdentityKeyStore;

impl IdentityKeyStore {
    /// The keys that are accepted, the one that signs earliest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_accepted(
        conn: &impl ConnectionTrait,
        now: DateTime<Utc>,
    ) -> Result<Vec<IdentityKey>, StoreError> {
        let accepted = Condition::any()
            .add(entity::Column::RetiresAt.is_null())
            .add(entity::Column::RetiresAt.gt(now));
        let rows = entity::Entity::find()
            .filter(accepted)
            .order_by_asc(entity::Column::SignsFrom)
            .all(conn)
            .await?;
        rows.into_iter().map(IdentityKey::try_from).collect()
    }

    /// Adds a key and sets the end of those before it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        key: &IdentityKey,
        others_retire_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        if let Some(end) = others_retire_at {
            let text = "UPDATE identity_keys SET retires_at = ? WHERE retires_at IS NULL";
            sql::execute(conn, text, [end.into()]).await?;
        }
        let row = entity::ActiveModel {
            kid: Set(key.kid.clone()),
            public_key: Set(key.public_key.to_vec()),
            private_key: Set(key.sealed_private_key.clone()),
            signs_from: Set(key.term.signs_from),
            retires_at: Set(key.term.retires_at),
            created_at: Set(key.created_at),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// Removes keys that retired before a moment.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_retired(
        conn: &impl ConnectionTrait,
        before: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let text = "DELETE FROM identity_keys WHERE retires_at < ?";
        sql::execute(conn, text, [before.into()]).await
    }
}
