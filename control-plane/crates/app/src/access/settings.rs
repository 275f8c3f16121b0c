//! The settings of access policies.

use cp_domain::{
    Country, ForwardedHeader, InvalidCountry, TrustedProxies,
    access_policy::{InvalidNetwork, Unknown},
};
use serde::Deserialize;

/// `[access]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessSettings {
    /// An MMDB file with the countries of addresses; empty for none.
    pub country_database: String,
    /// What happens to people whose country is not known, where countries matter.
    pub unknown_country: Unknown,
    /// The country of addresses of private networks; empty: not known.
    pub local_country: String,
    /// Addresses and networks of the proxies before the public listener.
    pub trusted_proxies: Vec<String>,
    /// Addresses and networks of the back office and of proxies before the staff listener.
    pub staff_proxies: Vec<String>,
    /// The header in which these tell of the client.
    pub forwarded_header: ForwardedHeader,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccess {
    /// Not a network.
    #[error("{key}: {error}")]
    Network {
        /// The setting.
        key: &'static str,
        /// What is wrong.
        error: InvalidNetwork,
    },
    /// Not a country.
    #[error("access.local_country: {0}")]
    Country(#[from] InvalidCountry),
}

/// The settings as they are used.
#[derive(Debug, Default)]
pub(super) struct Terms {
    pub(super) people: TrustedProxies,
    pub(super) staff: TrustedProxies,
    pub(super) local_country: Option<Country>,
    pub(super) unknown_country: Unknown,
}

impl AccessSettings {
    pub(super) fn read(&self) -> Result<Terms, InvalidAccess> {
        let proxies = |key, networks: &[String]| {
            TrustedProxies::parse(networks, self.forwarded_header)
                .map_err(|error| InvalidAccess::Network { key, error })
        };
        let local = Some(self.local_country.as_str()).filter(|code| !code.is_empty());
        Ok(Terms {
            people: proxies("access.trusted_proxies", &self.trusted_proxies)?,
            staff: proxies("access.staff_proxies", &self.staff_proxies)?,
            local_country: local.map(Country::parse).transpose()?,
            unknown_country: self.unknown_country,
        })
    }

    /// Goes on when they can be used.
    ///
    /// # Errors
    /// The first setting that cannot.
    pub fn check(&self) -> Result<(), InvalidAccess> {
        self.read().map(drop)
    }
}
