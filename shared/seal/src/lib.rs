//! Secrets at rest: an authenticated envelope, good only for its purpose and its owner.
//!
//! An envelope is `version (1) · key id (4) · nonce (24) · ciphertext with tag`, XChaCha20-Poly1305.
//! Purpose and owner are associated data: a sealed password that is copied to another row, or
//! another column, does not open. New envelopes use the first key of the ring; the others only
//! open old ones.

mod ring;

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use rand::RngCore as _;
use secrecy::{SecretSlice, SecretString};
use uuid::Uuid;

pub use ring::{InvalidKeyRing, KeyRing, new_key_line};

const VERSION: u8 = 1;
const KEY_ID: std::ops::Range<usize> = 1..5;
const NONCE: std::ops::Range<usize> = 5..29;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Password of a database server's administrator; the owner is the server.
    ServerAdmin,
    /// Password of a tenant's runtime account; the owner is the tenant.
    TenantRuntime,
    /// Password of a tenant's migrator account; the owner is the tenant.
    TenantMigrator,
    /// Password of a server's sweep account; the owner is the server.
    SweepAccount,
    /// A staff member's second factor; the owner is the staff member.
    StaffTotp,
    /// A person's second factor; the owner is the person.
    PersonTotp,
    /// The ID token of a session that came through a provider; the owner is the person.
    ProviderToken,
    /// How we prove to a tenant's provider who we are; the owner is the connection.
    SsoClient,
    /// Nonce and PKCE verifier of a browser at a provider; the owner is the connection.
    SsoFlow,
    /// Private half of an identity key; the owner is made of the key's id.
    IdentityKey,
    /// A mail with its links; the owner is the mail.
    Mail,
    /// What a tenant's webhook is signed with; the owner is the tenant.
    Webhook,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::ServerAdmin => "server-admin",
            Self::TenantRuntime => "tenant-runtime",
            Self::TenantMigrator => "tenant-migrator",
            Self::SweepAccount => "sweep-account",
            Self::StaffTotp => "staff-totp",
            Self::PersonTotp => "person-totp",
            Self::ProviderToken => "provider-token",
            Self::SsoClient => "sso-client",
            Self::SsoFlow => "sso-flow",
            Self::IdentityKey => "identity-key",
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }
}

/// An envelope cannot be made or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is no envelope of a version that this release knows.
    #[error("not an envelope")]
    NotAnEnvelope,
    /// Its key is not in the ring.
    #[error("sealed with a key that is not in the ring")]
    UnknownKey,
    /// It was made for another purpose or owner, or changed.
    #[error("the envelope does not open for this purpose and owner")]
    Refused,
}

/// Seals and opens with a ring of keys. Clones share the ring.
#[derive(Debug, Clone)]
pub struct Sealer {
    ring: KeyRing,
}

impl Sealer {
    /// A sealer with this ring.
    #[must_use]
    pub const fn new(ring: KeyRing) -> Self {
        Self { ring }
    }

    /// Seals a secret for a purpose and an owner.
    ///
    /// # Errors
    /// When the secret is too long to be sealed: gigabytes.
    pub fn seal(
        &self,
        purpose: Purpose,
        owner: impl Into<Uuid>,
        secret: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0u8; 24];
        rand::rng().fill_bytes(&mut nonce);
        let (id, cipher) = self.ring.current();
        let data = associated(purpose, owner.into(), id);
        let sealed = cipher
            .encrypt(
                XNonce::from_slice(&nonce),
                Payload {
                    msg: secret,
                    aad: &data,
                },
            )
            .map_err(|_| SealError::Refused)?;
        let mut envelope = Vec::with_capacity(NONCE.end + sealed.len());
        envelope.push(VERSION);
        envelope.extend_from_slice(&id);
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&sealed);
        Ok(envelope)
    }

    /// Opens an envelope.
    ///
    /// # Errors
    /// When it is none, or was made with another key, for another purpose or owner.
    pub fn open(
        &self,
        purpose: Purpose,
        owner: impl Into<Uuid>,
        envelope: &[u8],
    ) -> Result<SecretSlice<u8>, SealError> {
        if envelope.first() != Some(&VERSION) {
            return Err(SealError::NotAnEnvelope);
        }
        let id = envelope
            .get(KEY_ID)
            .and_then(|id| <[u8; 4]>::try_from(id).ok());
        let (Some(id), Some(nonce), Some(sealed)) =
            (id, envelope.get(NONCE), envelope.get(NONCE.end..))
        else {
            return Err(SealError::NotAnEnvelope);
        };
        let cipher: &XChaCha20Poly1305 = self.ring.key(id).ok_or(SealError::UnknownKey)?;
        let data = associated(purpose, owner.into(), id);
        cipher
            .decrypt(
                XNonce::from_slice(nonce),
                Payload {
                    msg: sealed,
                    aad: &data,
                },
            )
            .map(|secret| secret.into())
            .map_err(|_| SealError::Refused)
    }

    /// Opens an envelope that holds text.
    ///
    /// # Errors
    /// When it does not open or is no text.
    pub fn open_text(
        &self,
        purpose: Purpose,
        owner: impl Into<Uuid>,
        envelope: &[u8],
    ) -> Result<SecretString, SealError> {
        use secrecy::ExposeSecret as _;
        let bytes = self.open(purpose, owner, envelope)?;
        std::str::from_utf8(bytes.expose_secret())
            .map(SecretString::from)
            .map_err(|_| SealError::NotAnEnvelope)
    }
}

fn associated(purpose: Purpose, owner: Uuid, key: [u8; 4]) -> Vec<u8> {
    let mut data = b"trellis\0".to_vec();
    data.push(VERSION);
    data.extend_from_slice(&key);
    data.extend_from_slice(owner.as_bytes());
    data.extend_from_slice(purpose.word().as_bytes());
    data
}

#[cfg(test)]
mod tests;
