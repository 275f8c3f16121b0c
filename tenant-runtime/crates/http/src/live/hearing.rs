//! What of all that happens is one's to hear. Whether they may is asked again whenever something
//! happened that may change it.

use std::collections::BTreeSet;

use serde_json::Value;
use tr_live::{EventMessage, Hearing, Live, Topic};

use super::{ear::Ear, ended::Ended, words::Said};

impl Ear {
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
                let told = self.told(event).await?;
                self.heard_to = event.number();
                if told.is_some() {
                    self.knows_to = event.number();
                }
                said.extend(told.map(|event| Said::Event { event }));
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
}
