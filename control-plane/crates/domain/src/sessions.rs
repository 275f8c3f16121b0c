//! Sessions and the hashes by which secrets are known.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The SHA-256 of a secret that somebody carries: a cookie, a token, an invitation. The secret
/// itself is kept nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash from a column.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The hash that [`fmt::Display`] wrote.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// Whether a session or token may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// It may be used.
    Active,
    /// Its time is over.
    Expired,
    /// It was ended.
    Revoked,
}

impl SessionState {
    /// The state at a moment. A session's last moment is the one before `expires_at`.
    #[must_use]
    pub fn at(
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
        revoked_at: Option<DateTime<Utc>>,
    ) -> Self {
        if revoked_at.is_some() {
            Self::Revoked
        } else if expires_at <= now {
            Self::Expired
        } else {
            Self::Active
        }
    }
}

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// With the password.
    Password,
    /// With a passkey and nothing else.
    Passkey,
    /// Through the tenant's identity provider.
    Sso,
    /// By accepting an invitation.
    Invitation,
    /// From the host of people.
    Handoff,
}

impl SignInMethod {
    /// Every method.
    pub const ALL: [Self; 5] = [
        Self::Password,
        Self::Passkey,
        Self::Sso,
        Self::Invitation,
        Self::Handoff,
    ];

    /// The word in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Sso => "sso",
            Self::Invitation => "invitation",
            Self::Handoff => "handoff",
        }
    }

    /// The method of a word in the database.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == word)
    }
}

/// How far a session has come. Only an active one signs anybody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStage {
    /// Everything that was due was given.
    Active,
    /// The second factor is due.
    SecondFactor,
    /// The tenant wants a second factor and the person has none: getting one is due.
    Enrolment,
}

impl SessionStage {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::SecondFactor => "second_factor",
            Self::Enrolment => "enrolment",
        }
    }

    /// The stage of a word in the database.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::SecondFactor, Self::Enrolment]
            .into_iter()
            .find(|stage| stage.as_str() == word)
    }
}

/// How far a staff session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffSessionState {
    /// The password was right; the second factor is due.
    Pending,
    /// Both factors were right.
    Active,
}

impl StaffSessionState {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
        }
    }

    /// The state of a word in the database.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Active]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_hash_goes_to_hex_and_back_and_never_into_a_log() {
        let hash = TokenHash::new(std::array::from_fn(|at| u8::try_from(at * 7).unwrap()));
        assert_eq!(TokenHash::from_hex(&hash.to_string()), Some(hash));
        assert_eq!(TokenHash::from_hex("zz"), None);
        assert_eq!(TokenHash::from_hex(&"é".repeat(32)), None);
        assert_eq!(format!("{hash:?}"), "TokenHash(…)");
    }

    #[test]
    fn a_revoked_session_stays_revoked() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let later = now + TimeDelta::seconds(1);
        assert_eq!(SessionState::at(now, later, None), SessionState::Active);
        assert_eq!(SessionState::at(now, now, None), SessionState::Expired);
        assert_eq!(
            SessionState::at(now, later, Some(later)),
            SessionState::Revoked
        );
    }
}
