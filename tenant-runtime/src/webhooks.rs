//! What webhooks are kept and sent with.

use std::time::Duration;

use outbound::{Fetcher, Guard, Names};
use seal::{InvalidKeyRing, KeyRing, Sealer};

use crate::settings::Webhooks;

/// What secrets are sealed with; none without a key.
///
/// # Errors
/// When a line is no key.
pub fn sealer(settings: &Webhooks) -> Result<Option<Sealer>, InvalidKeyRing> {
    if settings.keys.is_empty() {
        return Ok(None);
    }
    KeyRing::parse(settings.keys.expose()).map(|ring| Some(Sealer::new(ring)))
}

/// What reaches receivers, and nothing inside.
#[must_use]
pub fn fetcher(settings: &Webhooks) -> Fetcher {
    Fetcher::new(
        Guard::new(settings.allow_loopback),
        Names::new(settings.nameserver.parse().ok()),
        Duration::from_millis(settings.timeout_ms),
    )
}
