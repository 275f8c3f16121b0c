//! Keys: the private one in PKCS #8, the public one as its 32 bytes in base64url (RFC 8037 `x`).

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{
    VerifyingKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, spki::der::pem::LineEnding},
};
use serde::{Deserialize, Serialize};

/// A key cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The private key is not Ed25519 in PKCS #8.
    #[error("the private key is not Ed25519 in PKCS #8: {0}")]
    Private(String),
    /// The public key is not 32 bytes of a point in base64url.
    #[error("the public key is not 32 bytes in base64url")]
    Public,
}

/// A private key. It never shows itself.
#[derive(Clone)]
pub struct SigningKey(pub(crate) ed25519_dalek::SigningKey);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// A new private key from the system's randomness.
#[must_use]
pub fn generate_key() -> SigningKey {
    SigningKey(ed25519_dalek::SigningKey::from_bytes(&rand::random()))
}

impl SigningKey {
    /// The key of a PKCS #8 PEM text.
    ///
    /// # Errors
    /// When it is not one.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        ed25519_dalek::SigningKey::from_pkcs8_pem(pem)
            .map(Self)
            .map_err(|error| KeyError::Private(error.to_string()))
    }

    /// The key of PKCS #8 DER bytes.
    ///
    /// # Errors
    /// When they are not one.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        ed25519_dalek::SigningKey::from_pkcs8_der(der)
            .map(Self)
            .map_err(|error| KeyError::Private(error.to_string()))
    }

    /// The key as PKCS #8 PEM.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF);
        pem.map(|pem| pem.to_string())
            .map_err(|error| KeyError::Private(error.to_string()))
    }

    /// The key as PKCS #8 DER.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn to_der(&self) -> Result<Vec<u8>, KeyError> {
        let der = self.0.to_pkcs8_der();
        der.map(|der| der.as_bytes().to_vec())
            .map_err(|error| KeyError::Private(error.to_string()))
    }

    /// The public half under this key id.
    #[must_use]
    pub fn public(&self, kid: &str) -> PublicKey {
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.0.verifying_key().as_bytes());
        PublicKey {
            kid: kid.to_owned(),
            x,
        }
    }
}

/// A public key as it goes over the node API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// The key's id.
    pub kid: String,
    /// Its 32 bytes in base64url without padding.
    pub x: String,
}

impl PublicKey {
    pub(crate) fn decode(&self) -> Result<VerifyingKey, KeyError> {
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(&self.x)
            .map_err(|_| KeyError::Public)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Public)?;
        VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Public)
    }
}
