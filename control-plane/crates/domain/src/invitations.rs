//! Invitations: a link by which an invited person comes in, once.

use chrono::{DateTime, TimeDelta, Utc};

use crate::MemberState;

/// How long an invitation can be accepted.
pub const INVITATION_LIFE: TimeDelta = TimeDelta::days(7);

/// Why an invitation cannot be accepted any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpentInvitation {
    /// Somebody came in by it.
    #[error("This invitation has been used. Sign in instead.")]
    Used,
    /// Its time is over.
    #[error("This invitation has expired. Ask for a new one.")]
    Expired,
    /// A newer one was sent, or the member was archived.
    #[error("This invitation is not valid any more. Ask for a new one.")]
    Withdrawn,
}

/// What is known of an invitation when somebody comes with it.
#[derive(Debug, Clone, Copy)]
pub struct InvitationTerms {
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was withdrawn.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Where the membership stands.
    pub member: MemberState,
}

impl InvitationTerms {
    /// Checks that it can be accepted.
    ///
    /// # Errors
    /// When it cannot.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), SpentInvitation> {
        if self.accepted_at.is_some() {
            Err(SpentInvitation::Used)
        } else if self.revoked_at.is_some() || self.member != MemberState::Invited {
            Err(SpentInvitation::Withdrawn)
        } else if self.expires_at <= now {
            Err(SpentInvitation::Expired)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_good_until_something_happened() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let fresh = InvitationTerms {
            expires_at: now + INVITATION_LIFE,
            accepted_at: None,
            revoked_at: None,
            member: MemberState::Invited,
        };
        assert_eq!(fresh.check(now), Ok(()));
        assert_eq!(
            fresh.check(now + INVITATION_LIFE),
            Err(SpentInvitation::Expired)
        );
        let used = InvitationTerms {
            accepted_at: Some(now),
            member: MemberState::Active,
            ..fresh
        };
        assert_eq!(used.check(now), Err(SpentInvitation::Used));
        let archived = InvitationTerms {
            member: MemberState::Archived,
            ..fresh
        };
        assert_eq!(archived.check(now), Err(SpentInvitation::Withdrawn));
        let replaced = InvitationTerms {
            revoked_at: Some(now),
            ..fresh
        };
        assert_eq!(replaced.check(now), Err(SpentInvitation::Withdrawn));
    }
}
