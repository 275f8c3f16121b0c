//! `[sso]`

use std::{net::SocketAddr, time::Duration};

use serde::Deserialize;

/// How providers are asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OidcSettings {
    /// Providers on this machine, over plain http too: for development and tests.
    pub allow_loopback: bool,
    /// The name server (`address:port`) for providers' names and for the records of domains; empty
    /// for the system's.
    pub nameserver: String,
    /// How long a provider may take for one answer.
    pub timeout_ms: u64,
    /// How long a provider's metadata and keys are kept.
    pub cache_seconds: u64,
    /// How long after keys were fetched for an unknown signature they are not fetched again.
    pub key_cooldown_ms: u64,
}

impl Default for OidcSettings {
    fn default() -> Self {
        Self {
            allow_loopback: false,
            nameserver: String::new(),
            timeout_ms: 5_000,
            cache_seconds: 600,
            key_cooldown_ms: 10_000,
        }
    }
}

impl OidcSettings {
    /// The name server, when one is named and readable.
    #[must_use]
    pub fn nameserver(&self) -> Option<SocketAddr> {
        self.nameserver.parse().ok()
    }

    pub(crate) const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(crate) const fn metadata_life(&self) -> Duration {
        Duration::from_secs(self.cache_seconds)
    }

    pub(crate) const fn key_cooldown(&self) -> Duration {
        Duration::from_millis(self.key_cooldown_ms)
    }
}
