//! Recovery codes: ten, shown once, kept as hashes, each good once.

use cp_domain::{
    RECOVERY_ALPHABET, RECOVERY_CODE_LETTERS, RECOVERY_CODES, TokenHash, recovery_code_letters,
};
use kernel::PersonId;
use rand::Rng as _;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

/// New codes with their hashes. Each has 80 bits, and guesses are counted, so a plain hash keeps
/// them well enough.
pub(super) fn new_codes(person: PersonId) -> (Vec<SecretString>, Vec<TokenHash>) {
    (0..RECOVERY_CODES)
        .map(|_| {
            let letters = new_letters();
            (
                SecretString::from(grouped(&letters)),
                hash(person, &letters),
            )
        })
        .unzip()
}

/// The hash of a recovery code as somebody typed it; none when it cannot be one.
#[must_use]
pub fn hash_recovery_code(person: PersonId, typed: &str) -> Option<TokenHash> {
    recovery_code_letters(typed).map(|letters| hash(person, &letters))
}

fn new_letters() -> String {
    let mut rng = rand::rng();
    (0..RECOVERY_CODE_LETTERS)
        .filter_map(|_| {
            let at = rng.random_range(0..RECOVERY_ALPHABET.len());
            RECOVERY_ALPHABET.get(at).copied().map(char::from)
        })
        .collect()
}

/// In groups of four, as they are shown.
fn grouped(letters: &str) -> String {
    let mut text = String::with_capacity(letters.len() + letters.len() / 4);
    for (at, letter) in letters.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push('-');
        }
        text.push(letter);
    }
    text
}

fn hash(person: PersonId, letters: &str) -> TokenHash {
    let mut digest = Sha256::new();
    digest.update(b"trellis recovery code\0");
    digest.update(person.as_uuid().as_bytes());
    digest.update(letters.as_bytes());
    TokenHash::new(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn codes_are_known_by_hashes_of_their_owner() {
        let owner = PersonId::from_uuid(uuid::Uuid::from_u128(1));
        let other = PersonId::from_uuid(uuid::Uuid::from_u128(2));
        let (codes, hashes) = new_codes(owner);
        assert_eq!(
            (codes.len(), hashes.len()),
            (RECOVERY_CODES, RECOVERY_CODES)
        );
        for (code, hash) in codes.iter().zip(&hashes) {
            let text = code.expose_secret();
            assert_eq!(text.len(), 19);
            assert_eq!(hash_recovery_code(owner, text), Some(*hash));
            assert_eq!(hash_recovery_code(owner, &text.to_uppercase()), Some(*hash));
            assert_ne!(hash_recovery_code(other, text), Some(*hash));
        }
        assert_ne!(hashes[0], hashes[1]);
    }
}
