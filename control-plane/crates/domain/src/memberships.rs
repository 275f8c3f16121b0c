//! A person in a tenant: role, external, state, and the rules by which they change.

use std::fmt;

use kernel::{MemberId, PersonId, Revision, Role, TenantId};
use serde::{Deserialize, Serialize};

/// Where a membership stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// Asked, has not come yet.
    Invited,
    /// May sign in.
    Active,
    /// May not any more.
    Archived,
}

impl MemberState {
    /// The word in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }

    /// The state of a word in the database.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Invited, Self::Active, Self::Archived]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}

impl fmt::Display for MemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a member is in the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The role.
    pub role: Role,
    /// Whether they are external to the customer.
    pub external: bool,
}

impl Standing {
    /// The standing, when there is such a one.
    ///
    /// # Errors
    /// An external never administers.
    pub fn new(role: Role, external: bool) -> Result<Self, MembershipError> {
        if external && role == Role::Architect {
            return Err(MembershipError::ExternalArchitect);
        }
        Ok(Self { role, external })
    }
}

/// A membership. Its version counts its changes; the tenant database holds the version that
/// `projected` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// The member.
    pub member: MemberId,
    /// The tenant.
    pub tenant: TenantId,
    /// The person.
    pub person: PersonId,
    /// What they are.
    pub standing: Standing,
    /// Where it stands.
    pub state: MemberState,
    /// How often it has changed, from 1.
    pub version: u32,
    /// The version that the tenant database has; 0 for none.
    pub projected: u32,
}

/// Why a membership may not change so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MembershipError {
    /// An external may not be architect.
    #[error("An external member may not be an architect.")]
    ExternalArchitect,
    /// The tenant would be left without an active architect.
    #[error("This is the tenant's last active architect.")]
    LastArchitect,
    /// The member was archived.
    #[error("The member is archived.")]
    Archived,
    /// The member has come already.
    #[error("The member is not waiting for an invitation.")]
    NotInvited,
    /// The person is a member.
    #[error("The person is a member of this tenant.")]
    AlreadyMember,
}

impl Membership {
    /// A new membership, invited.
    #[must_use]
    pub const fn invited(
        member: MemberId,
        tenant: TenantId,
        person: PersonId,
        standing: Standing,
    ) -> Self {
        Self {
            member,
            tenant,
            person,
            standing,
            state: MemberState::Invited,
            version: 1,
            projected: 0,
        }
    }

    /// A new membership, active at once: somebody who may say so vouches for the person.
    #[must_use]
    pub const fn vouched_for(
        member: MemberId,
        tenant: TenantId,
        person: PersonId,
        standing: Standing,
    ) -> Self {
        Self {
            state: MemberState::Active,
            ..Self::invited(member, tenant, person, standing)
        }
    }

    /// The revision that clients see.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        Revision(self.version)
    }

    /// Whether this member administers the tenant now.
    #[must_use]
    pub fn is_active_architect(&self) -> bool {
        self.state == MemberState::Active && self.standing.role == Role::Architect
    }

    /// After the invitation was accepted.
    ///
    /// # Errors
    /// When the member is not waiting.
    pub fn activated(self) -> Result<Self, MembershipError> {
        match self.state {
            MemberState::Invited => Ok(self.next(self.standing, MemberState::Active)),
            MemberState::Active => Err(MembershipError::NotInvited),
            MemberState::Archived => Err(MembershipError::Archived),
        }
    }

    /// Active because somebody who may say so vouches for the person; the same version when it was.
    #[must_use]
    pub fn taken_up(self) -> Self {
        if self.state == MemberState::Active {
            return self;
        }
        self.next(self.standing, MemberState::Active)
    }

    /// The next version, when something changed that is kept beside it.
    #[must_use]
    pub const fn touched(self) -> Self {
        self.next(self.standing, self.state)
    }

    /// With another standing; the same version when nothing changes. `other_architects` is the
    /// number of active architects beside this member.
    ///
    /// # Errors
    /// When the member is archived or is the last architect.
    pub fn changed(self, to: Standing, other_architects: u64) -> Result<Self, MembershipError> {
        if self.state == MemberState::Archived {
            return Err(MembershipError::Archived);
        }
        if to == self.standing {
            return Ok(self);
        }
        if self.is_active_architect() && to.role != Role::Architect && other_architects == 0 {
            return Err(MembershipError::LastArchitect);
        }
        Ok(self.next(to, self.state))
    }

    /// Archived; the same version when it was.
    ///
    /// # Errors
    /// When the member is the last architect.
    pub fn archived(self, other_architects: u64) -> Result<Self, MembershipError> {
        if self.state == MemberState::Archived {
            return Ok(self);
        }
        if self.is_active_architect() && other_architects == 0 {
            return Err(MembershipError::LastArchitect);
        }
        Ok(self.next(self.standing, MemberState::Archived))
    }

    /// Invited again after having been archived.
    ///
    /// # Errors
    /// When the person is a member, or waits for an invitation sent before.
    pub fn invited_again(self, standing: Standing) -> Result<Self, MembershipError> {
        if self.state != MemberState::Archived {
            return Err(MembershipError::AlreadyMember);
        }
        Ok(self.next(standing, MemberState::Invited))
    }

    const fn next(self, standing: Standing, state: MemberState) -> Self {
        Self {
            standing,
            state,
            version: self.version + 1,
            ..self
        }
    }
}

#[cfg(test)]
#[path = "memberships_tests.rs"]
mod tests;
