//! What a tenant uses.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// `PUT /tenants/{id}/usage/{day}`: a day of a tenant. Of two reports of a day the later one stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantUsage {
    /// Active members.
    pub members: u32,
    /// Work items that are not deleted.
    pub items: u32,
    /// How large its database is.
    pub storage_bytes: u64,
    /// Events of that day.
    pub events: u64,
    /// When this was counted.
    pub collected_at: DateTime<Utc>,
}
