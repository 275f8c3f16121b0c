//! The identity that the gateway hands to a runtime node with each request: a JWT (RFC 7519)
//! signed with Ed25519, good for a minute, for one audience.
//!
//! There is one algorithm, one type and one form of header, so nothing is negotiated: what a
//! general JWT library would let a token choose is fixed here. Signing and verifying cost tens of
//! microseconds, so the gateway reuses a token within its life and the runtime remembers those it
//! has verified.

mod claims;
mod key;
mod sign;
mod verify;

pub use claims::{Claims, Support};
pub use key::{KeyError, PublicKey, SigningKey, generate_key};
pub use sign::{SignedIdentity, Signer};
pub use verify::{IdentityError, Verifier};

/// The header that carries the token.
pub const HEADER: &str = "X-Trellis-Identity";
/// The only `typ`.
const TYPE: &str = "trellis-identity+jwt";
/// The only issuer.
const ISSUER: &str = "control-plane";
/// The only audience.
const AUDIENCE: &str = "tenant-runtime";
/// How long a token is good, in seconds.
const LIFETIME: i64 = 60;
/// How far clocks of two machines may differ, in seconds.
const LEEWAY: i64 = 2;
