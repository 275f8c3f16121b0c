//! The command line.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::settings::{DEFAULTS, Settings};

/// The tenant runtime: serves the tenants' plans, works off their events, keeps their timers.
#[derive(Debug, Parser)]
#[command(name = "tenant-runtime", version)]
pub struct Cli {
    /// A settings file (TOML) over the built-in defaults. Environment variables TR__… come last.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Takes requests from the gateway.
    Serve,
    /// Relays and handles the tenants' events.
    Work,
    /// Keeps the timers. One process leads, others stand by.
    Tick,
    /// Looks at the settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prints the OpenAPI document of the REST API.
    Openapi,
    /// Shows what is declared on the broker.
    #[command(subcommand)]
    Queues(QueuesCommand),
}

#[derive(Debug, Subcommand)]
enum QueuesCommand {
    /// Prints every exchange and queue with its arguments, as Markdown.
    Reference,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Says what is wrong with the settings, all at once.
    Check,
    /// Prints the settings in force, without secrets.
    Print,
    /// Prints every setting with its default and meaning, as Markdown.
    Reference,
}

impl Cli {
    /// Does what the command line says. Errors go to standard error.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.execute() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "tenant-runtime: {error:#}");
                ExitCode::FAILURE
            }
        }
    }

    fn execute(self) -> anyhow::Result<()> {
        let load = || Settings::load(self.config.as_deref());
        match self.command {
            Command::Serve => run(crate::serve::serve(load()?.settings)),
            Command::Work => run(crate::work::work(load()?.settings)),
            Command::Tick => run(crate::tick::tick(load()?.settings)),
            Command::Config(ConfigCommand::Check) => {
                load()?;
                print("the settings are well\n")
            }
            Command::Config(ConfigCommand::Print) => print(&load()?.print()),
            Command::Config(ConfigCommand::Reference) => {
                print(&settings::reference_markdown(DEFAULTS))
            }
            Command::Openapi => print(&tr_http::openapi_json()),
            Command::Queues(QueuesCommand::Reference) => {
                print(&broker::topology::reference_markdown())
            }
        }
    }
}

fn run(program: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the threads could not be started")?
        .block_on(program)
}

fn print(text: &str) -> anyhow::Result<()> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("the output could not be written")
}
