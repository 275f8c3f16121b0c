//! Signing: the gateway's side.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::Signer as _;
use uuid::Uuid;

use crate::{
    LIFETIME, TYPE,
    claims::{Claims, Header, Payload},
    key::{PublicKey, SigningKey},
};

/// A token and when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIdentity {
    /// The token, for the header.
    pub token: String,
    /// When it ends. Stop using it a few seconds earlier.
    pub expires_at: DateTime<Utc>,
}

/// Signs identities with one key.
#[derive(Debug, Clone)]
pub struct Signer {
    kid: String,
    header: String,
    key: SigningKey,
}

impl Signer {
    /// A signer with this key.
    #[must_use]
    pub fn new(kid: impl Into<String>, key: SigningKey) -> Self {
        let kid = kid.into();
        let header = Header {
            alg: "EdDSA".to_owned(),
            typ: TYPE.to_owned(),
            kid: kid.clone(),
        };
        Self {
            header: encode(&header),
            kid,
            key,
        }
    }

    /// The public half, for those who verify.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.key.public(&self.kid)
    }

    /// A token for these claims, good from `now` for a minute.
    #[must_use]
    pub fn sign(&self, claims: &Claims, now: DateTime<Utc>) -> SignedIdentity {
        let payload = Payload::new(claims, Uuid::now_v7(), now);
        let mut token = format!("{}.{}", self.header, encode(&payload));
        let signature = self.key.0.sign(token.as_bytes());
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature.to_bytes(), &mut token);
        let expires_at = DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now)
            + TimeDelta::seconds(LIFETIME);
        SignedIdentity { token, expires_at }
    }
}

fn encode(value: &impl serde::Serialize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}
