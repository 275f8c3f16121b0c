//! The platform's own staff: roles by least privilege, and the second factor's steps.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a member of staff may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Looks, and helps customers who consent.
    Support,
    /// Runs the fleet.
    Operator,
    /// Sees to policies and the audit log.
    Security,
    /// Everything, staff accounts included.
    Owner,
}

impl StaffRole {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Support, Self::Operator, Self::Security, Self::Owner];

    /// The word in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Support => "support",
            Self::Operator => "operator",
            Self::Security => "security",
            Self::Owner => "owner",
        }
    }

    /// Whether the role may change the fleet: provision, retry, suspend.
    #[must_use]
    pub const fn may_operate(self) -> bool {
        matches!(self, Self::Operator | Self::Owner)
    }
}

impl fmt::Display for StaffRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no staff role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a staff role is support, operator, security or owner")]
pub struct UnknownStaffRole;

impl FromStr for StaffRole {
    type Err = UnknownStaffRole;
    fn from_str(word: &str) -> Result<Self, UnknownStaffRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or(UnknownStaffRole)
    }
}

/// Seconds of one step of the second factor.
pub const TOTP_STEP_SECONDS: u64 = 30;

/// Wrong codes in a row after which the second factor is closed until an owner resets it.
pub const TOTP_HARD_STOP: u16 = 50;

/// The steps whose code is accepted at a time: the present one and the one before it. A code of
/// the future is refused.
#[must_use]
pub const fn accepted_totp_steps(unix_seconds: u64) -> [u64; 2] {
    let step = unix_seconds / TOTP_STEP_SECONDS;
    [step, step.saturating_sub(1)]
}

/// The six digits of a code as somebody typed it: spaces inside are dropped.
#[must_use]
pub fn totp_digits(typed: &str) -> Option<String> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_may_be_typed_with_spaces() {
        assert_eq!(totp_digits(" 123 456"), Some("123456".to_owned()));
        for wrong in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            assert_eq!(totp_digits(wrong), None);
        }
    }

    #[test]
    fn roles_are_words() {
        for role in StaffRole::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert_eq!("root".parse::<StaffRole>(), Err(UnknownStaffRole));
        assert!(!StaffRole::Support.may_operate());
    }
}
