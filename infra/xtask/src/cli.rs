//! The command line: what can be asked for, and who answers.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::paths::{Profile, Repository};
use crate::services;

/// Development commands of Trellis.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start only the servers (MariaDB, Redis, RabbitMQ, MongoDB, mailbox) of a profile.
    #[command(hide = true)]
    Services {
        /// Which set of instances.
        profile: Profile,
        /// Stop them instead.
        #[arg(long)]
        stop: bool,
        /// Delete their data as well (with --stop).
        #[arg(long, requires = "stop")]
        wipe: bool,
    },
}

/// Reads the command line and runs what it asks for.
pub fn run() -> Result<ExitCode> {
    let repository = Repository::locate()?;
    match Cli::parse().command {
        Command::Services {
            profile,
            stop: true,
            wipe,
        } => {
            services::stop(&repository, &repository.stack(profile), wipe)?;
        }
        Command::Services { profile, .. } => {
            services::start(&repository, &repository.stack(profile))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
