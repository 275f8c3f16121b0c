//! What the use cases of people, members and staff work with.

use std::{net::IpAddr, sync::Arc};

use clock::Clock;
use cp_domain::{Country, TokenHash};
use cp_oidc::{Oidc, OidcSettings};
use cp_store::seal::Sealer;
use db::{CentralDb, TenantPools};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::sync::Notify;

use crate::staff::StaffSettings;
use crate::{
    access::Access,
    attempts::{Attempt, Attempts},
    cache::Cache,
    links::Links,
    passwords::{PasswordError, Passwords, Verdict},
    push::Pushes,
    sessions::SessionDirectory,
};

/// How long sessions last.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SessionSettings {
    /// Hours of a person's session, unless the tenant has a limit of its own.
    pub session_hours: u32,
    /// Hours after which a session that is not used ends, unless the tenant has a limit of its own.
    pub idle_hours: u32,
    /// Hours of a staff session.
    pub staff_session_hours: u32,
    /// Cookies without the prefix `__Host-` and the flag `Secure`: for plain http on this machine.
    pub insecure_cookies: bool,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            session_hours: 14 * 24,
            idle_hours: 72,
            staff_session_hours: 10,
            insecure_cookies: false,
        }
    }
}

/// The parts that use cases of people, members and staff share. Clones share everything.
#[derive(Debug, Clone)]
pub struct Auth {
    /// The central database.
    pub central: CentralDb,
    /// The databases of tenants, for the projection of members.
    pub pools: TenantPools,
    /// The clock.
    pub clock: Clock,
    /// Seals what is kept and must not be read.
    pub sealer: Arc<Sealer>,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Counts failed attempts.
    pub attempts: Attempts,
    /// Knows who a cookie or token stands for.
    pub directory: SessionDirectory,
    /// Makes links.
    pub links: Links,
    /// How long sessions last.
    pub settings: SessionSettings,
    /// Tells other processes.
    pub pushes: Pushes,
    /// Decides from where one may come in.
    pub access: Access,
    /// Settings of the platform's own staff.
    pub staff: Arc<StaffSettings>,
    /// Speaks with identity providers.
    pub oidc: Oidc,
    /// Wakes the mail worker of this process.
    pub mail_nudge: Arc<Notify>,
    /// Wakes the projection worker of this process.
    pub projection_nudge: Arc<Notify>,
}

impl Auth {
    /// Puts the parts together.
    #[must_use]
    #[expect(
        clippy::too_many_arguments,
        reason = "it is the composition of the parts"
    )]
    pub fn new(
        central: CentralDb,
        pools: TenantPools,
        cache: Cache,
        clock: Clock,
        sealer: Arc<Sealer>,
        passwords: Passwords,
        links: Links,
        settings: SessionSettings,
    ) -> Self {
        Self {
            attempts: Attempts::new(cache.clone()),
            pushes: Pushes::new(cache.clone()),
            access: Access::open(central.clone(), clock.clone()),
            directory: SessionDirectory::new(central.clone(), pools.clone(), cache, clock.clone())
                .with_limits(&settings),
            central,
            pools,
            clock,
            sealer,
            passwords,
            links,
            settings,
            staff: Arc::default(),
            oidc: Oidc::new(&OidcSettings::default()),
            mail_nudge: Arc::default(),
            projection_nudge: Arc::default(),
        }
    }

    /// Checks the password of an attempt; of nobody, it takes as long. An attempt that could not be
    /// checked is none: who is told to come again is not slowed down for it.
    ///
    /// # Errors
    /// When it cannot be checked now.
    pub(crate) async fn check_password(
        &self,
        attempt: &Attempt,
        password: &SecretString,
        kept: Option<&str>,
    ) -> Result<Verdict, PasswordError> {
        let verdict = self.passwords.verify(password, kept).await;
        if verdict.is_err() {
            self.attempts.undecided(attempt, self.clock.now()).await;
        }
        verdict
    }

    /// With these settings of single sign-on instead of the defaults.
    #[must_use]
    pub fn with_sso(self, sso: &OidcSettings) -> Self {
        Self {
            oidc: Oidc::new(sso),
            ..self
        }
    }

    /// With these settings of staff instead of the defaults.
    #[must_use]
    pub fn with_staff(self, staff: StaffSettings) -> Self {
        Self {
            staff: Arc::new(staff),
            ..self
        }
    }

    /// With this instead of no proxies and no countries, and with the pushes that the process
    /// listens to.
    #[must_use]
    pub fn with_access(self, access: Access, pushes: Pushes) -> Self {
        Self {
            access,
            pushes,
            ..self
        }
    }
}

/// What a use case knows of the client of a request.
#[derive(Debug, Clone)]
pub struct Client {
    /// The address of the connection, or what trusted proxies say of it, as text.
    pub address: String,
    /// The same, when it is known.
    pub ip: Option<IpAddr>,
    /// The country of the address, when it is known.
    pub country: Option<Country>,
    /// A short name of the device.
    pub device: String,
    /// The hash of the device cookie, when there is one. Whose device it is, is in the database.
    pub known_device: Option<TokenHash>,
}

impl Client {
    /// A client at an address.
    #[must_use]
    pub fn new(ip: Option<IpAddr>, country: Option<Country>, device: String) -> Self {
        Self {
            address: ip.map_or_else(|| "unknown".to_owned(), |ip| ip.to_string()),
            ip,
            country,
            device,
            known_device: None,
        }
    }

    /// The same, in a browser that shows this device cookie.
    #[must_use]
    pub fn with_device(self, known_device: Option<TokenHash>) -> Self {
        Self {
            known_device,
            ..self
        }
    }
}
