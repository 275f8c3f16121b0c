//! MariaDB servers that hold tenant databases.

use chrono::{DateTime, Utc};
use cp_domain::ServerLoad;
use kernel::{PlacementGroupId, ServerId};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
use uuid::Uuid;

use crate::{PlacementGroup, StoreError, placement_groups::read_ring, sql};

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// The id.
    pub id: ServerId,
    /// The unique name.
    pub name: String,
    /// The group that it serves.
    pub placement_group: PlacementGroupId,
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The administrator's account.
    pub admin_user: String,
    /// Its password, sealed.
    pub admin_password: Vec<u8>,
    /// How many tenants it may have.
    pub max_tenants: u32,
    /// Whether it takes new ones.
    pub accepts_tenants: bool,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// A server with its group and how full it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedServer {
    /// The server.
    pub server: Server,
    /// Its group.
    pub group: PlacementGroup,
    /// How many tenants it has.
    pub tenants: u64,
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "database_servers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub placement_group_id: Uuid,
        pub host: String,
        pub port: u16,
        pub admin_user: String,
        pub admin_password: Vec<u8>,
        pub max_tenants: u32,
        pub accepts_tenants: bool,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl From<entity::Model> for Server {
    fn from(row: entity::Model) -> Self {
        Self {
            id: row.id.into(),
            name: row.name,
            placement_group: row.placement_group_id.into(),
            host: row.host,
            port: row.port,
            admin_user: row.admin_user,
            admin_password: row.admin_password,
            max_tenants: row.max_tenants,
            accepts_tenants: row.accepts_tenants,
            created_at: row.created_at,
        }
    }
}

#[derive(FromQueryResult)]
struct LoadRow {
    id: Uuid,
    max_tenants: u32,
    accepts_tenants: bool,
    tenants: i64,
}

#[derive(FromQueryResult)]
struct GroupRow {
    id: Uuid,
    tenants: i64,
    group_name: String,
    ring: String,
    group_created_at: DateTime<Utc>,
}

/// The table `database_servers`.
#[derive(Debug, Clone, Copy)]
pub struct ServerStore;

impl ServerStore {
    /// Adds a server.
    ///
    /// # Errors
    /// When the name is taken or the database fails.
    pub async fn insert(conn: &impl ConnectionTrait, server: &Server) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            id: Set(server.id.as_uuid()),
            name: Set(server.name.clone()),
            placement_group_id: Set(server.placement_group.as_uuid()),
            host: Set(server.host.clone()),
            port: Set(server.port),
            admin_user: Set(server.admin_user.clone()),
            admin_password: Set(server.admin_password.clone()),
            max_tenants: Set(server.max_tenants),
            accepts_tenants: Set(server.accepts_tenants),
            created_at: Set(server.created_at),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// The server with this id.
    ///
    /// # Errors
    /// When there is none or the database fails.
    pub async fn get(conn: &impl ConnectionTrait, id: ServerId) -> Result<Server, StoreError> {
        let row = entity::Entity::find_by_id(id.as_uuid()).one(conn).await?;
        row.map(Server::from).ok_or(StoreError::Missing("server"))
    }

    /// How full the servers of a group are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn loads(
        conn: &impl ConnectionTrait,
        group: PlacementGroupId,
    ) -> Result<Vec<ServerLoad>, StoreError> {
        let rows = sql::select::<LoadRow, 1>(
            "SELECT s.id, s.max_tenants, s.accepts_tenants, \
             (SELECT COUNT(*) FROM tenants t WHERE t.server_id = s.id) AS tenants \
             FROM database_servers s WHERE s.placement_group_id = ?",
            [group.as_uuid().into()],
        );
        let load = |row: LoadRow| ServerLoad {
            server: row.id.into(),
            tenants: u32::try_from(row.tenants).unwrap_or(u32::MAX),
            max_tenants: row.max_tenants,
            accepts_tenants: row.accepts_tenants,
        };
        Ok(rows.all(conn).await?.into_iter().map(load).collect())
    }

    /// Every server with its group, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<CountedServer>, StoreError> {
        let servers = entity::Entity::find().all(conn).await?;
        let groups = sql::select::<GroupRow, 0>(
            "SELECT s.id, g.name AS group_name, g.ring, g.created_at AS group_created_at, \
             (SELECT COUNT(*) FROM tenants t WHERE t.server_id = s.id) AS tenants \
             FROM database_servers s JOIN placement_groups g ON g.id = s.placement_group_id \
             ORDER BY s.name",
            [],
        );
        let mut listed = Vec::with_capacity(servers.len());
        for row in groups.all(conn).await? {
            let Some(server) = servers.iter().find(|server| server.id == row.id) else {
                continue;
            };
            listed.push(CountedServer {
                group: PlacementGroup {
                    id: server.placement_group_id.into(),
                    name: row.group_name,
                    ring: read_ring(&row.ring)?,
                    created_at: row.group_created_at,
                },
                server: server.clone().into(),
                tenants: u64::try_from(row.tenants).unwrap_or_default(),
            });
        }
        Ok(listed)
    }
}
