//! Verifying: the runtime's side, which trusts nothing else.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ed25519_dalek::{Signature, VerifyingKey};
use moka::sync::Cache;

use crate::{
    AUDIENCE, ISSUER, LEEWAY, LIFETIME, TYPE,
    claims::{Claims, Header, Payload},
    key::{KeyError, PublicKey},
};

/// No token is longer: the claims are all of bounded size.
const MAX_TOKEN: usize = 2048;
/// How many verified tokens are remembered.
const REMEMBERED: u64 = 50_000;

/// Why a token is refused. For the log; a client learns only that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not three parts of base64url with the members that an identity has.
    #[error("the identity is malformed")]
    Malformed,
    /// Another algorithm than EdDSA.
    #[error("the identity's algorithm is not EdDSA")]
    Algorithm,
    /// Another type of token.
    #[error("the token is not an identity")]
    Type,
    /// The key is none of ours.
    #[error("the identity's key is unknown")]
    UnknownKey,
    /// The signature does not hold.
    #[error("the identity's signature does not hold")]
    Signature,
    /// Another issuer.
    #[error("the identity's issuer is unknown")]
    Issuer,
    /// For somebody else.
    #[error("the identity is for another audience")]
    Audience,
    /// Its time is over.
    #[error("the identity has expired")]
    Expired,
    /// Its time has not begun, or lasts longer than a minute.
    #[error("the identity's times are not possible")]
    Times,
}

#[derive(Debug, Clone)]
struct Verified {
    claims: Arc<Claims>,
    expires: i64,
}

/// Verifies identities and remembers those it has verified. Clones share both.
#[derive(Debug, Clone)]
pub struct Verifier(Arc<State>);

#[derive(Debug)]
struct State {
    keys: RwLock<Keys>,
    verified: Cache<(u64, Box<str>), Verified>,
}

/// The keys with the number of their set: an entry that was verified with an older set, even one
/// that is written after the replacement, is never found again.
#[derive(Debug)]
struct Keys {
    set: u64,
    by_id: Arc<HashMap<String, VerifyingKey>>,
}

impl Verifier {
    /// A verifier with these keys; one that is no key is an error.
    ///
    /// # Errors
    /// When a key is not one.
    pub fn new(keys: Vec<PublicKey>) -> Result<Self, KeyError> {
        let state = State {
            keys: RwLock::new(Keys {
                set: 0,
                by_id: Arc::new(decode(keys)?),
            }),
            verified: Cache::builder()
                .max_capacity(REMEMBERED)
                .time_to_live(std::time::Duration::from_secs(
                    (LIFETIME + LEEWAY).unsigned_abs(),
                ))
                .build(),
        };
        Ok(Self(Arc::new(state)))
    }

    /// Replaces the keys. What was verified with the old ones is forgotten, unless nothing changed.
    ///
    /// # Errors
    /// When a key is not one; the old keys stay.
    pub fn replace_keys(&self, keys: Vec<PublicKey>) -> Result<(), KeyError> {
        let by_id = decode(keys)?;
        let mut current = self.0.keys.write().unwrap_or_else(PoisonError::into_inner);
        if *current.by_id != by_id {
            *current = Keys {
                set: current.set + 1,
                by_id: Arc::new(by_id),
            };
            self.0.verified.invalidate_all();
        }
        Ok(())
    }

    /// The claims of a token that holds now.
    ///
    /// # Errors
    /// When it does not.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Arc<Claims>, IdentityError> {
        if token.len() > MAX_TOKEN {
            return Err(IdentityError::Malformed);
        }
        let (set, keys) = {
            let keys = self.0.keys.read().unwrap_or_else(PoisonError::into_inner);
            (keys.set, Arc::clone(&keys.by_id))
        };
        let key = (set, Box::from(token));
        let verified = match self.0.verified.get(&key) {
            Some(verified) => verified,
            None => {
                let payload = check(token, &keys, now.timestamp())?;
                let verified = Verified {
                    claims: Arc::new(payload.claims()),
                    expires: payload.exp,
                };
                self.0.verified.insert(key, verified.clone());
                verified
            }
        };
        if now.timestamp() > verified.expires + LEEWAY {
            return Err(IdentityError::Expired);
        }
        Ok(verified.claims)
    }
}

fn decode(keys: Vec<PublicKey>) -> Result<HashMap<String, VerifyingKey>, KeyError> {
    keys.into_iter()
        .map(|key| Ok((key.kid.clone(), key.decode()?)))
        .collect()
}

fn check(
    token: &str,
    keys: &HashMap<String, VerifyingKey>,
    now: i64,
) -> Result<Payload, IdentityError> {
    let (signed, signature) = token.rsplit_once('.').ok_or(IdentityError::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(IdentityError::Malformed)?;
    let header = part(header)?;
    // The algorithm is looked at first and apart, so that a foreign header is called by its name.
    let plain: serde_json::Value =
        serde_json::from_slice(&header).map_err(|_| IdentityError::Malformed)?;
    if plain.get("alg").and_then(serde_json::Value::as_str) != Some("EdDSA") {
        return Err(IdentityError::Algorithm);
    }
    let header: Header = serde_json::from_slice(&header).map_err(|_| IdentityError::Malformed)?;
    if header.typ != TYPE {
        return Err(IdentityError::Type);
    }
    let key = keys.get(&header.kid).ok_or(IdentityError::UnknownKey)?;
    let signature =
        Signature::from_slice(&part(signature)?).map_err(|_| IdentityError::Signature)?;
    key.verify_strict(signed.as_bytes(), &signature)
        .map_err(|_| IdentityError::Signature)?;
    let payload: Payload =
        serde_json::from_slice(&part(payload)?).map_err(|_| IdentityError::Malformed)?;
    if payload.iss != ISSUER {
        return Err(IdentityError::Issuer);
    }
    if payload.aud != AUDIENCE {
        return Err(IdentityError::Audience);
    }
    if payload.jti.is_nil() {
        return Err(IdentityError::Malformed);
    }
    if payload.iat > now + LEEWAY || !(0..=LIFETIME).contains(&(payload.exp - payload.iat)) {
        return Err(IdentityError::Times);
    }
    if now > payload.exp + LEEWAY {
        return Err(IdentityError::Expired);
    }
    Ok(payload)
}

fn part(text: &str) -> Result<Vec<u8>, IdentityError> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| IdentityError::Malformed)
}
