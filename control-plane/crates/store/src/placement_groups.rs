//! Sets of tenants kept together.

use chrono::{DateTime, Utc};
use cp_domain::Ring;
use kernel::PlacementGroupId;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
use uuid::Uuid;

use crate::{StoreError, sql};

/// A placement group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacementGroup {
    /// The id.
    pub id: PlacementGroupId,
    /// The unique name.
    pub name: String,
    /// The release ring.
    pub ring: Ring,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

mod entity {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "placement_groups")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub ring: String,
        pub created_at: DateTimeUtc,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    ring: String,
    created_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct CountedRow {
    id: Uuid,
    name: String,
    ring: String,
    created_at: DateTime<Utc>,
    servers: i64,
    tenants: i64,
}

/// A group with what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedGroup {
    /// The group.
    pub group: PlacementGroup,
    /// How many servers serve it.
    pub servers: u64,
    /// How many tenants belong to it.
    pub tenants: u64,
}

pub(crate) fn read_ring(word: &str) -> Result<Ring, StoreError> {
    word.parse()
        .map_err(|_| StoreError::corrupt("placement_groups", "ring"))
}

impl TryFrom<Row> for PlacementGroup {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            name: row.name,
            ring: read_ring(&row.ring)?,
            created_at: row.created_at,
        })
    }
}

/// The table `placement_groups`.
#[derive(Debug, Clone, Copy)]
pub struct PlacementGroupStore;

impl PlacementGroupStore {
    /// Adds a group.
    ///
    /// # Errors
    /// When the name is taken or the database fails.
    pub async fn insert(
        conn: &impl ConnectionTrait,
        group: &PlacementGroup,
    ) -> Result<(), StoreError> {
        let row = entity::ActiveModel {
            id: Set(group.id.as_uuid()),
            name: Set(group.name.clone()),
            ring: Set(group.ring.as_str().to_owned()),
            created_at: Set(group.created_at),
        };
        entity::Entity::insert(row)
            .exec_without_returning(conn)
            .await?;
        Ok(())
    }

    /// The group of this name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_by_name(
        conn: &impl ConnectionTrait,
        name: &str,
    ) -> Result<Option<PlacementGroup>, StoreError> {
        let found = sql::select::<Row, 1>(
            "SELECT id, name, ring, created_at FROM placement_groups WHERE name = ?",
            [name.into()],
        );
        found
            .one(conn)
            .await?
            .map(PlacementGroup::try_from)
            .transpose()
    }

    /// The group of this name; placements into it take turns until the transaction ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lock_by_name(
        conn: &impl ConnectionTrait,
        name: &str,
    ) -> Result<Option<PlacementGroup>, StoreError> {
        let found = sql::select::<Row, 1>(
            "SELECT id, name, ring, created_at FROM placement_groups WHERE name = ? FOR UPDATE",
            [name.into()],
        );
        found
            .one(conn)
            .await?
            .map(PlacementGroup::try_from)
            .transpose()
    }

    /// Every group, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<CountedGroup>, StoreError> {
        let rows = sql::select::<CountedRow, 0>(
            "SELECT g.id, g.name, g.ring, g.created_at, \
             (SELECT COUNT(*) FROM database_servers s WHERE s.placement_group_id = g.id) AS servers, \
             (SELECT COUNT(*) FROM tenants t WHERE t.placement_group_id = g.id \
              AND t.state <> 'purged') AS tenants \
             FROM placement_groups g ORDER BY g.name",
            [],
        );
        rows.all(conn)
            .await?
            .into_iter()
            .map(CountedGroup::try_from)
            .collect()
    }
}

impl TryFrom<CountedRow> for CountedGroup {
    type Error = StoreError;

    fn try_from(row: CountedRow) -> Result<Self, StoreError> {
        Ok(Self {
            servers: u64::try_from(row.servers).unwrap_or_default(),
            tenants: u64::try_from(row.tenants).unwrap_or_default(),
            group: Row {
                id: row.id,
                name: row.name,
                ring: row.ring,
                created_at: row.created_at,
            }
            .try_into()?,
        })
    }
}
