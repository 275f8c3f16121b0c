//! Who runs the timers. An exclusive queue of the broker makes one process of a ring the leader;
//! the control plane then gives it a token that is greater than all before. With the token the
//! leader claims slots, each of which is given once; over the connection that holds the queue, and
//! no other, it enqueues. One that was deposed without noticing is refused by both.

use std::{convert::Infallible, time::Duration};

use broker::{Leadership, Link};
use chrono::{DateTime, Utc};
use clock::Clock;
use cp_node_api::{
    NodeApi, NodeApiError, SlotClaim, TimerEntry, TimersBeat, TimersLead, TimersNews,
};
use tokio_util::sync::CancellationToken;
use tr_cache::Documents;
use tracing::{info, warn};

use super::{TimerSpec, run::RunError};
use crate::Ring;

/// How the timers run.
#[derive(Debug, Clone)]
pub struct TickSettings {
    /// The ring, whose timers have a leader of their own.
    pub ring: String,
    /// The timers.
    pub timers: Vec<TimerSpec>,
    /// How often the leader says that it is there and asks whether anything is to be run.
    pub look_every: Duration,
    /// How long the document server may take to delete what is past its time: the leader waits for
    /// it, and all other timers with it.
    pub sweep_within: Duration,
}

/// What the timers work with.
pub struct Timers<R> {
    /// To the broker.
    pub link: Link,
    /// The tenants of the ring.
    pub tenants: R,
    /// The control plane, which gives slots.
    pub api: NodeApi,
    /// The document server of the cache, when there is one.
    pub cache: Option<Documents>,
    /// The clock.
    pub clock: Clock,
    /// How.
    pub settings: TickSettings,
}

/// Why one leads no more.
#[derive(Debug, thiserror::Error)]
enum LeadError {
    #[error("the control plane lets another lead: {0}")]
    Deposed(NodeApiError),
    #[error("the connection that holds the role has ended")]
    Ended,
}

/// Stands for leader, and runs the timers while it leads, until told to stop.
pub async fn tick<R: Ring>(timers: Timers<R>, stop: CancellationToken) {
    stop.run_until_cancelled(async {
        let role = format!("tick.{}", timers.settings.ring);
        loop {
            let Ok(leadership) = Leadership::win(&timers.link, &role).await else {
                return;
            };
            metrics::gauge!("tick_leader").set(1.0);
            let Err(reason) = tokio::select! {
                ended = timers.lead(&leadership) => ended,
                () = leadership.ended() => Err(LeadError::Ended),
            };
            metrics::gauge!("tick_leader").set(0.0);
            warn!(%reason, "not leading the timers any more");
            tokio::time::sleep(timers.settings.look_every).await;
        }
    })
    .await;
}

impl<R: Ring> Timers<R> {
    async fn lead(&self, leadership: &Leadership) -> Result<Infallible, LeadError> {
        let token = self.token().await;
        info!(token, "leading the timers");
        loop {
            self.look(leadership, token).await?;
            tokio::time::sleep(self.pause()).await;
        }
    }

    /// Asks for a token until there is one.
    async fn token(&self) -> u64 {
        loop {
            let now = self.clock.now();
            let timers = self.settings.timers.iter();
            let lead = TimersLead {
                timers: timers.map(|timer| entry(timer, now)).collect(),
            };
            match self.api.lead_timers(&lead).await {
                Ok(led) => return led.token,
                Err(error) => warn!(%error, "the control plane gives no token"),
            }
            tokio::time::sleep(self.settings.look_every).await;
        }
    }

    /// Runs what is open, then what is due. A timer that fails is tried again at the next look, and
    /// keeps no other from its slots; who leads no more runs nothing.
    async fn look(&self, leadership: &Leadership, token: u64) -> Result<(), LeadError> {
        let beat = self.api.beat_timers(TimersBeat { token }).await;
        let Some(news) = spared(beat.map_err(RunError::from))? else {
            return Ok(());
        };
        for run in &news.open {
            spared(self.run(leadership, token, run).await)?;
        }
        let now = self.clock.now();
        for timer in &self.settings.timers {
            if let Some(slot) = due(timer, &news, now) {
                let claim = SlotClaim {
                    token,
                    slot,
                    next_at: timer.schedule.next(now),
                };
                spared(self.claim(leadership, timer.name, claim).await)?;
            }
        }
        Ok(())
    }

    /// Runs a slot if it is free.
    async fn claim(
        &self,
        leadership: &Leadership,
        timer: &str,
        claim: SlotClaim,
    ) -> Result<(), RunError> {
        let token = claim.token;
        if let Some(run) = self.api.claim_slot(timer, claim).await?.run {
            self.run(leadership, token, &run).await?;
        }
        Ok(())
    }

    /// Until the next slot, but no longer than between two looks.
    fn pause(&self) -> Duration {
        let now = self.clock.now();
        let timers = self.settings.timers.iter();
        let next = timers.map(|timer| timer.schedule.next(now)).min();
        let until = next.and_then(|next| (next - now).to_std().ok());
        self.settings.look_every.min(until.unwrap_or(Duration::MAX))
    }
}

/// What came of a try. Who was deposed stops; whatever else fails stays open, and is gone on with at
/// the next look.
fn spared<T>(tried: Result<T, RunError>) -> Result<Option<T>, LeadError> {
    match tried {
        Ok(done) => Ok(Some(done)),
        Err(RunError::Api(error)) if error.is_conflict() => Err(LeadError::Deposed(error)),
        Err(error) => {
            warn!(%error, "a timer waits");
            Ok(None)
        }
    }
}

/// The slot of a timer that was not had: the last one only, however many nobody led through.
fn due(timer: &TimerSpec, news: &TimersNews, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let slot = timer.schedule.last(now);
    let mut last = news.last.iter();
    let had = last.any(|last| last.timer == timer.name && last.slot >= slot);
    (!had).then_some(slot)
}

fn entry(timer: &TimerSpec, now: DateTime<Utc>) -> TimerEntry {
    TimerEntry {
        name: timer.name.to_owned(),
        schedule: timer.schedule.to_string(),
        purpose: timer.purpose.to_owned(),
        next_at: timer.schedule.next(now),
    }
}
