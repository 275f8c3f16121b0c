//! Where a client is, when proxies stand between: what a header says counts as far as it was
//! written by proxies that we trust, read from the nearest one outwards.

use core::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::access_policy::{InvalidNetwork, parse_network};

/// How many hops are looked at: more are no honest chain of proxies.
const MAX_HOPS: usize = 32;

/// Which header the trusted proxies write. The other one is whatever the client made of it, so
/// only one is ever read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl ForwardedHeader {
    /// The name of the header, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

/// The proxies whose word is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: ForwardedHeader,
}

impl TrustedProxies {
    /// The proxies of these networks or addresses.
    ///
    /// # Errors
    /// When one is neither.
    pub fn parse<S: AsRef<str>>(
        networks: &[S],
        header: ForwardedHeader,
    ) -> Result<Self, InvalidNetwork> {
        let networks = networks.iter().map(|text| parse_network(text.as_ref()));
        Ok(Self {
            networks: networks.collect::<Result<_, _>>()?,
            header,
        })
    }

    /// The header to read.
    #[must_use]
    pub const fn header(&self) -> ForwardedHeader {
        self.header
    }

    /// Whether this address is one of them.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// The address of the client whose connection, or whose nearest proxy's, came from `peer`, with
    /// the lines of the header as they came.
    #[must_use]
    pub fn client<'a>(&self, peer: IpAddr, lines: impl IntoIterator<Item = &'a str>) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let lines: Vec<&str> = lines.into_iter().collect();
        let quotes = self.header == ForwardedHeader::Forwarded;
        let elements = lines
            .iter()
            .rev()
            .flat_map(|line| from_right(line, b',', quotes));
        for element in elements.take(MAX_HOPS) {
            let told = match self.header {
                ForwardedHeader::XForwardedFor => read_address(element),
                ForwardedHeader::Forwarded => forwarded_for(element),
            };
            // A proxy that does not know, or says nonsense: what is further out is nobody's word.
            let Some(told) = told else { return client };
            client = told;
            if !self.trusts(client) {
                return client;
            }
        }
        client
    }
}

/// The `for` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in from_right(element, b';', true) {
        let (name, value) = pair.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("for") {
            // Twice is not allowed (RFC 7239 §4).
            if found.is_some() {
                return None;
            }
            found = Some(read_address(value.trim().trim_matches('"'))?);
        }
    }
    found
}

/// An address, with or without port and brackets.
fn read_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

/// The parts of a text between separators, the last one first. Read from the right, where trusted
/// proxies wrote, no quote that a client left open hides what comes after it.
fn from_right(text: &str, separator: u8, quotes: bool) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut quoted = false;
        let at = text.bytes().rposition(|byte| {
            quoted ^= quotes && byte == b'"';
            !quoted && byte == separator
        });
        let parts = at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)));
        let (before, part) = parts.map_or((None, text), |(before, part)| (Some(before), part));
        rest = before;
        Some(part)
    })
}

#[cfg(test)]
#[path = "client_address_tests.rs"]
mod tests;
