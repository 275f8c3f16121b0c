//! The settings of the tenant runtime, one document for all its subcommands.

use std::{net::SocketAddr, path::Path};

use serde::Deserialize;
use settings::{Fault, Loaded, Secret, SettingsError, Source, Validate};
use telemetry::LogSettings;

use crate::webhooks;

/// Every key with its default and a comment.
pub const DEFAULTS: &str = include_str!("default.toml");

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Requests from the gateway.
    pub serve: Serve,
    /// The consumers.
    pub work: Side,
    /// The timers.
    pub tick: Side,
    /// Who this node is.
    pub node: Node,
    /// Where the control plane is.
    pub control_plane: ControlPlane,
    /// Answers that are kept.
    pub cache: Cache,
    /// Connections to the tenants' databases.
    pub pools: Pools,
    /// RabbitMQ.
    pub broker: Broker,
    /// The way from the outboxes to the broker.
    pub relay: Relay,
    /// How long things are kept.
    pub retention: Retention,
    /// Messages to other programs.
    pub webhooks: Webhooks,
    /// Mail to people.
    pub mail: Mail,
    /// What a client may ask at most.
    pub limits: Limits,
    /// The log.
    pub log: LogSettings,
}

/// `[serve]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serve {
    /// Where to listen.
    pub address: SocketAddr,
    /// Threads; 0 for one per core.
    pub workers: usize,
    /// How long requests in flight may take to end.
    pub drain_seconds: u64,
}

/// `[work]`, `[tick]`: processes that listen for health only.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Where health and metrics are answered.
    pub address: SocketAddr,
}

/// `[node]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The name under which the control plane knows this node.
    pub name: String,
    /// What it proves that with.
    pub secret: Secret,
    /// `host:port` for the gateway; empty for `serve.address`.
    pub address: String,
    /// The release ring that it serves.
    pub ring: String,
}

/// `[control_plane]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlPlane {
    /// The internal listener.
    pub url: String,
}

/// `[cache]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// The document server; none if empty.
    pub url: Secret,
    /// Memory for answers.
    pub memory_mib: u64,
    /// Answers computed at once; of one tenant a quarter of them.
    pub computing: usize,
    /// One of so many answers found is computed again and compared.
    pub check_every: u64,
    /// How long an answer must have been computed, in milliseconds, to be kept on the document
    /// server.
    pub share_after_ms: u64,
}

/// `[pools]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pools {
    /// Connections to one tenant's database.
    pub per_tenant: u32,
    /// Connections to all.
    pub total: u32,
    /// When an unused connection is closed.
    pub idle_seconds: u64,
    /// How long a request waits for a connection.
    pub acquire_timeout_ms: u64,
    /// How long a statement may run.
    pub statement_timeout_ms: u64,
    /// How many requests may wait for room in the budget.
    pub queue: usize,
}

/// `[broker]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Broker {
    /// With user and virtual host.
    pub url: Secret,
    /// Silence for two of these is a lost connection.
    pub heartbeat_seconds: u64,
}

/// `[relay]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Tenants relayed at a time.
    pub workers: usize,
    /// Events a tenant may have published and not handled, per class.
    pub outstanding_per_tenant: usize,
    /// An event that waits longer is worth a warning.
    pub warn_after_seconds: u64,
    /// How often tenants that were active lately are swept.
    pub sweep_active_seconds: u64,
    /// How often all tenants are swept.
    pub sweep_all_seconds: u64,
}

/// `[retention]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days that handled events are kept.
    pub done_events_days: u32,
    /// Hours that answers to keyed requests are kept.
    pub idempotency_keys_hours: u32,
    /// Days that deliveries of webhooks are kept.
    pub webhook_deliveries_days: u32,
    /// Days that notifications are kept.
    pub notifications_days: u32,
}

/// `[webhooks]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Keys that seal secrets; no webhooks if empty.
    pub keys: Secret,
    /// Whether receivers may be on this machine.
    pub allow_loopback: bool,
    /// The name server; the system's if empty.
    pub nameserver: String,
    /// How long a receiver may take.
    pub timeout_ms: u64,
}

/// `[mail]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Where it is handed over.
    pub url: Secret,
    /// Who sends it.
    pub from: String,
    /// The platform's public address: tenants' pages are at hosts below it.
    pub public_url: String,
}

/// `[limits]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The largest request body.
    pub body_bytes: usize,
}

impl Settings {
    /// Loads the settings from the defaults, `file` and the environment (`TR__…`).
    ///
    /// # Errors
    /// With every fault that was found.
    pub fn load(file: Option<&Path>) -> Result<Loaded<Self>, SettingsError> {
        settings::load(Source {
            prefix: "TR",
            defaults: DEFAULTS,
            file,
        })
    }
}

impl Validate for Settings {
    fn validate(&self, faults: &mut Vec<Fault>) {
        let mut rule = |holds: bool, key: &str, message: &str| {
            if !holds {
                faults.push(Fault::new(key, message));
            }
        };
        rule(!self.node.name.is_empty(), "node.name", "must be set");
        rule(
            !self.node.secret.is_empty(),
            "node.secret",
            "must be set, usually by node.secret_file",
        );
        rule(!self.node.ring.is_empty(), "node.ring", "must be set");
        rule(
            self.node.address.is_empty() || has_port(&self.node.address),
            "node.address",
            "must be host:port",
        );
        rule(
            !self.node.address.is_empty() || !self.serve.address.ip().is_unspecified(),
            "node.address",
            "must be set when serve.address takes every interface",
        );
        let url = &self.control_plane.url;
        rule(
            url.starts_with("http://") || url.starts_with("https://"),
            "control_plane.url",
            "must be an http or https address",
        );
        let broker = self.broker.url.expose();
        rule(
            broker.starts_with("amqp://") || broker.starts_with("amqps://"),
            "broker.url",
            "must be an amqp or amqps address",
        );
        rule(
            (2..=600).contains(&self.broker.heartbeat_seconds),
            "broker.heartbeat_seconds",
            "must be between 2 and 600",
        );
        let public = url::Url::parse(&self.mail.public_url);
        rule(
            public.is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.domain().is_some()
            }),
            "mail.public_url",
            "must be http(s)://host[:port]",
        );
        let cache = self.cache.url.expose();
        rule(
            cache.is_empty()
                || cache.starts_with("mongodb://")
                || cache.starts_with("mongodb+srv://"),
            "cache.url",
            "must be a mongodb address, or empty",
        );
        rule(
            self.cache.computing >= 1,
            "cache.computing",
            "must be at least 1",
        );
        let relay = &self.relay;
        rule(
            relay.workers >= 1 && relay.outstanding_per_tenant >= 1,
            "relay",
            "workers and outstanding_per_tenant must be at least 1",
        );
        rule(
            relay.sweep_active_seconds >= 1
                && relay.sweep_all_seconds >= relay.sweep_active_seconds,
            "relay.sweep_all_seconds",
            "must be at least relay.sweep_active_seconds, and that at least 1",
        );
        let kept = &self.retention;
        rule(
            kept.done_events_days >= 1
                && kept.idempotency_keys_hours >= 24
                && kept.webhook_deliveries_days >= 4
                && kept.notifications_days >= 30,
            "retention",
            "events are kept a day at least, answers to keyed requests 24 hours, deliveries the 4 \
             days for which they are tried",
        );
        let webhooks = &self.webhooks;
        if let Err(error) = webhooks::sealer(webhooks) {
            rule(false, "webhooks.keys", &error.to_string());
        }
        rule(
            webhooks.nameserver.is_empty() || webhooks.nameserver.parse::<SocketAddr>().is_ok(),
            "webhooks.nameserver",
            "must be address:port",
        );
        rule(
            // Well within what a consumer that stops waits for its last batch.
            (100..=20_000).contains(&webhooks.timeout_ms),
            "webhooks.timeout_ms",
            "must be between 100 and 20000",
        );
        rule(
            self.pools.per_tenant >= 1,
            "pools.per_tenant",
            "must be at least 1",
        );
        rule(
            self.pools.total >= self.pools.per_tenant,
            "pools.total",
            "must be at least pools.per_tenant",
        );
        rule(
            self.pools.acquire_timeout_ms >= 1,
            "pools.acquire_timeout_ms",
            "must be at least 1",
        );
        rule(
            (1024..=64 * 1024 * 1024).contains(&self.limits.body_bytes),
            "limits.body_bytes",
            "must be between 1 KiB and 64 MiB",
        );
        rule(
            (1..=25).contains(&self.serve.drain_seconds),
            "serve.drain_seconds",
            "must be between 1 and 25",
        );
    }
}

fn has_port(address: &str) -> bool {
    address
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(variables: &[(&str, &str)]) -> Result<Loaded<Settings>, SettingsError> {
        settings::load_from(
            Source {
                prefix: "TR",
                defaults: DEFAULTS,
                file: None,
            },
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults = load(&[
            ("TR__SERVE__DRAIN_SECONDS", "60"),
            ("TR__CONTROL_PLANE__URL", "ftp://host"),
            ("TR__POOLS__TOTAL", "1"),
            ("TR__WEBHOOKS__TIMEOUT_MS", "20001"),
        ])
        .unwrap_err()
        .faults;
        let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "node.name",
                "node.secret",
                "control_plane.url",
                "webhooks.timeout_ms",
                "pools.total",
                "serve.drain_seconds"
            ]
        );
    }

    #[test]
    fn a_name_and_a_secret_are_enough_and_the_secret_is_not_printed() {
        let loaded = load(&[
            ("TR__NODE__NAME", "node-1"),
            ("TR__NODE__SECRET", "hush-hush"),
        ])
        .unwrap();
        assert_eq!(loaded.settings.node.name, "node-1");
        assert!(!loaded.print().contains("hush-hush"));
    }
}
