//! What each staff role may do with the fleet, by least privilege.

use crate::StaffRole;

/// An act on the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FleetPermission {
    /// See tenants, operations, servers and placement groups.
    Read,
    /// Create tenants, suspend and resume them, retry and cancel operations.
    Operate,
    /// Add servers and placement groups.
    Extend,
    /// Read the audit log.
    Audit,
}

impl FleetPermission {
    /// Every act.
    pub const ALL: [Self; 4] = [Self::Read, Self::Operate, Self::Extend, Self::Audit];

    /// Whether a member of staff with this role may do it.
    #[must_use]
    pub const fn is_held_by(self, role: StaffRole) -> bool {
        match self {
            Self::Read => true,
            Self::Operate => role.may_operate(),
            Self::Extend => matches!(role, StaffRole::Owner),
            Self::Audit => matches!(role, StaffRole::Security | StaffRole::Owner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_owners_do_everything() {
        for role in StaffRole::ALL {
            let all = FleetPermission::ALL.into_iter().all(|p| p.is_held_by(role));
            assert_eq!(all, role == StaffRole::Owner);
        }
        assert!(!FleetPermission::Operate.is_held_by(StaffRole::Support));
        assert!(!FleetPermission::Audit.is_held_by(StaffRole::Operator));
    }
}
