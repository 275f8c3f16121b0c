//! People who cannot get in, for who has the server.

use anyhow::Context as _;
use clap::Subcommand;
use cp_app::{Client, desk, staff::By};
use cp_domain::Email;
use kernel::{Limit, PersonId};

use super::parts;
use crate::{cli::print, parts::Parts, settings::Settings};

/// People.
#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// Shows where a person belongs, what they sign in with and whether they have to wait.
    Show {
        /// Their address.
        email: Email,
    },
    /// Lets a person try again at once.
    ClearLockout {
        /// Their address.
        email: Email,
    },
    /// Ends every session of a person.
    EndSessions {
        /// Their address.
        email: Email,
    },
    /// Takes a person's authenticator, recovery codes and passkeys away; they get a mail.
    ResetFactors {
        /// Their address.
        email: Email,
        /// Why; kept in the audit log.
        #[arg(long)]
        reason: String,
    },
}

impl PersonCommand {
    /// Does it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let parts = parts(settings).await?;
        let (auth, by) = (&parts.auth, By::system());
        match self {
            Self::Show { email } => {
                let id = find(&parts, &email).await?;
                print(&text(&desk::find_person(auth, id).await?))
            }
            Self::ClearLockout { email } => {
                let id = find(&parts, &email).await?;
                desk::clear_lockout(auth, &by, id).await?;
                print(&format!("{id}\n"))
            }
            Self::EndSessions { email } => {
                let id = find(&parts, &email).await?;
                desk::end_all_sessions(auth, &by, id).await?;
                print(&format!("{id}\n"))
            }
            Self::ResetFactors { email, reason } => {
                let id = find(&parts, &email).await?;
                let client = Client::new(None, None, "a command on the server".to_owned());
                desk::reset_factors(auth, &by, id, &reason, &client).await?;
                print(&format!("{id}\n"))
            }
        }
    }
}

async fn find(parts: &Parts, email: &Email) -> anyhow::Result<PersonId> {
    let limit = Limit::default();
    let found = desk::list_people(&parts.auth, email.as_str(), None, None, limit).await?;
    let person = found
        .into_iter()
        .find(|person| person.email == email.as_str());
    Ok(person.context("nobody has this address")?.id)
}

fn text(page: &desk::PersonPage) -> String {
    let factors = &page.factors;
    let mut text = format!(
        "{}\t{}\t{}\npassword {}, authenticator {}{}, passkeys {}, recovery codes {}\n",
        page.person.id,
        page.person.email,
        page.person.name,
        yes(page.person.has_password),
        yes(factors.factors.totp),
        if factors.totp_closed { " (closed)" } else { "" },
        factors.factors.passkeys,
        factors.factors.recovery_codes,
    );
    match page.lockout {
        None => text.push_str("whether they have to wait cannot be said now\n"),
        Some(lockout) => {
            for (what, waiting) in [
                ("password", lockout.password),
                ("second factor", lockout.second_factor),
            ] {
                let until = waiting.until.map_or_else(
                    || "need not wait".to_owned(),
                    |until| format!("has to wait until {until}"),
                );
                text.push_str(&format!("{what}: {} failures, {until}\n", waiting.failures));
            }
        }
    }
    for tenant in &page.belongings {
        text.push_str(&format!(
            "{}\t{}\t{}\n",
            tenant.slug,
            tenant.role,
            tenant.state.as_str()
        ));
    }
    text
}

const fn yes(there_is: bool) -> &'static str {
    if there_is { "yes" } else { "no" }
}
