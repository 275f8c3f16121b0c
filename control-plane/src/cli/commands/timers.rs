//! Timers of the runtime.

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use cp_app::{
    staff::By,
    timers::{self, ListedTimer},
};
use cp_domain::Ring;

use super::parts;
use crate::{cli::print, settings::Settings};

/// Timers of the runtime. Without a command, they are listed.
#[derive(Debug, Args)]
pub struct TimersCommand {
    #[command(subcommand)]
    command: Option<TimerCommand>,
}

#[derive(Debug, Subcommand)]
enum TimerCommand {
    /// Has the leader run a timer out of turn, within seconds; prints the run's id.
    Run {
        /// The timer.
        name: String,
        /// The release ring whose tenants it is run for: internal, early or general.
        #[arg(long, default_value = "general")]
        ring: Ring,
    },
}

impl TimersCommand {
    /// Does it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let auth = parts(settings).await?.auth;
        match self.command {
            Some(TimerCommand::Run { name, ring }) => {
                let run = timers::run_timer(&auth, &By::system(), ring, &name).await?;
                print(&format!("{}\n", run.id))
            }
            None => {
                let mut text = String::new();
                for listed in timers::list_timers(&auth).await? {
                    text.push_str(&line(&listed));
                }
                print(&text)
            }
        }
    }
}

fn line(listed: &ListedTimer) -> String {
    let timer = &listed.timer;
    let leader = match (&timer.leader, listed.led) {
        (Some(leader), true) => format!("led by {leader}"),
        _ => "nobody leads".to_owned(),
    };
    let last = listed.last.as_ref().map_or("never ran".to_owned(), |run| {
        let error = run.error.as_deref().map(|error| format!(": {error}"));
        format!(
            "{} {}, {} jobs{}",
            time(run.slot),
            run.state,
            run.jobs,
            error.unwrap_or_default()
        )
    });
    let next = time(timer.next_at);
    format!(
        "{}\t{}\t{}\tnext {next}\tlast {last}\t{leader}\n",
        timer.ring, timer.name, timer.schedule
    )
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
