//! The settings of the control plane, one document for all its roles.

use std::{net::SocketAddr, path::Path};

use cp_app::{
    Links, SessionSettings,
    access::AccessSettings,
    audit::AuditSettings,
    passwords::PasswordSettings,
    sso::OidcSettings,
    staff::StaffSettings,
    worker::{AccountLimits, Fault as WorkerFault, FaultManner, Moment, WorkerSettings},
};
use cp_gateway::GatewaySettings;
use cp_store::seal::KeyRing;
use db::{PoolBudget, PoolSettings};
use mailer::SmtpSettings;
use serde::Deserialize;
use settings::{Fault, Loaded, Secret, SettingsError, Source, Validate};
use telemetry::LogSettings;
use web::Listen;

/// Every key with its default and a comment.
pub const DEFAULTS: &str = include_str!("default.toml");

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What is allowed.
    pub environment: Environment,
    /// Where people reach the platform.
    pub public_url: String,
    /// The public listener.
    pub gateway: Listener,
    /// Limits and patience of the gateway.
    pub proxy: GatewaySettings,
    /// The staff listener.
    pub staff_api: Listener,
    /// The nodes' listener.
    pub node_api: Listener,
    /// The worker.
    pub work: Work,
    /// The central database.
    pub database: PoolSettings,
    /// Redis.
    pub redis: Redis,
    /// Mail.
    pub mailer: SmtpSettings,
    /// Master keys.
    pub secrets: Secrets,
    /// Sessions.
    pub sessions: SessionSettings,
    /// The platform's own staff.
    pub staff: StaffSettings,
    /// Single sign-on.
    pub sso: OidcSettings,
    /// Passwords.
    pub passwords: PasswordSettings,
    /// Access policies.
    pub access: AccessSettings,
    /// Tenants' database accounts.
    pub accounts: AccountLimits,
    /// Connections to tenants' databases.
    pub pools: PoolBudget,
    /// Faults on purpose.
    pub fault: FaultOnPurpose,
    /// The account that changes the central schema.
    pub migrate: Migrate,
    /// The audit log.
    pub audit: AuditSettings,
    /// The log.
    pub log: LogSettings,
}

/// `[migrate]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migrate {
    /// The central database with an account that may change it; empty for that of `database`.
    pub url: Secret,
}

/// What is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// A developer's machine or a test.
    Development,
    /// Everything else.
    Production,
}

/// Where to listen.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Address and port.
    pub listen: SocketAddr,
    /// Threads; 0 for one per core.
    pub workers: usize,
}

impl From<Listener> for Listen {
    fn from(listener: Listener) -> Self {
        Self {
            address: listener.listen,
            workers: listener.workers,
        }
    }
}

/// `[work]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Where health is answered.
    pub listen: SocketAddr,
    /// How long a lease is.
    pub lease_ms: u64,
    /// How often to look for work.
    pub poll_ms: u64,
    /// How many operations at once.
    pub concurrency: u32,
    /// Tries of a step.
    pub step_attempts: u16,
}

impl Work {
    /// The part that the worker itself takes.
    #[must_use]
    pub const fn worker(&self) -> WorkerSettings {
        WorkerSettings {
            lease_ms: self.lease_ms,
            poll_ms: self.poll_ms,
            concurrency: self.concurrency,
            step_attempts: self.step_attempts,
        }
    }
}

/// `[redis]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// Where it is.
    pub url: Secret,
}

/// `[secrets]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Lines `ID:KEY`.
    pub keys: Secret,
}

/// `[fault]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultOnPurpose {
    /// Dies when this step has begun.
    pub stop_before: String,
    /// Dies when this step has had its effect.
    pub stop_after: String,
}

impl FaultOnPurpose {
    /// The fault, when one is set.
    #[must_use]
    pub fn of_worker(&self) -> Option<WorkerFault> {
        let read = |word: &str, moment| {
            let step = word.parse().ok()?;
            Some(WorkerFault {
                step,
                moment,
                manner: FaultManner::Abort,
            })
        };
        read(&self.stop_before, Moment::Before).or_else(|| read(&self.stop_after, Moment::After))
    }
}

impl Settings {
    /// Loads the settings from the defaults, `file` and the environment (`CP__…`).
    ///
    /// # Errors
    /// With every fault that was found.
    pub fn load(file: Option<&Path>) -> Result<Loaded<Self>, SettingsError> {
        settings::load(Source {
            prefix: "CP",
            defaults: DEFAULTS,
            file,
        })
    }
}

impl Settings {
    /// Loads the settings with these environment variables instead of the process's own.
    ///
    /// # Errors
    /// With every fault that was found.
    pub fn load_from(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Loaded<Self>, SettingsError> {
        settings::load_from(
            Source {
                prefix: "CP",
                defaults: DEFAULTS,
                file,
            },
            environment,
        )
    }
}

impl Validate for Settings {
    fn validate(&self, faults: &mut Vec<Fault>) {
        let mut rule = |holds: bool, key: &str, message: &str| {
            if !holds {
                faults.push(Fault::new(key, message));
            }
        };
        let set = "must be set, usually by the key with _file at its end";
        rule(!self.database.url.is_empty(), "database.url", set);
        rule(
            self.database.max_connections >= 2,
            "database.max_connections",
            "must be at least 2",
        );
        rule(
            Links::new(&self.public_url).is_ok(),
            "public_url",
            "must be http(s)://host[:port]",
        );
        rule(
            self.work.lease_ms >= 300,
            "work.lease_ms",
            "must be at least 300",
        );
        rule(
            self.work.poll_ms >= 10,
            "work.poll_ms",
            "must be at least 10",
        );
        rule(
            self.work.concurrency >= 1,
            "work.concurrency",
            "must be at least 1",
        );
        rule(
            self.accounts.connections >= self.pools.per_tenant,
            "accounts.connections",
            "must be at least pools.per_tenant",
        );
        if let Err(error) = self.access.check() {
            rule(false, "access", &error.to_string());
        }
        self.validate_environment(&mut rule);
        match KeyRing::parse(self.secrets.keys.expose()) {
            Ok(_) => {}
            Err(error) => faults.push(Fault::new("secrets.keys", error.to_string())),
        }
    }
}

impl Settings {
    /// What only a developer's machine may do.
    fn validate_environment(&self, rule: &mut impl FnMut(bool, &str, &str)) {
        let development = self.environment == Environment::Development;
        let loopback =
            self.gateway.listen.ip().is_loopback() && self.staff_api.listen.ip().is_loopback();
        rule(
            !self.sessions.insecure_cookies || (development && loopback),
            "sessions.insecure_cookies",
            "is for environment = \"development\" with listeners on this machine only",
        );
        rule(
            self.sessions.insecure_cookies || self.public_url.starts_with("https://"),
            "public_url",
            "must be https:// unless sessions.insecure_cookies is set",
        );
        rule(
            !self.sso.allow_loopback || development,
            "sso.allow_loopback",
            "is for environment = \"development\" only",
        );
        rule(
            self.sso.nameserver.is_empty() || self.sso.nameserver().is_some(),
            "sso.nameserver",
            "must be address:port, or empty",
        );
        for (key, word) in [
            ("fault.stop_before", &self.fault.stop_before),
            ("fault.stop_after", &self.fault.stop_after),
        ] {
            rule(
                word.is_empty() || development,
                key,
                "is for environment = \"development\" only",
            );
            rule(
                word.is_empty() || word.parse::<cp_domain::StepName>().is_ok(),
                key,
                "is not the name of a step",
            );
        }
    }
}
