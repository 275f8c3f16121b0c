//! Secrets of programs: a prefix, 256 random bits and their CRC-32, in letters and digits. Access
//! tokens begin with `trl_`, tokens of directories with `trs_`, secrets of clients with `trc_`.
//!
//! The prefix lets scanners find leaked ones, the checksum lets us refuse a mistyped or truncated
//! one without asking the database.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Scope, Scopes};

/// What every access token begins with.
pub const TOKEN_PREFIX: &str = "trl_";

/// What a secret is good for; none is ever taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// An access token of a member.
    AccessToken,
    /// A token of a tenant's directory.
    DirectoryToken,
    /// The secret of a member's client.
    ClientSecret,
}

impl SecretKind {
    /// What it begins with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::AccessToken => TOKEN_PREFIX,
            Self::DirectoryToken => "trs_",
            Self::ClientSecret => "trc_",
        }
    }
}

/// The longest life of a token.
pub const MAX_TOKEN_DAYS: i64 = 366;

const SECRET_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The access token of these random bytes.
#[must_use]
pub fn format_token(random: &[u8; 32]) -> String {
    format_secret(SecretKind::AccessToken, random)
}

/// The secret of these random bytes.
#[must_use]
pub fn format_secret(kind: SecretKind, random: &[u8; 32]) -> String {
    let secret = base62(random, SECRET_CHARS);
    let checksum = base62(&crc32(secret.as_bytes()).to_be_bytes(), CHECKSUM_CHARS);
    format!("{}{secret}{checksum}", kind.prefix())
}

/// Whether the text is a whole access token: prefix, length and checksum. It may still be unknown.
#[must_use]
pub fn is_whole_token(text: &str) -> bool {
    is_whole_secret(SecretKind::AccessToken, text)
}

/// Whether the text is a whole secret of this kind.
#[must_use]
pub fn is_whole_secret(kind: SecretKind, text: &str) -> bool {
    let Some(rest) = text.strip_prefix(kind.prefix()) else {
        return false;
    };
    if rest.len() != SECRET_CHARS + CHECKSUM_CHARS || !rest.is_ascii() {
        return false;
    }
    let (secret, checksum) = rest.split_at(SECRET_CHARS);
    base62(&crc32(secret.as_bytes()).to_be_bytes(), CHECKSUM_CHARS) == checksum
}

/// Why a token is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRuleError {
    /// It would allow nothing.
    #[error("A token needs at least one scope.")]
    NoScopes,
    /// It would be over before it begins.
    #[error("A token expires in the future.")]
    ExpiresInPast,
    /// It would live too long.
    #[error("A token lives at most {MAX_TOKEN_DAYS} days.")]
    LivesTooLong,
}

/// Checks what a token is asked to be.
///
/// # Errors
/// When a rule is broken.
pub fn check_token_terms(
    scopes: Scopes,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), TokenRuleError> {
    if scopes.iter().next().is_none() {
        Err(TokenRuleError::NoScopes)
    } else if expires_at <= now {
        Err(TokenRuleError::ExpiresInPast)
    } else if expires_at - now > TimeDelta::days(MAX_TOKEN_DAYS) {
        Err(TokenRuleError::LivesTooLong)
    } else {
        Ok(())
    }
}

/// The scopes as they stand in the database: words separated by spaces.
#[must_use]
pub fn scopes_to_words(scopes: Scopes) -> String {
    scopes
        .iter()
        .map(Scope::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The scopes of a column; words that are none any more are dropped, so that they allow nothing.
#[must_use]
pub fn scopes_from_words(words: &str) -> Scopes {
    words
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// The number in base 62, most significant digit first, of a fixed length.
fn base62(bytes: &[u8], length: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = vec![b'0'; length];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_usize;
        for byte in &mut number {
            let value = remainder * 256 + usize::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or_default();
            remainder = value % 62;
        }
        *digit = DIGITS.get(remainder).copied().unwrap_or_default();
    }
    digits.into_iter().map(char::from).collect()
}

/// CRC-32 (ISO 3309), bit by bit: the input is 43 bytes.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_checksum_is_the_well_known_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(format_token(&[0; 32]).len(), 53);
        assert!(is_whole_token(&format_token(&[255; 32])));
    }

    proptest! {
        #[test]
        fn every_token_is_whole_and_no_part_of_it_is(random: [u8; 32], cut in 0_usize..53) {
            let token = format_token(&random);
            prop_assert!(is_whole_token(&token));
            prop_assert!(token.bytes().skip(4).all(|b| b.is_ascii_alphanumeric()));
            prop_assert!(!is_whole_token(&token[..cut]));
            let longer = format!("{token}0");
            prop_assert!(!is_whole_token(&longer));
        }

        #[test]
        fn a_mistyped_token_is_refused(random: [u8; 32], at in 4_usize..53, to in 0_usize..62) {
            let token = format_token(&random);
            let mut other = token.clone().into_bytes();
            other[at] = DIGITS[to];
            let other = String::from_utf8(other).unwrap();
            prop_assert_eq!(is_whole_token(&other), other == token);
        }

        #[test]
        fn two_secrets_are_two_tokens(a: [u8; 32], b: [u8; 32]) {
            prop_assert_eq!(a == b, format_token(&a) == format_token(&b));
        }

        #[test]
        fn a_secret_is_good_for_one_thing(random: [u8; 32], at in 0_usize..3, other in 0_usize..3) {
            let kinds = [SecretKind::AccessToken, SecretKind::DirectoryToken, SecretKind::ClientSecret];
            let secret = format_secret(kinds[at], &random);
            prop_assert_eq!(is_whole_secret(kinds[other], &secret), at == other);
        }

        #[test]
        fn scopes_survive_the_database(picked in prop::collection::vec(0_usize..5, 0..6)) {
            let scopes: Scopes = picked.into_iter().map(|at| Scope::ALL[at]).collect();
            prop_assert_eq!(scopes_from_words(&scopes_to_words(scopes)), scopes);
        }

        #[test]
        fn any_text_is_answered(text in ".*") {
            let _ = is_whole_token(&text);
        }
    }
}
