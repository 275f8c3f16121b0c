//! Signed tokens (RFC 7515, compact form): read without trust, verified with one key.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use openidconnect::{
    JsonWebKey as _, JsonWebKeyAlgorithm, JsonWebKeyUse as _, JwsSigningAlgorithm as _,
    core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::provider::algorithm;

/// The longest token that is looked at.
const MAX_TOKEN: usize = 32 * 1024;

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadToken {
    #[error("it is no signed token")]
    NotAToken,
    #[error("its algorithm is not allowed")]
    Algorithm,
    #[error("it asks for extensions that are not known")]
    Critical,
    #[error("no key fits it")]
    NoKey,
    #[error("it does not say which of several keys it is signed with")]
    AmbiguousKey,
    #[error("its signature is wrong")]
    Signature,
}

/// The header, as far as it is read.
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    alg: String,
    #[serde(default)]
    pub(crate) typ: Option<String>,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

/// A token in its parts; nothing of it is proven.
pub(crate) struct Unverified<'a> {
    pub(crate) header: Header,
    pub(crate) claims: Map<String, Value>,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, BadToken> {
        if token.len() > MAX_TOKEN {
            return Err(BadToken::NotAToken);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(BadToken::NotAToken)?;
        let (header, claims) = signed.split_once('.').ok_or(BadToken::NotAToken)?;
        let decode = |part: &str| {
            BASE64_URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| BadToken::NotAToken)
        };
        Ok(Self {
            header: serde_json::from_slice(&decode(header)?).map_err(|_| BadToken::NotAToken)?,
            claims: serde_json::from_slice(&decode(claims)?).map_err(|_| BadToken::NotAToken)?,
            signed,
            signature: decode(signature)?,
        })
    }

    /// Checks the header: an allowed algorithm, and nothing that would have to be understood.
    pub(crate) fn check_header(
        &self,
        allowed: &[CoreJwsSigningAlgorithm],
    ) -> Result<CoreJwsSigningAlgorithm, BadToken> {
        if self.header.crit.is_some() {
            return Err(BadToken::Critical);
        }
        let found = algorithm(&self.header.alg).ok_or(BadToken::Algorithm)?;
        if allowed.contains(&found) {
            Ok(found)
        } else {
            Err(BadToken::Algorithm)
        }
    }

    /// The key of the set that the token is signed with.
    pub(crate) fn choose_key<'k>(
        &self,
        keys: &'k CoreJsonWebKeySet,
        algorithm: &CoreJwsSigningAlgorithm,
    ) -> Result<&'k CoreJsonWebKey, BadToken> {
        let named = self.header.kid.as_deref();
        let mut fitting = keys.keys().iter().filter(|key| {
            let known = key.key_id().map(|id| id.as_str());
            (named.is_none() || named == known) && fits(key, algorithm)
        });
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (None, _) => Err(BadToken::NoKey),
            (Some(_), Some(_)) => Err(BadToken::AmbiguousKey),
        }
    }

    pub(crate) fn verify(
        &self,
        key: &CoreJsonWebKey,
        algorithm: &CoreJwsSigningAlgorithm,
    ) -> Result<(), BadToken> {
        key.verify_signature(algorithm, self.signed.as_bytes(), &self.signature)
            .map_err(|_| BadToken::Signature)
    }
}

fn fits(key: &CoreJsonWebKey, algorithm: &CoreJwsSigningAlgorithm) -> bool {
    let signs = key.key_use().is_none_or(|use_| use_.allows_signature());
    let kind = algorithm.key_type().as_ref() == Some(key.key_type());
    let meant = match key.signing_alg() {
        JsonWebKeyAlgorithm::Algorithm(meant) => meant == algorithm,
        JsonWebKeyAlgorithm::Unspecified => true,
        JsonWebKeyAlgorithm::Unsupported => false,
    };
    signs && kind && meant
}
