//! Name servers: addresses, and the records by which a tenant proves a domain.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::rr::{RData, RecordType},
};

use crate::guard::is_localhost;

const PATIENCE: Duration = Duration::from_secs(2);

/// The name servers have no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LookupFailed {
    /// There is no such name or record.
    #[error("there is no such name")]
    NotFound,
    /// They cannot be asked.
    #[error("name servers cannot be asked: {0}")]
    Unavailable(String),
}

/// Asks name servers. Nothing is kept: who adds a record wants it seen.
#[derive(Clone)]
pub struct Names {
    resolver: Option<TokioResolver>,
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names")
    }
}

impl Names {
    /// Asks this name server, or those of the system.
    #[must_use]
    pub fn new(server: Option<SocketAddr>) -> Self {
        let builder = match server {
            Some(server) => Ok(TokioResolver::builder_with_config(
                only(server),
                TokioRuntimeProvider::default(),
            )),
            None => TokioResolver::builder_tokio(),
        };
        let resolver = builder.and_then(|mut builder| {
            let options = builder.options_mut();
            options.cache_size = 0;
            options.timeout = PATIENCE;
            options.attempts = 2;
            builder.build()
        });
        if let Err(error) = &resolver {
            tracing::warn!(%error, "there are no name servers; nothing can be reached by name");
        }
        Self {
            resolver: resolver.ok(),
        }
    }

    /// The addresses of a name.
    ///
    /// # Errors
    /// When there are none or nobody can say.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LookupFailed> {
        if is_localhost(name) {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let found = self.resolver()?.lookup_ip(absolute(name)).await;
        let found: Vec<IpAddr> = found.map_err(|error| failed(&error))?.iter().collect();
        if found.is_empty() {
            return Err(LookupFailed::NotFound);
        }
        Ok(found)
    }

    /// The texts of a name's TXT records.
    ///
    /// # Errors
    /// When there are none or nobody can say.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, LookupFailed> {
        let found = self
            .resolver()?
            .lookup(absolute(name), RecordType::TXT)
            .await;
        let found = found.map_err(|error| failed(&error))?;
        let texts = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::TXT(text) => Some(text.txt_data.concat()),
                _ => None,
            });
        Ok(texts
            .filter_map(|bytes| String::from_utf8(bytes).ok())
            .collect())
    }

    fn resolver(&self) -> Result<&TokioResolver, LookupFailed> {
        self.resolver
            .as_ref()
            .ok_or_else(|| LookupFailed::Unavailable("none is configured".to_owned()))
    }
}

/// With a dot at the end, so that no search domain is tried.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn only(server: SocketAddr) -> ResolverConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let server = NameServerConfig::new(server.ip(), true, connections.into());
    ResolverConfig::from_name_servers(vec![server])
}

fn failed(error: &hickory_resolver::net::NetError) -> LookupFailed {
    if error.is_no_records_found() || error.is_nx_domain() {
        LookupFailed::NotFound
    } else {
        LookupFailed::Unavailable(error.to_string())
    }
}
