//! The command line: what can be asked for, and who answers.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::paths::{Profile, Repository};
use crate::{bench, ci, fault, idp, progress, services, test, up};

/// Development commands of Trellis.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything: servers, programs, demo tenants with people and sample plans.
    Up(up::Request),
    /// End everything that `up` started.
    Down {
        /// Delete all data as well.
        #[arg(long)]
        wipe: bool,
    },
    /// Show what runs.
    Status,
    /// Show the log of a server or program and follow it.
    Logs {
        /// Its name, as `status` shows it.
        name: String,
    },
    /// Start a real identity provider beside a running `up`, registered with tenant acme; Ctrl-C ends it.
    Idp {
        /// Which one.
        provider: idp::Provider,
    },
    /// Run a benchmark; figures go to target/bench.
    Bench {
        /// Its name, and what it is told.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run a fault experiment, or `all` of them; figures go to target/bench.
    Fault {
        /// Its name, and `--short` or `--long`.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
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
    /// Check licences, bans and sources of dependencies.
    Dependencies,
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
        /// Only the server of this name.
        #[arg(long, conflicts_with = "stop")]
        only: Option<String>,
        /// End it as `kill -9` does (with --only).
        #[arg(long, requires = "only")]
        kill: bool,
    },
}

/// Reads the command line and runs what it asks for.
pub fn run() -> Result<ExitCode> {
    let repository = Repository::locate()?;
    match Cli::parse().command {
        Command::Up(request) => up::run(&repository, &request)?,
        Command::Down { wipe } => down(&repository, wipe)?,
        Command::Status => return Ok(exit_code(up::status(&repository)?)),
        Command::Logs { name } => up::logs(&repository.stack(Profile::Dev), &name)?,
        Command::Idp { provider } => idp::run(&repository, provider)?,
        Command::Bench { arguments } => return bench::run(&repository, &arguments),
        Command::Fault { arguments } => {
            return Ok(exit_code(fault::run(&repository, &arguments)?));
        }
        Command::Test { filter, arguments } => {
            let outcome = test::run(&repository, &test::Request { filter, arguments })?;
            outcome.print();
            return Ok(exit_code(outcome.is_success()));
        }
        Command::Ci => return Ok(exit_code(ci::run(&repository)?)),
        Command::Arch => progress::line(&ci::arch::check(&repository)?),
        Command::Dependencies => progress::line(&ci::dependencies::check(&repository)?),
        Command::Generate => progress::line(&ci::generate::write(&repository)?),
        Command::Services {
            profile,
            stop: true,
            wipe,
            ..
        } => {
            services::stop(&repository, &repository.stack(profile), wipe)?;
        }
        Command::Services {
            profile,
            only: Some(name),
            kill,
            ..
        } => {
            let stack = repository.stack(profile);
            if kill {
                services::single::kill(&stack, &name)?;
            } else {
                services::single::start(&repository, &stack, &name)?;
            }
        }
        Command::Services { profile, .. } => {
            services::start(&repository, &repository.stack(profile))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn down(repository: &Repository, wipe: bool) -> Result<()> {
    let stack = repository.stack(Profile::Dev);
    idp::stop(&stack)?;
    up::stop(&stack)?;
    services::stop(repository, &stack, wipe)
}

fn exit_code(success: bool) -> ExitCode {
    if success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
