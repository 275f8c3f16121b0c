//! What a node may know about the tenants of its ring.

use kernel::{Generation, TenantContext, TenantId};
use serde::{Deserialize, Serialize};

use crate::DatabasePassword;

/// `GET /tenants/{id}/placement`: everything that is needed to serve the tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TenantPlacement {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The first label of its host name.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Its state; only tenants in service have a placement.
    pub state: String,
    /// The generation of the placement.
    pub generation: Generation,
    /// Its time zone, an IANA name.
    pub time_zone: String,
    /// Its database and the account of the runtime.
    pub database: DatabaseAddress,
    /// The revision of the tenant in the catalogue.
    pub revision: u64,
}

impl TenantPlacement {
    /// The tenant at this generation.
    #[must_use]
    pub const fn context(&self) -> TenantContext {
        TenantContext {
            tenant: self.tenant_id,
            generation: self.generation,
        }
    }
}

/// Where a tenant's database is and how the runtime gets in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatabaseAddress {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub name: String,
    /// The runtime's account, which may not change the schema.
    pub user: String,
    /// The account's password.
    pub password: DatabasePassword,
}

/// A tenant of the ring, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantEntry {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The generation of its placement.
    pub generation: Generation,
    /// Its state, a word of the catalogue; `active` is the one to serve.
    pub state: String,
    /// The revision of its last change.
    pub revision: u64,
}

/// The query of `GET /tenants`: the active tenants of the node's ring, by id.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantsQuery {
    /// Only tenants after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<TenantId>,
    /// How many, 1 to 1000; 500 unless asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// One page of tenants.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TenantPage {
    /// The tenants, by id.
    pub data: Vec<TenantEntry>,
    /// The `after` of the next page; none on the last.
    pub next_after: Option<TenantId>,
}

/// The query of `GET /changes`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangesQuery {
    /// The last revision that the asker knows.
    pub since: u64,
    /// How long to wait for a change when there is none yet; at most 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u16>,
}

/// What changed in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Ask again with this.
    pub revision: u64,
    /// Tenants of the node's ring that changed, whatever their state is now. Forget what is kept
    /// about them; do so for a tenant that has left the ring too, which comes with state `left`.
    pub tenants: Vec<TenantEntry>,
}
