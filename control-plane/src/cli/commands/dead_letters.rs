//! Dead letters.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use cp_app::{
    queues::{self, DeadLetter, DeadLetterFilter, LetterFate, LetterGroup, Selection},
    staff::By,
};
use kernel::{Limit, TenantId};
use uuid::Uuid;

use super::parts;
use crate::{cli::print, settings::Settings};

/// What selects many, and so nothing of which makes sense beside one id.
const FILTERS: [&str; 7] = ["all", "class", "tenant", "kind", "error", "since", "until"];

const STATES: [&str; 4] = ["dead", "redriving", "redriven", "discarded"];

/// Dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// Lists dead letters, the newest first.
    List {
        /// Only in this state.
        #[arg(long, value_parser = STATES)]
        state: Option<String>,
        #[command(flatten)]
        filter: Filter,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Groups dead letters by class, kind and error: the fifty groups with the most.
    Groups {
        /// Only in this state.
        #[arg(long, value_parser = STATES)]
        state: Option<String>,
        #[command(flatten)]
        filter: Filter,
    },
    /// Shows a dead letter and what it said.
    Show {
        /// Its id.
        id: Uuid,
    },
    /// Has a dead letter sent again, or all that are selected.
    Redrive {
        /// Its id.
        #[arg(required_unless_present = "all", conflicts_with_all = FILTERS)]
        id: Option<Uuid>,
        /// All that the filters take; without a filter, all there are.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        filter: Filter,
        /// Why; kept in the audit log.
        #[arg(long, default_value = "a command on the server")]
        reason: String,
    },
    /// Lets a dead letter be, or all that are selected.
    Discard {
        /// Its id.
        #[arg(required_unless_present = "all", conflicts_with_all = FILTERS)]
        id: Option<Uuid>,
        /// All that the filters take; without a filter, all there are.
        #[arg(long, requires = "confirm")]
        all: bool,
        #[command(flatten)]
        filter: Filter,
        /// How many there are; with another number nothing is done.
        #[arg(long, conflicts_with = "id")]
        confirm: Option<u64>,
        /// Why; kept in the audit log.
        #[arg(long)]
        reason: String,
    },
}

/// Which dead letters.
#[derive(Debug, Args)]
pub struct Filter {
    /// Only of this class.
    #[arg(long)]
    class: Option<String>,
    /// Only of this tenant, by its id.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Only about this, such as `work_item.created`.
    #[arg(long)]
    kind: Option<String>,
    /// Only with this in the error.
    #[arg(long)]
    error: Option<String>,
    /// Only what died at this time or later.
    #[arg(long)]
    since: Option<DateTime<Utc>>,
    /// Only what died before this time.
    #[arg(long)]
    until: Option<DateTime<Utc>>,
}

impl Filter {
    fn with(self, state: Option<String>) -> DeadLetterFilter {
        DeadLetterFilter {
            state,
            class: self.class,
            tenant: self.tenant,
            kind: self.kind,
            error: self.error,
            since: self.since,
            until: self.until,
        }
    }

    fn selection(self, expected: Option<u64>, reason: String) -> Selection {
        Selection {
            filter: self.with(None),
            expected,
            reason,
        }
    }
}

impl DeadLettersCommand {
    /// Does it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let parts = parts(settings).await?;
        let (auth, by) = (&parts.auth, By::system());
        match self {
            Self::List {
                state,
                filter,
                limit,
            } => {
                let limit = Limit::new(limit).context("--limit is from 1 to 200")?;
                let mut found =
                    queues::list_letters(auth, &filter.with(state), None, limit).await?;
                found.truncate(limit.get());
                print(&found.iter().map(line).collect::<String>())
            }
            Self::Groups { state, filter } => {
                let found = queues::group_letters(auth, &filter.with(state)).await?;
                print(&found.iter().map(group).collect::<String>())
            }
            Self::Show { id } => {
                let (letter, body) = queues::find_letter(auth, id).await?;
                print(&text(&letter, &body))
            }
            Self::Redrive {
                id: Some(id),
                reason,
                ..
            } => {
                let (letter, _) =
                    queues::decide_letter(auth, &by, LetterFate::Redrive, id, &reason).await?;
                print(&line(&letter))
            }
            Self::Redrive { filter, reason, .. } => {
                let selection = filter.selection(None, reason);
                let count =
                    queues::decide_letters(auth, &by, LetterFate::Redrive, &selection).await?;
                print(&format!("{count} are sent again\n"))
            }
            Self::Discard {
                id: Some(id),
                reason,
                ..
            } => {
                let (letter, _) =
                    queues::decide_letter(auth, &by, LetterFate::Discard, id, &reason).await?;
                print(&line(&letter))
            }
            Self::Discard {
                filter,
                confirm,
                reason,
                ..
            } => {
                let selection = filter.selection(confirm, reason);
                let count =
                    queues::decide_letters(auth, &by, LetterFate::Discard, &selection).await?;
                print(&format!("{count} were discarded\n"))
            }
        }
    }
}

fn line(letter: &DeadLetter) -> String {
    format!(
        "{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
        letter.id,
        letter.state,
        letter.class,
        letter.tenant_slug.as_deref().unwrap_or("-"),
        letter.kind.as_deref().unwrap_or("-"),
        letter.died_at,
        letter.error,
    )
}

fn group(group: &LetterGroup) -> String {
    format!(
        "{}\t{} tenants\t{}\t{}\tfrom {} to {}\t{}\n",
        group.letters,
        group.tenants,
        group.class,
        group.kind.as_deref().unwrap_or("-"),
        group.first_at,
        group.last_at,
        group.error,
    )
}

fn text(letter: &DeadLetter, body: &[u8]) -> String {
    let tenant = letter.tenant_id.map(|id| id.to_string());
    let number = letter.event_number.map(|number| number.to_string());
    let or = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let mut text = String::new();
    for (name, value) in [
        ("state", letter.state.clone()),
        ("class", letter.class.clone()),
        ("tenant", or(tenant.as_deref())),
        ("kind", or(letter.kind.as_deref())),
        ("event", or(number.as_deref())),
        ("error", letter.error.clone()),
        ("attempts", letter.attempts.to_string()),
        ("trace", or(letter.traceparent.as_deref())),
        ("died", letter.died_at.to_string()),
        ("failure", or(letter.failure.as_deref())),
        ("bytes", format!("{} of {}", body.len(), letter.body_bytes)),
    ] {
        text.push_str(&format!("{name:<9} {value}\n"));
    }
    text.push_str(&String::from_utf8_lossy(body));
    text.push('\n');
    text
}
