//! The database of a tenant at a generation, with its two accounts.

use chrono::{DateTime, Utc};
use cp_domain::DatabaseNames;
use kernel::{ServerId, TenantContext};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::StoreError;

/// A tenant's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantDatabase {
    /// The tenant at the generation that this database serves.
    pub tenant: TenantContext,
    /// The server that has it.
    pub server: ServerId,
    /// What it and its accounts are called.
    pub names: DatabaseNames,
    /// Stands in the database's comment: what bears it is ours.
    pub nonce: String,
    /// The runtime account's password, sealed.
    pub runtime_password: Vec<u8>,
    /// The migrator account's password, sealed.
    pub migrator_password: Vec<u8>,
    /// When it was planned.
    pub created_at: DateTime<Utc>,
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "tenant_databases")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub generation: u32,
        pub server_id: Uuid,
        pub database_name: String,
        pub nonce: String,
        pub runtime_user: String,
        pub runtime_password: Vec<u8>,
        pub migrator_user: String,
        pub migrator_password: Vec<u8>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl TenantDatabase {
    fn from_row(tenant: TenantContext, row: entity::Model) -> Self {
        Self {
            tenant,
            server: row.server_id.into(),
            names: DatabaseNames {
                database: row.database_name,
                runtime_user: row.runtime_user,
                migrator_user: row.migrator_user,
            },
            nonce: row.nonce,
            runtime_password: row.runtime_password,
            migrator_password: row.migrator_password,
            created_at: row.created_at,
        }
    }
}

/// The table `tenant_databases`.
#[derive(Debug, Clone, Copy)]
pub struct TenantDatabaseStore;

impl TenantDatabaseStore {
    /// Adds a database.
    ///
    /// # Errors
    /// When there is one of this generation or the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        database: &TenantDatabase,
    ) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            tenant_id: Set(database.tenant.tenant.as_uuid()),
            generation: Set(database.tenant.generation.0),
            server_id: Set(database.server.as_uuid()),
            database_name: Set(database.names.database.clone()),
            nonce: Set(database.nonce.clone()),
            runtime_user: Set(database.names.runtime_user.clone()),
            runtime_password: Set(database.runtime_password.clone()),
            migrator_user: Set(database.names.migrator_user.clone()),
            migrator_password: Set(database.migrator_password.clone()),
            created_at: Set(database.created_at),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// The database of a tenant at a generation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(
        conn: &impl ConnectionTrait,
        tenant: TenantContext,
    ) -> Result<Option<TenantDatabase>, StoreError> {
        let row = entity::Entity::find_by_id((tenant.tenant.as_uuid(), tenant.generation.0))
            .one(conn)
            .await?;
        Ok(row.map(|row| TenantDatabase::from_row(tenant, row)))
    }

    /// Forgets the database of a tenant at a generation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(
        conn: &impl ConnectionTrait,
        tenant: TenantContext,
    ) -> Result<(), StoreError> {
        entity::Entity::delete_many()
            .filter(entity::Column::TenantId.eq(tenant.tenant.as_uuid()))
            .filter(entity::Column::Generation.eq(tenant.generation.0))
            .exec(conn)
            .await?;
        Ok(())
    }
}
