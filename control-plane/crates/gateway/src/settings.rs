//! Limits and patience of the gateway.

use std::time::Duration;

use serde::Deserialize;

use crate::{rates::RateSettings, streams::StreamSettings};

/// The gateway's settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewaySettings {
    /// The largest body of a request, in bytes.
    pub body_limit: u64,
    /// The largest body that is kept so that a keyed POST can be sent once more, in bytes.
    pub replay_limit: u64,
    /// The largest answer that is read whole before it is passed on, in bytes: a node that is lost
    /// in the middle of it has then not been heard at all.
    pub answer_buffer: u64,
    /// How long a connection to a node may take.
    pub connect_timeout_ms: u64,
    /// How long a node may take to begin its answer.
    pub first_byte_timeout_ms: u64,
    /// How long either side may stand still in the middle of a body.
    pub idle_timeout_ms: u64,
    /// The most requests at a time, tunnels and streams of events not among them.
    pub max_in_flight: u32,
    /// The most of them at a time of one node.
    pub max_in_flight_per_node: u32,
    /// How long a node that could not be reached is passed over.
    pub eject_ms: u64,
    /// How often the session of an open tunnel or stream of events is looked at when nobody tells
    /// of a change.
    pub recheck_ms: u64,
    /// Tunnels and streams of events at a time.
    pub streams: StreamSettings,
    /// Requests per second.
    pub rates: RateSettings,
}

impl GatewaySettings {
    pub(crate) const fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(crate) const fn first_byte_timeout(&self) -> Duration {
        Duration::from_millis(self.first_byte_timeout_ms)
    }

    pub(crate) const fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }

    pub(crate) const fn recheck(&self) -> Duration {
        Duration::from_millis(self.recheck_ms)
    }
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            body_limit: 1 << 20,
            replay_limit: 256 << 10,
            answer_buffer: 64 << 10,
            connect_timeout_ms: 1_000,
            first_byte_timeout_ms: 30_000,
            idle_timeout_ms: 60_000,
            max_in_flight: 2_000,
            max_in_flight_per_node: 1_000,
            eject_ms: 3_000,
            recheck_ms: 15_000,
            streams: StreamSettings::default(),
            rates: RateSettings::default(),
        }
    }
}
