//! The runtime's queues.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Subcommand;
use cp_app::{
    Auth,
    queues::{self, BacklogQuery, QueueState},
    staff::By,
};
use kernel::{Limit, TenantId};

use super::parts;
use crate::{cli::print, settings::Settings};

/// Queues.
#[derive(Debug, Subcommand)]
pub enum QueuesCommand {
    /// Shows how full the queues are and how they flow.
    List,
    /// Shows in which tenants the most waits.
    Backlog {
        /// Only in this tenant, by its id.
        #[arg(long)]
        tenant: Option<TenantId>,
        /// Only of this class.
        #[arg(long)]
        class: Option<String>,
        /// How many rows at most.
        #[arg(long, default_value_t = 20)]
        top: u16,
    },
    /// Shows how long events wait in the outboxes, by database server.
    Outboxes,
    /// Has every worker take nothing new of a class, within seconds and over restarts.
    Pause {
        /// The class.
        class: String,
        /// Why; kept in the audit log.
        #[arg(long)]
        reason: String,
    },
    /// Has workers take what waits of a class.
    Resume {
        /// The class.
        class: String,
    },
}

impl QueuesCommand {
    /// Does it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let parts = parts(settings).await?;
        let (auth, by) = (&parts.auth, By::system());
        let text = match self {
            Self::List => states(&queues::list_queues(auth).await?),
            Self::Backlog { tenant, class, top } => {
                let limit = Limit::new(top).context("--top is from 1 to 200")?;
                let query = BacklogQuery {
                    tenant,
                    class,
                    limit,
                };
                backlog(auth, &query).await?
            }
            Self::Outboxes => outboxes(auth).await?,
            Self::Pause { class, reason } => {
                states(&queues::pause_class(auth, &by, &class, &reason).await?)
            }
            Self::Resume { class } => states(&queues::resume_class(auth, &by, &class).await?),
        };
        print(&text)
    }
}

fn states(states: &[QueueState]) -> String {
    let mut text = String::new();
    for state in states {
        let depth = state.depth.map_or_else(
            || "not known".to_owned(),
            |depth| format!("{} ready, {} consumers", depth.ready, depth.consumers),
        );
        let paused = state
            .paused
            .as_ref()
            .map_or_else(String::new, |pause| format!("\tpaused: {}", pause.reason));
        text.push_str(&format!(
            "{}\t{}\t{depth}\t{:.1} done/s, {:.1} retried/s, {:.1} dead/s\toldest {}\t\
             {} dead letters\t{} workers, {} of them pause{paused}\treported {} ago\n",
            state.ring,
            state.class,
            state.done_rate,
            state.retry_rate,
            state.dead_rate,
            age(state.oldest_at, state.now),
            state.dead_letters,
            state.workers,
            state.workers_paused,
            age(Some(state.reported_at), state.now),
        ));
    }
    text
}

async fn backlog(auth: &Auth, query: &BacklogQuery) -> anyhow::Result<String> {
    let now = auth.clock.now();
    let mut text = String::new();
    let found = queues::list_backlog(auth, query).await?;
    for listed in found.rows {
        let backlog = listed.backlog;
        text.push_str(&format!(
            "{}\t{}\t{}\t{} waiting, {} outstanding\toldest {}\treported {} ago\n",
            backlog.tenant_id,
            listed.slug.as_deref().unwrap_or("-"),
            backlog.class,
            backlog.waiting,
            backlog.outstanding,
            age(backlog.oldest_at, now),
            age(Some(listed.reported_at), now),
        ));
    }
    if found.cut {
        text.push_str("others are not reported\n");
    }
    Ok(text)
}

async fn outboxes(auth: &Auth) -> anyhow::Result<String> {
    let now = auth.clock.now();
    let mut text = String::new();
    for outbox in queues::list_outboxes(auth).await? {
        text.push_str(&format!(
            "{}\t{} waiting in {} tenants\toldest {}\t{} tenants not asked\treported {} ago\n",
            outbox.server.name,
            outbox.waiting,
            outbox.tenants,
            age(outbox.oldest_at, now),
            outbox.not_asked,
            age(outbox.reported_at, now),
        ));
    }
    Ok(text)
}

fn age(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    at.map_or_else(
        || "-".to_owned(),
        |at| format!("{} s", (now - at).num_seconds().max(0)),
    )
}
