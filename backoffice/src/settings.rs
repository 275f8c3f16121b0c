//! The settings, as types.

use serde::Deserialize;
use settings::{Fault, Validate};
use telemetry::LogSettings;
use url::Url;
use web::Listen;

/// The embedded defaults, which are the reference too.
pub const DEFAULTS: &str = include_str!("default.toml");

/// All settings of the back office.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where pages are served.
    pub listen: Listen,
    /// Where the staff API is.
    pub staff_api: StaffApiSettings,
    /// The session cookie.
    pub cookies: CookieSettings,
    /// The log.
    pub log: LogSettings,
}

/// Where the staff API is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaffApiSettings {
    /// Its base URL.
    pub url: Url,
}

/// The session cookie.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CookieSettings {
    /// Whether it may travel over plain http.
    pub insecure: bool,
}

impl Validate for Settings {
    fn validate(&self, faults: &mut Vec<Fault>) {
        if self.cookies.insecure && !self.listen.address.ip().is_loopback() {
            faults.push(Fault::new(
                "cookies.insecure",
                "is for loopback addresses only; listen.address is reachable from outside",
            ));
        }
    }
}
