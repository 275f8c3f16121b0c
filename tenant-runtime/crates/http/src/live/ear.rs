//! One who listens: their topics, and what of all that happens is theirs to hear. Whether they may
//! is asked when they subscribe, and again whenever something happened that may change it.

use std::{collections::BTreeSet, sync::Arc};

use db::DbError;
use kernel::{RequestContext, WorkItemId};
use serde_json::Value;
use tokio::time::Instant;
use tr_live::{
    EventMessage, Hearing, Hub, Listener, Live, LiveError, Mark, Missed, Presence, PresenceMessage,
    Topic,
};

use tr_domain::access::Viewer;
use web::{ApiError, ProblemCode};

use super::{presence::Whereabouts, words::Said};
use crate::{caller::LiveParts, failure::Failure};

/// Topics of one listener at most, and of one message.
pub(super) const MOST_TOPICS: usize = 100;

/// Why listening ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The listener was too slow.
    Slow,
    /// The tenant's events are heard by coming again.
    Moved,
    /// Whether they may go on could not be found out.
    Unsure,
}

impl Ended {
    /// The reason that a client is told.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Slow => "too slow",
            Self::Moved => "moved",
            Self::Unsure => "try again",
        }
    }
}

impl From<Missed> for Ended {
    fn from(_: Missed) -> Self {
        Self::Slow
    }
}

impl From<Arc<LiveError>> for Ended {
    fn from(error: Arc<LiveError>) -> Self {
        match &*error {
            LiveError::Db(DbError::Generation { .. }) => Self::Moved,
            _ => Self::Unsure,
        }
    }
}

/// A listener with their topics.
pub(super) struct Ear {
    context: RequestContext,
    viewer: Viewer,
    hub: Hub,
    listener: Listener,
    topics: BTreeSet<Topic>,
    /// The last event that may have changed who sees what.
    as_of: u64,
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
            listener,
            topics: BTreeSet::new(),
            here: Whereabouts::default(),
        };
        let subscribed = ear.subscribe(topics).await;
        said.extend(subscribed.map_err(|_| ApiError::from(ProblemCode::Unavailable))?);
        Ok((ear, said))
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

    /// What of a message is theirs to hear, with its number.
    pub(super) async fn said(&mut self, live: &Live) -> Result<Vec<Said>, Ended> {
        match live {
            Live::Moved => Err(Ended::Moved),
            Live::Presence(presence) => {
                let others = presence.member_id != self.context.actor.member
                    && self.topics.contains(&Topic::Grid(presence.grid_id));
                let presence = others.then(|| Said::Presence {
                    presence: presence.clone(),
                });
                Ok(presence.into_iter().collect())
            }
            Live::Event(event) => {
                let mut said = Vec::new();
                // What came before they did is in what they were allowed.
                if event.number() > self.as_of && event.touches_access() {
                    self.as_of = event.number();
                    said = self.check(event).await?;
                }
                let event = self.told(event).await?;
                said.extend(event.map(|event| Said::Event { event }));
                Ok(said)
            }
        }
    }

    /// What they are told of an event.
    async fn told(&self, event: &EventMessage) -> Result<Option<Value>, Ended> {
        let (payload, member) = (event.payload(), self.context.actor.member);
        let topics = self.topics.iter();
        let ways: Vec<Hearing> = topics
            .filter_map(|topic| topic.takes(payload, member))
            .collect();
        let mut left = None;
        let mut asked = BTreeSet::new();
        for way in &ways {
            match way {
                Hearing::Own => return Ok(Some(event.to_json())),
                Hearing::Left(grid) => left = Some(*grid),
                Hearing::IfSeen(object) => {
                    asked.insert(*object);
                }
            }
        }
        for object in asked {
            if self.listener.sees(self.viewer, self.as_of, object).await? {
                return Ok(Some(event.to_json()));
            }
        }
        Ok(left.map(|grid| event.to_json_left(grid)))
    }

    /// Takes away the topics that an event concerns and that they may not hear of any more.
    async fn check(&mut self, event: &EventMessage) -> Result<Vec<Said>, Ended> {
        let member = self.context.actor.member;
        let topics = self.topics.iter().copied();
        let concerned: Vec<Topic> = topics
            .filter(|topic| event.concerns(*topic, member))
            .collect();
        if concerned.is_empty() {
            return Ok(Vec::new());
        }
        let asked = concerned.clone();
        let open = self.listener.may_still(self.viewer, self.as_of, asked);
        let open = open.await?;
        let mut said = Vec::new();
        for topic in concerned {
            if !open.contains(&topic) {
                self.remove(topic);
                said.push(Said::Unsubscribed {
                    topic: topic.to_string(),
                    reason: "not_found",
                });
            }
        }
        Ok(said)
    }

    fn remove(&mut self, topic: Topic) -> bool {
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

fn failure(error: LiveError) -> Failure {
    match error {
        LiveError::TooOld => ApiError::new(ProblemCode::EventsGone).into(),
        LiveError::Unknown => ApiError::new(ProblemCode::InvalidQuery)
            .detail("there is no event of the number `since` yet")
            .into(),
        LiveError::Db(error) => error.into(),
        LiveError::Store(error) => ApiError::internal(&error).into(),
    }
}
