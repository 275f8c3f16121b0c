//! Those who write while something happens.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{ledger::Ledger, tenant::Tenant};

/// How writers go about it.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// How many write at a time.
    pub writers: usize,
    /// How long each waits between two writes.
    pub pause: Duration,
    /// Whether a failed write is asked for again, under the same key, until it succeeds.
    pub insist: bool,
}

impl Manner {
    /// A few writers, each as quick as people with a script.
    pub const STEADY: Self = Self {
        writers: 4,
        pause: Duration::from_millis(40),
        insist: false,
    };
}

/// Writers at work.
pub struct Writers {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Writers {
    /// Starts to write into a tenant; the ledger knows what was acknowledged.
    pub fn start(tenant: &Arc<Tenant>, ledger: &Arc<Ledger>, manner: Manner) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for writer in 0..manner.writers {
            let (tenant, ledger, stop) = (Arc::clone(tenant), Arc::clone(ledger), stop.clone());
            tasks.spawn(async move {
                for number in 0.. {
                    write(&tenant, &ledger, &format!("{writer}-{number}"), manner).await;
                    let pause = tokio::time::sleep(manner.pause);
                    if stop.run_until_cancelled(pause).await.is_none() {
                        return;
                    }
                }
            });
        }
        Self { stop, tasks }
    }

    /// Has everybody end the write under way.
    pub async fn stop(mut self) -> Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
        }
        Ok(())
    }
}

/// One write. Who insists, insists for a minute.
async fn write(tenant: &Tenant, ledger: &Ledger, name: &str, manner: Manner) {
    const INSIST: Duration = Duration::from_secs(120);
    let started = Instant::now();
    loop {
        let how = match tenant.make_task(name).await {
            Ok(answer) if answer.status.as_u16() == 201 => {
                return ledger.acknowledged(name.to_owned(), started.elapsed());
            }
            Ok(answer) => answer.status.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        ledger.failed(how);
        if !manner.insist || started.elapsed() > INSIST {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
