//! Database servers and the placement groups that they belong to.

use chrono::{DateTime, Utc};
use garde::Validate;
use kernel::{PlacementGroupId, ServerId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which tenants get a release first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseRing {
    /// Our own.
    Internal,
    /// Volunteers.
    Early,
    /// Everybody else.
    General,
}

/// A placement group by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlacementGroupRef {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: PlacementGroupId,
    /// Its unique name.
    pub name: String,
    /// Its release ring.
    pub ring: ReleaseRing,
}

/// A set of tenants that are kept together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlacementGroupView {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: PlacementGroupId,
    /// Its unique name.
    pub name: String,
    /// Its release ring.
    pub ring: ReleaseRing,
    /// How many servers it has.
    pub servers: u64,
    /// How many tenants live in it.
    pub tenants: u64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A new placement group.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PlacementGroupCreate {
    /// Unique: letters, digits and hyphens.
    #[garde(length(min = 1, max = 63), pattern(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))]
    pub name: String,
    /// Its release ring.
    #[garde(skip)]
    pub ring: ReleaseRing,
}

/// A server by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerRef {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: ServerId,
    /// Its unique name.
    pub name: String,
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// A MariaDB server that holds tenant databases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerView {
    /// The id.
    #[schema(value_type = String, format = Uuid)]
    pub id: ServerId,
    /// Its unique name.
    pub name: String,
    /// The group it serves.
    pub placement_group: PlacementGroupRef,
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How many tenants live there.
    pub tenants: u64,
    /// How many may.
    pub max_tenants: u32,
    /// Whether new tenants may be put there.
    pub accepts_tenants: bool,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// A new server. The account must be able to create databases, accounts and grants.
#[derive(Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ServerCreate {
    /// Unique: letters, digits and hyphens.
    #[garde(length(min = 1, max = 63), pattern(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))]
    pub name: String,
    /// The name of the group it serves.
    #[garde(length(min = 1, max = 63))]
    pub placement_group: String,
    /// Name or address.
    #[garde(length(min = 1, max = 255))]
    pub host: String,
    /// Port.
    #[garde(range(min = 1))]
    pub port: u16,
    /// The administrator's account.
    #[garde(length(min = 1, max = 80))]
    pub admin_user: String,
    /// Its password; sealed at rest, never answered.
    #[garde(length(max = 255))]
    pub admin_password: String,
    /// How many tenants may live there.
    #[garde(range(min = 1))]
    pub max_tenants: u32,
}

impl std::fmt::Debug for ServerCreate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerCreate")
            .field("name", &self.name)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}
