//! One who listens: their topics, and what of all that happens is theirs to hear. Whether they may
//! is asked when they subscribe, and again whenever something happened that may change it.

use std::{collections::BTreeSet, sync::Arc};

use db::TenantPools;
use kernel::{RequestContext, WorkItemId};
use tr_live::{
    Hub, Listener, Live, LiveError, Missed, Presence, PresenceMessage, Topic, may_listen,
};
use web::{ApiError, ProblemCode};

use super::words::Said;
use crate::{caller::LiveParts, failure::Failure};

/// Topics of one listener at most.
pub(super) const MOST_TOPICS: usize = 100;

/// Why listening ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The listener was too slow.
    Slow,
    /// Whether they may go on could not be found out.
    Unsure,
}

impl From<Missed> for Ended {
    fn from(_: Missed) -> Self {
        Self::Slow
    }
}

/// A listener with their topics.
pub(super) struct Ear {
    context: RequestContext,
    pools: TenantPools,
    hub: Hub,
    listener: Listener,
    topics: BTreeSet<Topic>,
}

impl Ear {
    /// Listens from after a number, or from now on; tells what there is to say first.
    pub(super) async fn open(
        parts: LiveParts,
        topics: Vec<String>,
        since: Option<u64>,
    ) -> Result<(Self, Vec<Said>), Failure> {
        let LiveParts {
            context,
            pools,
            hub,
        } = parts;
        let listener = hub.listen(context.tenant, since).await.map_err(failure)?;
        let mut said = vec![Said::Hello {
            last: listener.last(),
        }];
        let mut ear = Self {
            context,
            pools,
            hub,
            listener,
            topics: BTreeSet::new(),
        };
        let subscribed = ear.subscribe(topics).await;
        said.extend(subscribed.map_err(|_| ApiError::from(ProblemCode::Unavailable))?);
        Ok((ear, said))
    }

    /// Adds topics; tells of each whether it was.
    pub(super) async fn subscribe(&mut self, topics: Vec<String>) -> Result<Vec<Said>, Ended> {
        let mut said = Vec::with_capacity(topics.len());
        for text in topics {
            let refused = |reason| Said::Unsubscribed {
                topic: text.clone(),
                reason,
            };
            said.push(match text.parse::<Topic>() {
                Err(_) => refused("invalid"),
                Ok(_) if self.topics.len() >= MOST_TOPICS => refused("too_many"),
                Ok(topic) if self.may(topic).await? => {
                    self.topics.insert(topic);
                    Said::Subscribed { topic: text }
                }
                Ok(_) => refused("not_found"),
            });
        }
        Ok(said)
    }

    /// Takes topics away.
    pub(super) fn unsubscribe(&mut self, topics: Vec<String>) -> Vec<Said> {
        let known = topics.into_iter().filter(|text| {
            text.parse()
                .is_ok_and(|topic: Topic| self.topics.remove(&topic))
        });
        known
            .map(|topic| Said::Unsubscribed {
                topic,
                reason: "asked",
            })
            .collect()
    }

    /// Tells the others in a grid what this one does there, if they listen to it themselves.
    pub(super) fn present(&self, grid_id: WorkItemId, state: Presence) {
        if self.topics.contains(&Topic::Grid(grid_id)) {
            let member_id = self.context.actor.member;
            let presence = PresenceMessage {
                grid_id,
                member_id,
                state,
            };
            self.hub.present(self.context.tenant.tenant, presence);
        }
    }

    /// Waits for the next thing that there is to say. May be dropped while it waits for the next
    /// message, and not after.
    pub(super) async fn heard(&mut self) -> Result<Arc<Live>, Ended> {
        Ok(self.listener.next().await?)
    }

    /// What of a message is theirs to hear, with its number.
    pub(super) async fn said(&mut self, live: &Live) -> Result<Vec<Said>, Ended> {
        match live {
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
                if event.touches_access() {
                    said = self.check().await?;
                }
                let member = self.context.actor.member;
                if self
                    .topics
                    .iter()
                    .any(|topic| topic.takes(event.payload(), member))
                {
                    said.push(Said::Event {
                        event: event.to_json(),
                    });
                }
                Ok(said)
            }
        }
    }

    /// Takes away the topics that they may not hear of any more.
    async fn check(&mut self) -> Result<Vec<Said>, Ended> {
        let mut said = Vec::new();
        for topic in self.topics.clone() {
            if !self.may(topic).await? {
                self.topics.remove(&topic);
                said.push(Said::Unsubscribed {
                    topic: topic.to_string(),
                    reason: "not_found",
                });
            }
        }
        Ok(said)
    }

    async fn may(&self, topic: Topic) -> Result<bool, Ended> {
        let asked = async {
            let db = self.pools.get(&self.context.tenant).await.ok()?;
            may_listen(&db, &self.context.actor, topic).await.ok()
        };
        asked.await.ok_or(Ended::Unsure)
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
