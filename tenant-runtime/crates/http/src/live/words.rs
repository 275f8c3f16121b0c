//! What is said over a socket, either way.

use kernel::Generation;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tr_live::{Presence, PresenceMessage};

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Asked {
    /// Wants to hear of topics from now on.
    Subscribe {
        /// `grid:ID`, `folder:ID` or `me`.
        topics: Vec<String>,
    },
    /// Does not want to any more.
    Unsubscribe {
        /// The same.
        topics: Vec<String>,
    },
    /// Looks at or types in a grid that it is subscribed to.
    Presence {
        /// The grid's id.
        grid_id: kernel::WorkItemId,
        /// What it does.
        state: Presence,
    },
}

/// What a client hears.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said {
    /// The first thing: everything after this number will be told.
    Hello {
        /// The number.
        last: u64,
        /// The tenant's generation, of which the numbers are.
        generation: Generation,
    },
    /// It is subscribed to a topic.
    Subscribed {
        /// The topic.
        topic: String,
    },
    /// It is not, or not any more.
    Unsubscribed {
        /// The topic.
        topic: String,
        /// `asked`, `not_found`, `too_many` or `invalid`.
        reason: &'static str,
    },
    /// Something happened.
    Event {
        /// What.
        event: Value,
    },
    /// Up to where all was told that is theirs, when the last event is longer ago.
    Mark {
        /// The number.
        last: u64,
    },
    /// Somebody is there.
    Presence {
        /// Who, where, what.
        #[serde(flatten)]
        presence: PresenceMessage,
    },
    /// The message cannot be understood.
    Invalid {
        /// Why.
        detail: String,
    },
    /// The last thing in a stream that we end; sockets have closing codes.
    Ended {
        /// Why.
        reason: &'static str,
    },
}

impl Said {
    /// As JSON.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
