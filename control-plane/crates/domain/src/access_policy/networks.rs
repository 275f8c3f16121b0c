//! Networks by their prefix.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// An address or a network, such as `192.0.2.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

/// Neither an address nor a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a network is an address or address/prefix, such as 192.0.2.0/24 or 2001:db8::/32")]
pub struct InvalidNetwork;

/// Reads an address or a network; bits after the prefix are dropped, IPv4 written as IPv6 is IPv4.
///
/// # Errors
/// When it is neither.
pub fn parse_network(text: &str) -> Result<IpNet, InvalidNetwork> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address.to_canonical()));
    }
    let network = text.parse::<IpNet>().map_err(|_| InvalidNetwork)?.trunc();
    let prefix = network.prefix_len();
    match network.addr().to_canonical() {
        IpAddr::V4(address) if network.addr().is_ipv6() && prefix >= 96 => {
            IpNet::new(IpAddr::V4(address), prefix - 96).map_err(|_| InvalidNetwork)
        }
        _ => Ok(network),
    }
}

impl Network {
    /// Reads an address or a network.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidNetwork> {
        parse_network(text).map(Self)
    }

    /// Whether the address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Network {
    type Error = InvalidNetwork;

    fn try_from(text: String) -> Result<Self, InvalidNetwork> {
        Self::parse(&text)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}
