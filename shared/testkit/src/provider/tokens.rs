//! Tokens of the provider, signed rightly or wrongly. The keys are for tests and nothing else.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, jwk::Jwk};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Change, TestProvider, apply, object};
use crate::must;

const RSA_1: &str = include_str!("keys/rsa1.pem");
const RSA_2: &str = include_str!("keys/rsa2.pem");
const EC_1: &str = include_str!("keys/ec1.pem");
const EC_2: &str = include_str!("keys/ec2.pem");
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A key of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestKey {
    /// RSA, for RS256.
    Rsa1,
    /// Another.
    Rsa2,
    /// P-256, for ES256.
    Ec1,
    /// Another.
    Ec2,
}

/// How a token is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// By this key.
    By(TestKey),
    /// By this key, and then spoiled.
    Spoiled(TestKey),
    /// HS256 with these bytes.
    Hmac(Vec<u8>),
    /// `alg: none`, without a signature.
    Unsigned,
    /// By this key, but the header says another algorithm.
    Mislabelled(TestKey, &'static str),
}

/// What a token says of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyId {
    /// Which it is.
    Own,
    /// Nothing.
    Absent,
    /// This.
    Named(&'static str),
}

impl TestKey {
    const fn name(self) -> &'static str {
        match self {
            Self::Rsa1 => "rsa-1",
            Self::Rsa2 => "rsa-2",
            Self::Ec1 => "ec-1",
            Self::Ec2 => "ec-2",
        }
    }

    const fn algorithm(self) -> Algorithm {
        match self {
            Self::Rsa1 | Self::Rsa2 => Algorithm::RS256,
            Self::Ec1 | Self::Ec2 => Algorithm::ES256,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Rsa1 | Self::Rsa2 => "RS256",
            Self::Ec1 | Self::Ec2 => "ES256",
        }
    }

    fn secret(self) -> EncodingKey {
        let key = match self {
            Self::Rsa1 => EncodingKey::from_rsa_pem(RSA_1.as_bytes()),
            Self::Rsa2 => EncodingKey::from_rsa_pem(RSA_2.as_bytes()),
            Self::Ec1 => EncodingKey::from_ec_pem(EC_1.as_bytes()),
            Self::Ec2 => EncodingKey::from_ec_pem(EC_2.as_bytes()),
        };
        must(key, "a key for tests cannot be read")
    }

    /// What is published of it.
    pub(super) fn public(self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.secret(), self.algorithm());
        let mut jwk = must(serde_json::to_value(must(jwk, "no public key")), "no JWK");
        if let Some(jwk) = jwk.as_object_mut() {
            jwk.insert("kid".to_owned(), self.name().into());
            jwk.insert("use".to_owned(), "sig".into());
        }
        jwk
    }
}

/// The public key as bytes that somebody could take for a secret: the JWK's text.
#[must_use]
pub fn public_key_bytes(key: TestKey) -> Vec<u8> {
    key.public().to_string().into_bytes()
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

fn header(signature: &Signature, key_id: KeyId, typ: Option<&str>) -> Value {
    let (algorithm, own) = match signature {
        Signature::By(key) | Signature::Spoiled(key) => (key.word(), Some(key.name())),
        Signature::Mislabelled(key, word) => (*word, Some(key.name())),
        Signature::Hmac(_) => ("HS256", None),
        Signature::Unsigned => ("none", None),
    };
    let key_id = match key_id {
        KeyId::Own => own,
        KeyId::Absent => None,
        KeyId::Named(name) => Some(name),
    };
    let mut header = Map::new();
    header.insert("alg".to_owned(), algorithm.into());
    for (name, value) in [("typ", typ), ("kid", key_id)] {
        if let Some(value) = value {
            header.insert(name.to_owned(), value.into());
        }
    }
    Value::Object(header)
}

fn sign(header: &Value, claims: &Value, signature: &Signature) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let (key, algorithm) = match signature {
        Signature::By(key) | Signature::Spoiled(key) | Signature::Mislabelled(key, _) => {
            (key.secret(), key.algorithm())
        }
        Signature::Hmac(secret) => (EncodingKey::from_secret(secret), Algorithm::HS256),
        Signature::Unsigned => return format!("{message}."),
    };
    let signed = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm);
    let mut signed = must(signed, "a token cannot be signed");
    if matches!(signature, Signature::Spoiled(_)) {
        let first = if signed.starts_with('A') { "B" } else { "A" };
        signed.replace_range(0..1, first);
    }
    format!("{message}.{signed}")
}

impl TestProvider {
    pub(super) fn id_token(&self, nonce: Option<String>) -> String {
        let now = self.clock.now().timestamp();
        let (behaviour, signature) = {
            let mut state = self.state();
            if let Some(key) = state.behaviour.rotate_before_signing.take() {
                state.behaviour.published = vec![key];
                state.behaviour.signature = Signature::By(key);
            }
            let behaviour = state.behaviour.clone();
            let signature = behaviour.signature.clone();
            (behaviour, signature)
        };
        let mut claims = object(&json!({
            "iss": self.issuer(), "aud": Self::CLIENT_ID, "iat": now, "exp": now + 300,
            "auth_time": now, "sid": "provider-session",
        }));
        if let Some(nonce) = nonce {
            claims.insert("nonce".to_owned(), nonce.into());
        }
        claims.extend(behaviour.user);
        apply(&mut claims, &behaviour.id_token);
        let header = header(&signature, behaviour.key_id, Some("JWT"));
        sign(&header, &Value::Object(claims), &signature)
    }

    /// A logout token for the user and session of its ID tokens, with these changes.
    #[must_use]
    pub fn logout_token(&self, changes: &[Change]) -> String {
        let signature = self.state().behaviour.signature.clone();
        self.logout_token_by(&signature, Some("logout+jwt"), changes)
    }

    /// Likewise, signed so and of this type.
    #[must_use]
    pub fn logout_token_by(
        &self,
        signature: &Signature,
        typ: Option<&str>,
        changes: &[Change],
    ) -> String {
        let now = self.clock.now().timestamp();
        let (subject, key_id) = {
            let state = self.state();
            let subject = state.behaviour.user.get("sub").cloned();
            (subject, state.behaviour.key_id)
        };
        let mut claims = object(&json!({
            "iss": self.issuer(), "aud": Self::CLIENT_ID, "iat": now, "exp": now + 120,
            "jti": Uuid::now_v7().to_string(), "sub": subject, "sid": "provider-session",
            "events": { LOGOUT: {} },
        }));
        apply(&mut claims, changes);
        sign(
            &header(signature, key_id, typ),
            &Value::Object(claims),
            signature,
        )
    }
}
