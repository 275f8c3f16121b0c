//! One run of a timer: the jobs of all tenants, a page at a time. How far it is, is written down
//! after each page, so that another leader goes on from there; the jobs of a page may come twice,
//! which their effects bear.

use broker::{Envelope, Leadership, Outgoing, PublishError};
use chrono::{DateTime, Utc};
use cp_node_api::{NodeApiError, RunProgress, RunProgressState, TimerRun};
use kernel::TenantContext;
use tokio::time::timeout;
use tracing::{info, warn};

use super::{TimerSpec, Timers, Todo};
use crate::{Ring, RingError};

/// Why a run stops before its end. It stays open.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    #[error(transparent)]
    Api(#[from] NodeApiError),
    #[error(transparent)]
    Ring(#[from] RingError),
    #[error("the jobs could not be enqueued: {0}")]
    Publish(#[from] PublishError),
    #[error("a job could not be written: {0}")]
    Job(#[from] serde_json::Error),
}

impl<R: Ring> Timers<R> {
    /// Runs it to its end, and says how it went.
    pub(super) async fn run(
        &self,
        leadership: &Leadership,
        token: u64,
        run: &TimerRun,
    ) -> Result<(), RunError> {
        let mut progress = RunProgress {
            token,
            after: run.after,
            jobs: run.jobs,
            state: RunProgressState::Running,
            error: None,
        };
        if run.asked {
            // Staff see that it is taken up.
            self.api.report_run(run.id, &progress).await?;
        }
        let timers = &self.settings.timers;
        let outcome = match timers.iter().find(|timer| timer.name == run.timer) {
            Some(timer) => self.act(leadership, timer, run, &mut progress).await,
            None => Ok(Err("this release has no such timer".to_owned())),
        };
        let result = match outcome {
            Ok(Ok(())) => {
                progress.state = RunProgressState::Done;
                info!(run.timer, %run.slot, run.jobs = progress.jobs, "a timer has run");
                Ok(())
            }
            Ok(Err(reason)) => {
                progress.state = RunProgressState::Failed;
                warn!(run.timer, %run.slot, reason, "a timer failed");
                progress.error = Some(reason);
                Ok(())
            }
            Err(error) => {
                progress.error = Some(error.to_string());
                Err(error)
            }
        };
        count(&run.timer, progress.state);
        let told = self.api.report_run(run.id, &progress).await;
        result.and(told.map_err(RunError::from))
    }

    /// Inside, why it failed for good.
    async fn act(
        &self,
        leadership: &Leadership,
        timer: &TimerSpec,
        run: &TimerRun,
        progress: &mut RunProgress,
    ) -> Result<Result<(), String>, RunError> {
        let (kind, version, class) = match timer.todo {
            Todo::EachTenant {
                class,
                kind,
                version,
            } => (kind, version, class),
            Todo::SweepCache => return Ok(self.sweep_cache().await),
        };
        loop {
            let page = self.tenants.page(progress.after).await?;
            let messages = page
                .tenants
                .iter()
                .map(|tenant| {
                    let envelope = self.envelope(*tenant, kind, version, run.slot);
                    Outgoing::new(self.link.topology(), class, &envelope)
                })
                .collect::<Result<Vec<_>, _>>()?;
            for answer in leadership.publish(&messages).await {
                answer?;
            }
            progress.jobs = progress
                .jobs
                .saturating_add(u32::try_from(messages.len()).unwrap_or(u32::MAX));
            if page.next.is_none() {
                return Ok(Ok(()));
            }
            progress.after = page.next;
            self.api.report_run(run.id, progress).await?;
        }
    }

    fn envelope(
        &self,
        tenant: TenantContext,
        kind: &str,
        version: u16,
        slot: DateTime<Utc>,
    ) -> Envelope {
        Envelope {
            id: self.clock.new_id(),
            number: 0,
            tenant: tenant.tenant,
            generation: tenant.generation,
            kind: kind.to_owned(),
            version,
            occurred_at: slot,
            traceparent: None,
        }
    }

    async fn sweep_cache(&self) -> Result<(), String> {
        let Some(documents) = &self.cache else {
            return Ok(());
        };
        let within = self.settings.sweep_within;
        // Its client has no limit of its own for an answer.
        let swept = timeout(within, documents.clean(self.clock.now())).await;
        let swept = swept.map_err(|_| "the document server does not answer in time".to_owned())?;
        let swept = swept.map_err(|error| error.to_string())?;
        metrics::counter!("cache_swept_total").increment(swept);
        Ok(())
    }
}

fn count(timer: &str, state: RunProgressState) {
    let outcome = match state {
        RunProgressState::Running => "interrupted",
        RunProgressState::Done => "done",
        RunProgressState::Failed => "failed",
    };
    let timer = timer.to_owned();
    metrics::counter!("timer_runs_total", "timer" => timer, "outcome" => outcome).increment(1);
}
