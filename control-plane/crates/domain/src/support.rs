//! Staff's access to a tenant: asked for, consented to, for a time.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Scope, Scopes};
use serde::{Deserialize, Serialize};

/// The shortest time that access is asked for, in minutes.
pub const MIN_SUPPORT_MINUTES: u32 = 5;
/// The longest time, in minutes.
pub const MAX_SUPPORT_MINUTES: u32 = 8 * 60;
/// How long a request waits for an answer.
pub const SUPPORT_REQUEST_LIFE: TimeDelta = TimeDelta::days(3);

/// Where a request for access is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupportState {
    /// Nobody of the tenant has answered.
    Requested,
    /// The tenant consented, and the time is not over.
    Granted,
    /// The tenant said no.
    Declined,
    /// The tenant took its consent back.
    Withdrawn,
    /// Staff gave it back, or the time is over.
    Ended,
}

impl SupportState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Requested,
        Self::Granted,
        Self::Declined,
        Self::Withdrawn,
        Self::Ended,
    ];

    /// The word in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Granted => "granted",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Ended => "ended",
        }
    }

    /// The state of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// The state at a time: what has run out has ended, whether or not somebody wrote it down.
    #[must_use]
    pub fn at(
        self,
        requested_at: DateTime<Utc>,
        expires_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        match self {
            Self::Requested if now - requested_at >= SUPPORT_REQUEST_LIFE => Self::Ended,
            Self::Granted if expires_at.is_none_or(|end| end <= now) => Self::Ended,
            state => state,
        }
    }
}

/// What staff may do in a tenant that consented: read.
#[must_use]
pub fn support_scopes() -> Scopes {
    [Scope::WorkItemsRead, Scope::MembersRead]
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_runs_out_by_itself() {
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let end = start + TimeDelta::minutes(30);
        let granted = |now| SupportState::Granted.at(start, Some(end), now);
        assert_eq!(granted(end - TimeDelta::seconds(1)), SupportState::Granted);
        assert_eq!(granted(end), SupportState::Ended);
        assert_eq!(
            SupportState::Granted.at(start, None, start),
            SupportState::Ended
        );
        let late = start + SUPPORT_REQUEST_LIFE;
        assert_eq!(
            SupportState::Requested.at(start, None, late),
            SupportState::Ended
        );
        assert_eq!(
            SupportState::Withdrawn.at(start, Some(end), start),
            SupportState::Withdrawn
        );
        for state in SupportState::ALL {
            assert_eq!(SupportState::parse(state.as_str()), Some(state));
        }
    }

    #[test]
    fn staff_only_read() {
        let scopes = support_scopes();
        for scope in [Scope::WorkItemsWrite, Scope::MembersWrite, Scope::Admin] {
            assert!(!scopes.contains(scope));
        }
    }
}
