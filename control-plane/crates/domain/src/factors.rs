//! The second factors of a person.

use serde::{Deserialize, Serialize};

/// How many recovery codes a person gets.
pub const RECOVERY_CODES: usize = 10;

/// Wrong second factors of one pending sign-in after which the password is asked for again.
pub const PENDING_FAILURES: u16 = 10;

/// A kind of second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// The codes of an authenticator app.
    Totp,
    /// A passkey, with the user verified.
    Passkey,
    /// One of the codes for who lost the others.
    RecoveryCode,
}

impl Factor {
    /// The word in JSON and in the audit log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

/// What a person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Factors {
    /// An authenticator app.
    pub totp: bool,
    /// Passkeys.
    pub passkeys: u32,
    /// Recovery codes that are not used.
    pub recovery_codes: u32,
}

impl Factors {
    /// Whether there is a second factor. Recovery codes alone are none.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.totp || self.passkeys > 0
    }

    /// Whether this is the only one.
    #[must_use]
    pub const fn only(&self, factor: Factor) -> bool {
        match factor {
            Factor::Totp => self.totp && self.passkeys == 0,
            Factor::Passkey => self.passkeys == 1 && !self.totp,
            Factor::RecoveryCode => false,
        }
    }

    /// The kinds that may be asked for. Recovery codes are always good and not among them.
    #[must_use]
    pub fn methods(&self) -> Vec<Factor> {
        let totp = self.totp.then_some(Factor::Totp);
        let passkey = (self.passkeys > 0).then_some(Factor::Passkey);
        totp.into_iter().chain(passkey).collect()
    }
}

/// The letters and digits of a recovery code as somebody typed it; none when it cannot be one.
#[must_use]
pub fn recovery_code_letters(typed: &str) -> Option<String> {
    let plain: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_lowercase() {
            // What the alphabet leaves out is read as what it looks like.
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    let legal = plain.len() == RECOVERY_CODE_LETTERS
        && plain.bytes().all(|b| RECOVERY_ALPHABET.contains(&b));
    legal.then_some(plain)
}

/// Letters of a recovery code: 80 bits.
pub const RECOVERY_CODE_LETTERS: usize = 16;

/// Crockford's base 32 in lower case.
pub const RECOVERY_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_may_be_typed_as_people_type() {
        let plain = Some("0123456789abcdef".to_owned());
        assert_eq!(recovery_code_letters("0123-4567-89ab-cdef"), plain);
        assert_eq!(recovery_code_letters(" OI23 4567 89AB CDEF "), plain);
        for wrong in [
            "",
            "0123-4567-89ab-cde",
            "0123-4567-89ab-cdefg",
            "0123-4567-89ab-cdeu",
        ] {
            assert_eq!(recovery_code_letters(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn recovery_codes_alone_are_no_factor() {
        let mut factors = Factors {
            recovery_codes: 10,
            ..Factors::default()
        };
        assert!(!factors.any() && factors.methods().is_empty());
        factors.totp = true;
        assert!(factors.any() && factors.only(Factor::Totp));
        factors.passkeys = 1;
        assert!(!factors.only(Factor::Totp) && !factors.only(Factor::Passkey));
        assert_eq!(factors.methods(), [Factor::Totp, Factor::Passkey]);
    }
}
