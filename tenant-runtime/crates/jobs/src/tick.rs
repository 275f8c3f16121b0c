//! The timer: one process leads and enqueues a job per tenant and slot; nobody loops over
//! databases. Slots are spans of UTC, so that summer time changes nothing. A slot is run by
//! whoever leads when it begins; one that nobody led is made up for by the next, as jobs go by age.

use std::time::Duration;

use broker::{Class, Envelope, Leadership, Link, Outgoing, PublishError};
use chrono::{DateTime, Utc};
use clock::Clock;
use kernel::TenantContext;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    Ring, RingError,
    housekeeping::{PURGE, PURGE_VERSION},
};

/// How the timer runs.
#[derive(Debug, Clone, Copy)]
pub struct TickSettings {
    /// How long a slot is.
    pub every: Duration,
}

impl Default for TickSettings {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(60 * 60),
        }
    }
}

/// The jobs of a slot could not all be enqueued.
#[derive(Debug, thiserror::Error)]
enum SlotError {
    #[error(transparent)]
    Ring(#[from] RingError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error("a job could not be written: {0}")]
    Job(#[from] serde_json::Error),
}

/// Stands for leader, and enqueues while it leads, until told to stop.
pub async fn tick(
    link: Link,
    ring: impl Ring,
    clock: Clock,
    settings: TickSettings,
    stop: CancellationToken,
) {
    let timer = Timer {
        link,
        ring,
        clock,
        every: settings.every,
    };
    stop.run_until_cancelled(async {
        loop {
            let Ok(leadership) = Leadership::win(&timer.link, "tick").await else {
                return;
            };
            info!("leading the timers");
            metrics::gauge!("tick_leader").set(1.0);
            tokio::select! {
                () = timer.lead(&leadership) => {}
                () = leadership.ended() => {}
            }
            metrics::gauge!("tick_leader").set(0.0);
            warn!("not leading the timers any more");
        }
    })
    .await;
}

struct Timer<R> {
    link: Link,
    ring: R,
    clock: Clock,
    every: Duration,
}

impl<R: Ring> Timer<R> {
    async fn lead(&self, leadership: &Leadership) {
        loop {
            tokio::time::sleep(until_next(self.clock.now(), self.every)).await;
            let slot = self.clock.now();
            match self.enqueue(leadership, slot).await {
                Ok(jobs) => info!(%slot, jobs, "housekeeping enqueued"),
                Err(error) => warn!(%slot, %error, "not all housekeeping was enqueued"),
            }
        }
    }

    /// A job for every tenant of the ring, a page at a time.
    async fn enqueue(
        &self,
        leadership: &Leadership,
        at: DateTime<Utc>,
    ) -> Result<usize, SlotError> {
        let (mut jobs, mut after) = (0, None);
        loop {
            let page = self.ring.page(after).await?;
            let messages = page
                .tenants
                .iter()
                .map(|tenant| self.job(*tenant, at))
                .collect::<Result<Vec<_>, _>>()?;
            jobs += messages.len();
            for answer in leadership.publish(&messages).await {
                answer?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(jobs);
            }
        }
    }

    fn job(&self, tenant: TenantContext, at: DateTime<Utc>) -> serde_json::Result<Outgoing> {
        let envelope = Envelope {
            id: self.clock.new_id(),
            number: 0,
            tenant: tenant.tenant,
            generation: tenant.generation,
            kind: PURGE.to_owned(),
            version: PURGE_VERSION,
            occurred_at: at,
            traceparent: None,
        };
        Outgoing::new(self.link.topology(), Class::Housekeeping, &envelope)
    }
}

/// How long until the next slot begins.
fn until_next(now: DateTime<Utc>, every: Duration) -> Duration {
    let every = u64::try_from(every.as_micros()).unwrap_or(u64::MAX).max(1);
    let now = u64::try_from(now.timestamp_micros()).unwrap_or_default();
    Duration::from_micros(every - now % every)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_begins_with_the_hour() {
        let hour = Duration::from_secs(3600);
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(until_next(at("2026-11-23T10:00:00Z"), hour), hour);
        assert_eq!(
            until_next(at("2026-11-23T10:59:59.5Z"), hour),
            Duration::from_millis(500)
        );
    }
}
