//! The public half of a key that signs identities.

use serde::{Deserialize, Serialize};

/// An Ed25519 public key, as in a JSON Web Key (RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// The key's name in the header of the identities that it signed.
    pub kid: String,
    /// The 32 bytes, base64url without padding.
    pub x: String,
}
