//! Accounts of staff.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use cp_app::staff::{self, By, InviteStaff, NewStaff, StaffChange};
use cp_domain::{Email, StaffRole};
use kernel::Limit;
use secrecy::ExposeSecret as _;

use super::parts;
use crate::{
    cli::{input, print},
    settings::Settings,
};

/// Accounts of staff.
#[derive(Debug, Subcommand)]
pub enum StaffCommand {
    /// Makes an account and prints the secret of its second factor, once.
    Create(StaffCreate),
    /// Lists the accounts.
    List,
    /// Sends somebody a link to a new account.
    Invite {
        /// The address to sign in with.
        #[arg(long)]
        email: Email,
        /// What they are called.
        #[arg(long)]
        name: String,
        /// support, operator, security or owner.
        #[arg(long)]
        role: StaffRole,
    },
    /// Gives an account another role.
    Role {
        /// Its address.
        email: Email,
        /// support, operator, security or owner.
        role: StaffRole,
    },
    /// Closes an account: its sessions and links end.
    Disable {
        /// Its address.
        email: Email,
    },
    /// Opens a closed account again.
    Enable {
        /// Its address.
        email: Email,
    },
    /// Closes an account's second factor and sends a link by which its owner sets both anew.
    ResetFactors {
        /// Its address.
        email: Email,
    },
}

/// An account to make. The password is the first line of standard input unless a file is named.
#[derive(Debug, Args)]
pub struct StaffCreate {
    /// The address to sign in with.
    #[arg(long)]
    email: Email,
    /// What they are called.
    #[arg(long)]
    name: String,
    /// support, operator, security or owner.
    #[arg(long)]
    role: StaffRole,
    /// The file that holds the password.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A file with the secret of the second factor in base 32, when it is given from outside.
    #[arg(long, value_name = "FILE")]
    totp_secret_file: Option<PathBuf>,
}

impl StaffCommand {
    /// Does it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<()> {
        match self {
            Self::Create(create) => create.run(settings).await,
            Self::List => {
                let parts = parts(settings).await?;
                let mut text = String::new();
                for staff in staff::list_staff(&parts.auth).await? {
                    text.push_str(&format!(
                        "{}\t{}\t{}\n",
                        staff.email, staff.role, staff.name
                    ));
                }
                print(&text)
            }
            Self::Invite { email, name, role } => {
                let parts = parts(settings).await?;
                let invite = InviteStaff { email, name, role };
                let link = staff::invite_staff(&parts.auth, &By::system(), invite).await?;
                print(&format!("{}\n", link.id))
            }
            Self::Role { email, role } => {
                change(settings, &email, Some(StaffChange::Role(role))).await
            }
            Self::Disable { email } => change(settings, &email, Some(StaffChange::Disable)).await,
            Self::Enable { email } => change(settings, &email, Some(StaffChange::Enable)).await,
            Self::ResetFactors { email } => change(settings, &email, None).await,
        }
    }
}

/// Changes the account of this address, or has its owner set both factors anew.
async fn change(
    settings: Settings,
    email: &Email,
    change: Option<StaffChange>,
) -> anyhow::Result<()> {
    let auth = parts(settings).await?.auth;
    let found = staff::list_accounts(&auth, email.as_str(), None, Limit::default()).await?;
    let account = found.into_iter().find(|account| account.email == *email);
    let id = account.context("no account has this address")?.id;
    match change {
        Some(change) => {
            staff::change_account(&auth, &By::system(), id, change).await?;
        }
        None => {
            staff::reset_staff(&auth, &By::system(), id).await?;
        }
    }
    print(&format!("{id}\n"))
}

impl StaffCreate {
    async fn run(self, settings: Settings) -> anyhow::Result<()> {
        let password = input::secret(self.password_file.as_deref(), "the password")?;
        let given = self.totp_secret_file.as_deref();
        let totp_secret = given.map(|file| input::secret(Some(file), "the second factor"));
        let new = NewStaff {
            email: self.email,
            name: self.name,
            role: self.role,
            password,
            totp_secret: totp_secret.transpose()?,
        };
        let created = staff::create_staff(&parts(settings).await?.auth, new).await?;
        let factor = created.second_factor;
        print(&format!(
            "{}\n{}\n{}\n",
            created.id,
            factor.secret_base32.expose_secret(),
            factor.otpauth_url.expose_secret()
        ))
    }
}
