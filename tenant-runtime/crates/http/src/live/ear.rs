//! One who listens: their topics, which are theirs if they may hear of them, and what the others in a
//! grid are told of them.

use std::{collections::BTreeSet, sync::Arc};

use kernel::{RequestContext, WorkItemId};
use tokio::time::Instant;
use tr_domain::access::Viewer;
use tr_live::{Hub, HubSettings, Listener, Live, Mark, Presence, PresenceMessage, Topic};
use web::{ApiError, ProblemCode};

use super::{
    ended::{Ended, failure},
    presence::Whereabouts,
    words::Said,
};
use crate::{caller::LiveParts, failure::Failure};

/// Topics of one listener at most, and of one message.
pub(super) const MOST_TOPICS: usize = 100;

/// A listener with their topics.
pub(super) struct Ear {
    pub(super) context: RequestContext,
    pub(super) viewer: Viewer,
    hub: Hub,
    pub(super) listener: Listener,
    pub(super) topics: BTreeSet<Topic>,
    /// The last event that may have changed who sees what.
    pub(super) as_of: u64,
    /// Up to where they were told what is theirs, and up to where they know that.
    pub(super) heard_to: u64,
    pub(super) knows_to: u64,
    here: Whereabouts,
}

impl Ear {
    /// Listens from after a mark, or from now on; tells what there is to say first.
    pub(super) async fn open(
        parts: LiveParts,
        topics: Vec<String>,
        since: Option<Mark>,
    ) -> Result<(Self, Vec<Said>), Failure> {
        let LiveParts { context, hub } = parts;
        let listener = hub.listen(context.tenant, since).await.map_err(failure)?;
        let mut said = vec![Said::Hello {
            last: listener.from(),
            generation: context.tenant.generation,
        }];
        let mut ear = Self {
            viewer: Viewer::of(&context.actor),
            context,
            hub,
            as_of: listener.came_at(),
            heard_to: listener.from(),
            knows_to: listener.from(),
            listener,
            topics: BTreeSet::new(),
            here: Whereabouts::default(),
        };
        let subscribed = ear.subscribe(topics).await;
        said.extend(subscribed.map_err(|_| ApiError::from(ProblemCode::Unavailable))?);
        Ok((ear, said))
    }

    /// What the hub grants them.
    pub(super) fn settings(&self) -> HubSettings {
        self.hub.settings()
    }

    /// Up to where they have heard, if they do not know: what is not theirs counts, too.
    pub(super) fn stand(&mut self) -> Option<Said> {
        let last = self.heard_to;
        let moved = last > self.knows_to;
        self.knows_to = last;
        moved.then_some(Said::Mark { last })
    }

    /// What the client would come back with after this number.
    pub(super) fn mark(&self, number: u64) -> Mark {
        Mark {
            generation: self.context.tenant.generation,
            number,
        }
    }

    /// Adds topics; tells of each whether it was.
    pub(super) async fn subscribe(&mut self, topics: Vec<String>) -> Result<Vec<Said>, Ended> {
        if topics.len() > MOST_TOPICS {
            return Ok(vec![Said::Invalid {
                detail: format!("at most {MOST_TOPICS} topics"),
            }]);
        }
        let asked: Vec<Topic> = topics.iter().filter_map(|text| text.parse().ok()).collect();
        let open = self.listener.may(&self.viewer, &asked).await?;
        let mut said = Vec::with_capacity(topics.len());
        for text in topics {
            let refused = |reason| Said::Unsubscribed {
                topic: text.clone(),
                reason,
            };
            said.push(match text.parse::<Topic>() {
                Err(_) => refused("invalid"),
                Ok(topic) if !open.contains(&topic) => refused("not_found"),
                Ok(topic) if self.topics.len() >= MOST_TOPICS && !self.topics.contains(&topic) => {
                    refused("too_many")
                }
                Ok(topic) => {
                    self.topics.insert(topic);
                    Said::Subscribed { topic: text }
                }
            });
        }
        Ok(said)
    }

    /// Takes topics away.
    pub(super) fn unsubscribe(&mut self, topics: Vec<String>) -> Vec<Said> {
        let mut said = Vec::new();
        for text in topics {
            if text.parse().is_ok_and(|topic| self.remove(topic)) {
                said.push(Said::Unsubscribed {
                    topic: text,
                    reason: "asked",
                });
            }
        }
        said
    }

    /// Waits for the next thing that there is to say. May be dropped while it waits for the next
    /// message, and not after.
    pub(super) async fn heard(&mut self) -> Result<Arc<Live>, Ended> {
        Ok(self.listener.next().await?)
    }

    /// Takes a topic away, and tells the others in a grid that they have gone.
    pub(super) fn remove(&mut self, topic: Topic) -> bool {
        if let Topic::Grid(grid) = topic
            && self.here.leave(grid)
        {
            self.tell(grid, Presence::Left);
        }
        self.topics.remove(&topic)
    }

    /// Tells the others in a grid what this one does there, if they listen to it themselves.
    pub(super) fn present(&mut self, grid: WorkItemId, state: Presence) {
        if self.topics.contains(&Topic::Grid(grid)) && self.here.note(grid, state, Instant::now()) {
            self.tell(grid, state);
        }
    }

    /// When the others are to be told what they could not be told at once.
    pub(super) fn due(&self) -> Option<Instant> {
        self.here.due()
    }

    /// Tells the others what is due.
    pub(super) fn tell_due(&mut self) {
        for (grid, state) in self.here.take_due(Instant::now()) {
            self.tell(grid, state);
        }
    }

    /// Tells the others that this one has gone.
    pub(super) fn leave(&mut self) {
        for grid in self.here.leave_all() {
            self.tell(grid, Presence::Left);
        }
    }

    fn tell(&self, grid_id: WorkItemId, state: Presence) {
        let presence = PresenceMessage {
            grid_id,
            member_id: self.context.actor.member,
            state,
        };
        self.hub.present(self.context.tenant.tenant, presence);
    }
}
