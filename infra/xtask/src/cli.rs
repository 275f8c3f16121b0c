//! The command line: what can be asked for, and who answers.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::paths::{Profile, Repository};
use crate::{ci, progress, services, test};

/// Development commands of Trellis.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all tests on real servers; the last line is `N passed, N failed`.
    Test {
        /// Run only tests whose name contains this.
        filter: Option<String>,
        /// Handed to the test programs.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Everything that must hold before a change is taken.
    Ci,
    /// Check the edges between crates.
    Arch,
    /// Write the files that programs write about themselves.
    Generate,
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
        Command::Test { filter, arguments } => {
            let outcome = test::run(&repository, &test::Request { filter, arguments })?;
            outcome.print();
            return Ok(exit_code(outcome.is_success()));
        }
        Command::Ci => return Ok(exit_code(ci::run(&repository)?)),
        Command::Arch => progress::line(&ci::arch::check(&repository)?),
        Command::Generate => progress::line(&ci::generate::write(&repository)?),
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

fn exit_code(success: bool) -> ExitCode {
    if success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
