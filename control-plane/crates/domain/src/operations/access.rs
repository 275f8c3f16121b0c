//! What each staff role may do, by least privilege.

use crate::StaffRole;

/// An act of staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FleetPermission {
    /// See tenants, their providers, operations, servers, placement groups and policies.
    Read,
    /// Create tenants, suspend and resume them, retry and cancel operations, run timers; pause
    /// classes of messages, see what dead ones said, send them again or let them be.
    Operate,
    /// Add servers and placement groups.
    Extend,
    /// Read the audit log.
    Audit,
    /// Find people, see how they sign in and from where.
    SeePeople,
    /// Let a person try again who failed too often; end their sessions.
    HelpPeople,
    /// Take a person's second factors away, so that they set new ones.
    ResetFactors,
    /// Stop sign-in through a tenant's provider.
    StopConnections,
    /// Change the platform's policies and the list of unsafe countries.
    ChangePolicies,
    /// See accounts of staff and their sessions.
    SeeStaff,
    /// Invite staff, change their roles, close accounts.
    ManageStaff,
    /// See who looked into which tenant, and why.
    SeeSupport,
    /// Ask for access to a tenant and use it.
    UseSupport,
}

impl FleetPermission {
    /// Every act.
    pub const ALL: [Self; 13] = [
        Self::Read,
        Self::Operate,
        Self::Extend,
        Self::Audit,
        Self::SeePeople,
        Self::HelpPeople,
        Self::ResetFactors,
        Self::StopConnections,
        Self::ChangePolicies,
        Self::SeeStaff,
        Self::ManageStaff,
        Self::SeeSupport,
        Self::UseSupport,
    ];

    /// Whether a member of staff with this role may do it.
    #[must_use]
    pub const fn is_held_by(self, role: StaffRole) -> bool {
        use StaffRole::{Owner, Security, Support};
        match self {
            Self::Read => true,
            Self::Operate => role.may_operate(),
            Self::Extend | Self::ManageStaff => matches!(role, Owner),
            Self::Audit
            | Self::ResetFactors
            | Self::StopConnections
            | Self::ChangePolicies
            | Self::SeeStaff => matches!(role, Security | Owner),
            Self::SeePeople | Self::HelpPeople | Self::SeeSupport => {
                matches!(role, Support | Security | Owner)
            }
            Self::UseSupport => matches!(role, Support | Owner),
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

    #[test]
    fn who_watches_does_not_look_in_and_who_runs_the_fleet_sees_no_people() {
        let held = |role: StaffRole| {
            let all = FleetPermission::ALL.into_iter();
            all.filter(move |p| p.is_held_by(role)).count()
        };
        assert!(!FleetPermission::UseSupport.is_held_by(StaffRole::Security));
        assert!(!FleetPermission::ResetFactors.is_held_by(StaffRole::Support));
        assert!(!FleetPermission::SeePeople.is_held_by(StaffRole::Operator));
        assert_eq!(held(StaffRole::Operator), 2);
    }
}
