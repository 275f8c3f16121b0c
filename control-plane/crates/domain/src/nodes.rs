//! Nodes of the tenant runtime: who may ask for placements, who takes requests.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::NodeId;

use crate::Ring;

/// How often a node beats, in seconds.
pub const BEAT_SECONDS: u32 = 2;

/// How long a node counts as there after its last beat: two beats may be lost.
pub const NODE_LEASE: TimeDelta = TimeDelta::seconds(3 * BEAT_SECONDS as i64);

/// The most characters of a node's name.
const MAX_NAME: usize = 63;

/// A process of the tenant runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The node.
    pub id: NodeId,
    /// Its name, unique.
    pub name: String,
    /// The release ring whose tenants it serves.
    pub ring: Ring,
    /// `host:port` that takes requests; none for workers and before the first registration.
    pub address: Option<String>,
    /// The version of its program.
    pub version: Option<String>,
    /// Whether it takes nothing new.
    pub draining: bool,
    /// How many requests it said it is working on.
    pub in_flight: u32,
    /// When it last started.
    pub registered_at: Option<DateTime<Utc>>,
    /// When it last said that it is there; none once it has left.
    pub last_beat_at: Option<DateTime<Utc>>,
}

impl Node {
    /// Whether it was there within its lease.
    #[must_use]
    pub fn is_there(&self, now: DateTime<Utc>) -> bool {
        self.last_beat_at
            .is_some_and(|beat| now - beat <= NODE_LEASE)
    }

    /// The address to forward requests to, when it may get any.
    #[must_use]
    pub fn takes_requests(&self, now: DateTime<Utc>) -> Option<&str> {
        if self.draining || !self.is_there(now) {
            return None;
        }
        self.address.as_deref()
    }
}

/// Why a node cannot be created or registered so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeRuleError {
    /// The name has a wrong form.
    #[error("a node's name has 1 to 63 characters: lower-case letters, digits and inner hyphens")]
    Name,
    /// The address has a wrong form.
    #[error("a node's address is host:port")]
    Address,
}

/// Checks the name of a node.
///
/// # Errors
/// When it has not the form of a DNS label.
pub fn check_node_name(name: &str) -> Result<(), NodeRuleError> {
    let legal = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let inner = !name.starts_with('-') && !name.ends_with('-');
    if legal && inner && (1..=MAX_NAME).contains(&name.len()) {
        return Ok(());
    }
    Err(NodeRuleError::Name)
}

/// Checks an address that a node gives.
///
/// # Errors
/// When it is not `host:port`.
pub fn check_node_address(address: &str) -> Result<(), NodeRuleError> {
    let (host, port) = address.rsplit_once(':').ok_or(NodeRuleError::Address)?;
    let host = host
        .strip_prefix('[')
        .and_then(|v6| v6.strip_suffix(']'))
        .unwrap_or(host);
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
    let good_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    if host.is_empty() || host.len() > 240 || !host.bytes().all(legal) || !good_port {
        return Err(NodeRuleError::Address);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(beat: Option<DateTime<Utc>>) -> Node {
        Node {
            id: NodeId::from_uuid(Default::default()),
            name: "node-1".to_owned(),
            ring: Ring::General,
            address: Some("127.0.0.1:8090".to_owned()),
            version: None,
            draining: false,
            in_flight: 0,
            registered_at: beat,
            last_beat_at: beat,
        }
    }

    #[test]
    fn a_node_gets_requests_while_it_beats_and_does_not_drain() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(node(None).takes_requests(now), None);
        let beating = node(Some(now));
        assert_eq!(
            beating.takes_requests(now + NODE_LEASE),
            Some("127.0.0.1:8090")
        );
        let lost = now + NODE_LEASE + TimeDelta::microseconds(1);
        assert_eq!(beating.takes_requests(lost), None);
        assert_eq!(
            Node {
                draining: true,
                ..beating.clone()
            }
            .takes_requests(now),
            None
        );
        assert_eq!(
            Node {
                address: None,
                ..beating
            }
            .takes_requests(now),
            None
        );
    }

    #[test]
    fn names_and_addresses_have_a_form() {
        assert!(check_node_name("node-1").is_ok());
        for name in ["", "-a", "a-", "Node", "a b", &"a".repeat(64)] {
            assert_eq!(check_node_name(name), Err(NodeRuleError::Name), "{name}");
        }
        for address in ["127.0.0.1:8090", "[::1]:80", "runtime-1.internal:8090"] {
            assert!(check_node_address(address).is_ok(), "{address}");
        }
        for address in [
            "",
            "host",
            "host:0",
            "host:99999",
            ":80",
            "http://h:80",
            "h/x:80",
        ] {
            assert_eq!(
                check_node_address(address),
                Err(NodeRuleError::Address),
                "{address}"
            );
        }
    }
}
