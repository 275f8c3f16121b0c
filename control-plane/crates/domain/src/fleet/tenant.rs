//! A tenant in the catalogue and the states of its life.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use kernel::{Generation, PlacementGroupId, ServerId, TenantContext, TenantId};
use serde::{Deserialize, Serialize};

/// Where a tenant is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantState {
    /// Asked for.
    Requested,
    /// Being made.
    Provisioning,
    /// In service.
    Active,
    /// Kept, not in service.
    Suspended,
    /// Put away.
    Archived,
    /// In its days of grace.
    Deleted,
    /// Gone; the row stays for the records.
    Purged,
    /// Served on its old version, apart from the fleet.
    Quarantined,
}

impl TenantState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Requested,
        Self::Provisioning,
        Self::Active,
        Self::Suspended,
        Self::Archived,
        Self::Deleted,
        Self::Purged,
        Self::Quarantined,
    ];

    /// The word in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Provisioning => "provisioning",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
            Self::Deleted => "deleted",
            Self::Purged => "purged",
            Self::Quarantined => "quarantined",
        }
    }

    /// Whether a tenant may go from this state to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use TenantState::{
            Active, Archived, Deleted, Provisioning, Purged, Quarantined, Requested, Suspended,
        };
        matches!(
            (self, next),
            (Requested, Provisioning | Purged)
                | (Provisioning, Active | Purged)
                // Back while a provisioning that had got so far is being taken back.
                | (Active, Provisioning | Suspended | Quarantined)
                | (Suspended, Active | Archived)
                | (Archived, Suspended | Deleted)
                | (Deleted, Archived | Purged)
                | (Quarantined, Active | Suspended)
        )
    }

    /// Whether requests are answered and jobs done.
    #[must_use]
    pub const fn is_in_service(self) -> bool {
        matches!(self, Self::Active | Self::Quarantined)
    }
}

impl fmt::Display for TenantState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no state of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such state of a tenant")]
pub struct UnknownTenantState;

impl FromStr for TenantState {
    type Err = UnknownTenantState;
    fn from_str(word: &str) -> Result<Self, UnknownTenantState> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or(UnknownTenantState)
    }
}

/// A row of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// The id.
    pub id: TenantId,
    /// First label of the host name. Not a [`crate::Slug`]: a purged tenant has given its up.
    pub slug: String,
    /// The name.
    pub name: String,
    /// The plan.
    pub plan: String,
    /// Where it is in its life.
    pub state: TenantState,
    /// How often its placement changed hands.
    pub generation: Generation,
    /// The group it belongs to.
    pub placement_group: PlacementGroupId,
    /// The server that has its database.
    pub server: Option<ServerId>,
    /// Its time zone.
    pub time_zone: String,
    /// Version of its schema.
    pub schema_version: Option<i64>,
    /// Fingerprint after its last migration.
    pub schema_fingerprint: Option<String>,
    /// Grows with each change of the row; what compare-and-set compares.
    pub revision: u64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
}

impl Tenant {
    /// The tenant at its present generation.
    #[must_use]
    pub const fn context(&self) -> TenantContext {
        TenantContext {
            tenant: self.id,
            generation: self.generation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_words() {
        for state in TenantState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }

    #[test]
    fn nothing_leads_out_of_purged_and_nothing_skips_provisioning() {
        for state in TenantState::ALL {
            assert!(!TenantState::Purged.may_become(state));
            assert!(!TenantState::Requested.may_become(state) || !state.is_in_service());
            assert!(!state.may_become(state));
        }
    }
}
