//! What nodes tell each other over the broker. Best effort: what is lost is found out by looking.

use broker::Link;
use kernel::TenantId;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Hub, PresenceMessage};

/// What one node tells the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Push {
    /// Something of the tenant was committed.
    Committed {
        /// The tenant.
        tenant: TenantId,
    },
    /// Somebody does something in a grid.
    Presence {
        /// The tenant.
        tenant: TenantId,
        /// Who does what.
        presence: PresenceMessage,
    },
}

/// A push on its way.
#[derive(Debug, Serialize, Deserialize)]
struct Announcement {
    /// Whose hub pushed: the exchange gives everybody everything, and one's own is known.
    #[serde(default)]
    origin: Option<Uuid>,
    #[serde(flatten)]
    push: Push,
}

/// Sends what the hub pushes and tells it what others push, until told to stop.
pub async fn keep_told(
    link: Link,
    hub: Hub,
    mut pushes: mpsc::Receiver<Push>,
    stop: CancellationToken,
) {
    let origin = Some(Uuid::new_v4());
    let hear = {
        let hub = hub.clone();
        broker::listen(link.clone(), move |heard| match heard {
            Some(body) => match serde_json::from_slice::<Announcement>(body) {
                Ok(told) if told.origin == origin => {}
                Ok(told) => hub.heard(told.push),
                Err(error) => tracing::warn!(%error, "a push that is none"),
            },
            None => hub.look_everywhere(),
        })
    };
    let send = async {
        let announcer = broker::Announcer::new(link);
        let mut waiting = Vec::new();
        while pushes.recv_many(&mut waiting, 256).await > 0 {
            waiting.dedup();
            for push in waiting.drain(..) {
                if let Ok(body) = serde_json::to_vec(&Announcement { origin, push }) {
                    announcer.announce(&body).await;
                }
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = hear => {}
        () = send => {}
    }
}
