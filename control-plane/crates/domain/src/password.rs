//! What a password must be (NIST SP 800-63B-4): long, not guessable, and nothing about its
//! composition. How guessable it is, is measured by the caller, who has the word lists.

/// Whether the password stands alone or beside a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordUse {
    /// The only factor.
    Alone,
    /// One of two factors.
    WithSecondFactor,
}

impl PasswordUse {
    /// The fewest characters.
    #[must_use]
    pub const fn min_chars(self) -> usize {
        match self {
            Self::Alone => 15,
            Self::WithSecondFactor => 8,
        }
    }
}

/// The most bytes of a password: far above what people or managers choose, low enough that a
/// request cannot make us hash megabytes.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// The least strength (zxcvbn, 0 to 4) of a password that is accepted.
pub const MIN_STRENGTH: u8 = 3;

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too few characters.
    #[error("A password has at least {min} characters.")]
    TooShort {
        /// The fewest.
        min: usize,
    },
    /// Too many bytes.
    #[error("A password has at most {MAX_PASSWORD_BYTES} bytes.")]
    TooLong,
    /// Found quickly by someone who guesses.
    #[error("This password is easy to guess. Several unrelated words make a better one.")]
    Guessable,
    /// In a list that was stolen somewhere.
    #[error("This password was found in a stolen list. Choose another one.")]
    Breached,
}

impl WeakPassword {
    /// The stable word of the refusal.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too_short",
            Self::TooLong => "too_long",
            Self::Guessable => "too_guessable",
            Self::Breached => "breached",
        }
    }
}

/// Checks the length.
///
/// # Errors
/// When the password is too short or too long.
pub fn check_length(password: &str, purpose: PasswordUse) -> Result<(), WeakPassword> {
    let min = purpose.min_chars();
    if password.len() > MAX_PASSWORD_BYTES {
        Err(WeakPassword::TooLong)
    } else if password.chars().count() < min {
        Err(WeakPassword::TooShort { min })
    } else {
        Ok(())
    }
}

/// Checks the measured strength.
///
/// # Errors
/// When the password is easy to guess.
pub const fn check_strength(strength: u8) -> Result<(), WeakPassword> {
    if strength < MIN_STRENGTH {
        Err(WeakPassword::Guessable)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn only_length_counts(password in ".{0,80}") {
            for purpose in [PasswordUse::Alone, PasswordUse::WithSecondFactor] {
                let long = password.chars().count() >= purpose.min_chars();
                prop_assert_eq!(check_length(&password, purpose).is_ok(), long);
            }
        }
    }

    #[test]
    fn sixty_four_characters_are_accepted_and_megabytes_are_not() {
        assert_eq!(check_length(&"ß".repeat(64), PasswordUse::Alone), Ok(()));
        let long = "a".repeat(MAX_PASSWORD_BYTES + 1);
        assert_eq!(
            check_length(&long, PasswordUse::Alone),
            Err(WeakPassword::TooLong)
        );
    }
}
