//! What messages are signed with: random bytes, shown once as `whsec_` and base64.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rand::RngCore as _;

/// Bytes of a secret; the specification wants 24 to 64.
const LENGTH: usize = 32;

/// A secret that nobody has seen yet.
pub(super) struct NewSecret([u8; LENGTH]);

impl NewSecret {
    pub(super) fn make() -> Self {
        let mut bytes = [0; LENGTH];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    pub(super) const fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn text(&self) -> String {
        format!("whsec_{}", BASE64_STANDARD.encode(self.0))
    }
}
