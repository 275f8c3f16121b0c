//! What a sweep needs: in which databases to look, and the accounts to look with.

use kernel::{Generation, ServerId, TenantId};
use serde::{Deserialize, Serialize};

use crate::DatabasePassword;

/// `GET /sweep`: a page of the active tenants of the node's ring, by id. The query is that of
/// `GET /tenants`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SweepPage {
    /// The tenants.
    pub tenants: Vec<SweepEntry>,
    /// The servers that they are on. One whose account cannot be used is not among them.
    pub servers: Vec<SweepServer>,
    /// The `after` of the next page; none on the last.
    pub next_after: Option<TenantId>,
}

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepEntry {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The generation of its placement.
    pub generation: Generation,
    /// What to look at; none while the sweep account may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<SweptDatabase>,
}

/// A database on a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweptDatabase {
    /// The server.
    pub server_id: ServerId,
    /// The database.
    pub name: String,
}

/// A server, with the account that may see whether anything waits there, and nothing else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SweepServer {
    /// The server.
    pub server_id: ServerId,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The account.
    pub user: String,
    /// The account's password.
    pub password: DatabasePassword,
}
