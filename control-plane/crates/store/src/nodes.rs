//! The table `runtime_nodes`.

use chrono::{DateTime, Utc};
use cp_domain::{Node, Ring, TokenHash};
use kernel::NodeId;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};

use crate::{StoreError, sql};

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "runtime_nodes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub ring: String,
        #[sea_orm(column_type = "Binary(32)")]
        pub secret_hash: Vec<u8>,
        pub address: Option<String>,
        pub version: Option<String>,
        pub draining: bool,
        pub in_flight: u32,
        pub registered_at: Option<DateTimeUtc>,
        pub last_beat_at: Option<DateTimeUtc>,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

impl TryFrom<entity::Model> for Node {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        let ring = row
            .ring
            .parse()
            .map_err(|_| StoreError::corrupt("runtime_nodes", "ring"))?;
        Ok(Self {
            id: row.id.into(),
            name: row.name,
            ring,
            address: row.address,
            version: row.version,
            draining: row.draining,
            in_flight: row.in_flight,
            registered_at: row.registered_at,
            last_beat_at: row.last_beat_at,
        })
    }
}

/// A node that is made known before it first starts.
#[derive(Debug, Clone)]
pub struct NewNode {
    /// The node.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Its ring.
    pub ring: Ring,
    /// The hash of its secret.
    pub secret_hash: TokenHash,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// The table `runtime_nodes`.
#[derive(Debug, Clone, Copy)]
pub struct NodeStore;

impl NodeStore {
    /// Every node, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<Node>, StoreError> {
        let rows = entity::Entity::find()
            .order_by_asc(entity::Column::Name)
            .all(conn)
            .await?;
        rows.into_iter().map(Node::try_from).collect()
    }

    /// The nodes that have an address and have not left, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_addressed(conn: &impl ConnectionTrait) -> Result<Vec<Node>, StoreError> {
        let rows = entity::Entity::find()
            .filter(entity::Column::LastBeatAt.is_not_null())
            .filter(entity::Column::Address.is_not_null())
            .order_by_asc(entity::Column::Name)
            .all(conn)
            .await?;
        rows.into_iter().map(Node::try_from).collect()
    }

    /// The node with this secret, with the hash to compare once more in constant time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_by_secret(
        conn: &impl ConnectionTrait,
        hash: &TokenHash,
    ) -> Result<Option<(Node, TokenHash)>, StoreError> {
        let found = entity::Entity::find()
            .filter(entity::Column::SecretHash.eq(hash.as_bytes().to_vec()))
            .one(conn)
            .await?;
        let Some(row) = found else { return Ok(None) };
        let hash = TokenHash::from_slice(&row.secret_hash)
            .ok_or(StoreError::corrupt("runtime_nodes", "secret_hash"))?;
        Ok(Some((row.try_into()?, hash)))
    }

    /// Adds a node; [`StoreError::Duplicate`] when the name is taken.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert(conn: &impl ConnectionTrait, node: &NewNode) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            id: Set(node.id.as_uuid()),
            name: Set(node.name.clone()),
            ring: Set(node.ring.as_str().to_owned()),
            secret_hash: Set(node.secret_hash.as_bytes().to_vec()),
            address: Set(None),
            version: Set(None),
            draining: Set(false),
            in_flight: Set(0),
            registered_at: Set(None),
            last_beat_at: Set(None),
            created_at: Set(node.created_at),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// Gives a node another secret; false when there is no such node.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn replace_secret(
        conn: &impl ConnectionTrait,
        name: &str,
        hash: &TokenHash,
    ) -> Result<bool, StoreError> {
        let values = [hash.as_bytes().to_vec().into(), name.into()];
        let text = "UPDATE runtime_nodes SET secret_hash = ? WHERE name = ?";
        Ok(sql::execute(conn, text, values).await? > 0)
    }

    /// Notes a start. The node takes no requests yet: its first beat says that it does, once it has
    /// taken in what it was told.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register(
        conn: &impl ConnectionTrait,
        id: NodeId,
        address: Option<&str>,
        version: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let text = "UPDATE runtime_nodes SET address = ?, version = ?, draining = TRUE, \
             in_flight = 0, registered_at = ?, last_beat_at = ? WHERE id = ?";
        let address = address.map(str::to_owned);
        let values = [
            address.into(),
            version.into(),
            now.into(),
            now.into(),
            id.as_uuid().into(),
        ];
        sql::execute(conn, text, values).await.map(drop)
    }

    /// Notes a beat of a node that has registered; false when it has not, or has left.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn beat(
        conn: &impl ConnectionTrait,
        id: NodeId,
        draining: bool,
        in_flight: u32,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE runtime_nodes SET draining = ?, in_flight = ?, last_beat_at = ? \
             WHERE id = ? AND last_beat_at IS NOT NULL";
        let values = [
            draining.into(),
            in_flight.into(),
            now.into(),
            id.as_uuid().into(),
        ];
        Ok(sql::execute(conn, text, values).await? > 0)
    }

    /// Takes a node out of service until it registers again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave(conn: &impl ConnectionTrait, id: NodeId) -> Result<(), StoreError> {
        let text = "UPDATE runtime_nodes SET last_beat_at = NULL, in_flight = 0 WHERE id = ?";
        sql::execute(conn, text, [id.as_uuid().into()])
            .await
            .map(drop)
    }

    /// Removes a node for good; false when there is none of this name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(conn: &impl ConnectionTrait, name: &str) -> Result<bool, StoreError> {
        let text = "DELETE FROM runtime_nodes WHERE name = ?";
        Ok(sql::execute(conn, text, [name.into()]).await? > 0)
    }
}
