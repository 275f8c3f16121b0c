//! Random secrets that people and programs carry, and the hashes they are known by.
//!
//! Each has 256 bits, so a plain SHA-256 is all that is needed to keep it: nobody can guess what
//! would hash to it.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use cp_domain::{SecretKind, TokenHash, format_secret, is_whole_secret};
use rand::RngCore as _;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

/// A new secret with its hash.
pub(crate) struct Minted {
    /// What its owner gets, once.
    pub secret: SecretString,
    /// What we keep.
    pub hash: TokenHash,
}

/// A new cookie value or link token.
pub(crate) fn mint_opaque() -> Minted {
    minted(BASE64_URL_SAFE_NO_PAD.encode(random()))
}

/// A new access token.
pub(crate) fn mint_token() -> Minted {
    mint_secret(SecretKind::AccessToken)
}

/// A new secret of a program.
pub(crate) fn mint_secret(kind: SecretKind) -> Minted {
    minted(format_secret(kind, &random()))
}

/// The hash of a cookie's value or a link's token; none when it cannot be one of ours.
#[must_use]
pub fn hash_opaque(value: &str) -> Option<TokenHash> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(value).ok()?;
    (bytes.len() == 32).then(|| hash(value))
}

/// The hash of an access token; none when it is not a whole one.
#[must_use]
pub fn hash_token(value: &str) -> Option<TokenHash> {
    hash_secret(SecretKind::AccessToken, value)
}

/// The hash of a program's secret; none when it is not a whole one of this kind.
#[must_use]
pub fn hash_secret(kind: SecretKind, value: &str) -> Option<TokenHash> {
    is_whole_secret(kind, value).then(|| hash(value))
}

/// The hash of a text that is one of a kind.
pub(crate) fn hash_text(text: &str) -> TokenHash {
    hash(text)
}

/// A key for what must not be kept in clear, such as an address in a counter's name.
pub(crate) fn blind(text: &str) -> String {
    let mut name = hash(text).to_string();
    name.truncate(32);
    name
}

fn minted(text: String) -> Minted {
    Minted {
        hash: hash(&text),
        secret: SecretString::from(text),
    }
}

fn hash(text: &str) -> TokenHash {
    TokenHash::new(Sha256::digest(text.as_bytes()).into())
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn what_is_minted_is_known_by_its_hash_and_no_part_of_it_is() {
        let cookie = mint_opaque();
        let text = cookie.secret.expose_secret();
        assert_eq!(hash_opaque(text), Some(cookie.hash));
        assert_eq!(hash_opaque(&text[..42]), None);
        assert_eq!(hash_opaque(&format!("{text}A")), None);
        let token = mint_token();
        let text = token.secret.expose_secret();
        assert_eq!(hash_token(text), Some(token.hash));
        assert_eq!(hash_token(&text[..52]), None);
    }
}
