//! The command line.

mod commands;
mod input;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::{
    migrate, roles,
    settings::{DEFAULTS, Settings},
};
use commands::{
    audit::AuditCommand, dead_letters::DeadLettersCommand, keys::KeysCommand, node::NodeCommand,
    person::PersonCommand, queues::QueuesCommand, server::ServerCommand, staff::StaffCommand,
    tenant::TenantCommand, timers::TimersCommand,
};

/// The control plane: gateway, sign-in, the fleet of tenants.
#[derive(Debug, Parser)]
#[command(name = "control-plane", version)]
pub struct Cli {
    /// A settings file (TOML) over the built-in defaults. Environment variables CP__… come last.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs every role: gateway, staff API, node API and worker.
    Serve,
    /// Runs the gateway only.
    Gateway,
    /// Runs the worker only: operations, mail, projections.
    Work,
    /// Brings the central database to the newest schema.
    Migrate {
        /// Says what would be done and does nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Creates, lists, shows, suspends and resumes tenants.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Makes, lists and changes accounts of staff.
    #[command(subcommand)]
    Staff(StaffCommand),
    /// Helps people who cannot get in.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Adds and lists database servers.
    #[command(subcommand)]
    Server(ServerCommand),
    /// Makes nodes of the tenant runtime known.
    #[command(subcommand)]
    Node(NodeCommand),
    /// Lists the runtime's timers, or has one run out of turn.
    Timers(TimersCommand),
    /// Shows the runtime's queues; pauses and resumes classes of messages.
    #[command(subcommand)]
    Queues(QueuesCommand),
    /// Shows messages that found no effect; sends them again, or lets them be.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Shows that nobody changed the audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Makes master keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Looks at the settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prints an OpenAPI document.
    #[command(subcommand)]
    Openapi(OpenapiCommand),
    /// Prints what is generated of the problem codes.
    #[command(subcommand)]
    Problems(ProblemsCommand),
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

#[derive(Debug, Subcommand)]
enum OpenapiCommand {
    /// Of the staff API.
    Staff,
    /// Of signing in and of member administration.
    Auth,
}

#[derive(Debug, Subcommand)]
enum ProblemsCommand {
    /// Prints every problem code and its meaning, as Markdown.
    Reference,
}

impl Cli {
    /// Does what the command line says. Errors go to standard error.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.execute() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "control-plane: {error:#}");
                ExitCode::FAILURE
            }
        }
    }

    fn execute(self) -> anyhow::Result<()> {
        let load = || Settings::load(self.config.as_deref());
        match self.command {
            Command::Serve => block_on(roles::serve(load()?.settings)),
            Command::Gateway => block_on(roles::gateway(load()?.settings)),
            Command::Work => block_on(roles::work(load()?.settings)),
            Command::Migrate { dry_run } => print(&migrate_text(&load()?.settings, dry_run)?),
            Command::Tenant(command) => block_on(command.run(load()?.settings)),
            Command::Staff(command) => block_on(command.run(load()?.settings)),
            Command::Person(command) => block_on(command.run(load()?.settings)),
            Command::Server(command) => block_on(command.run(load()?.settings)),
            Command::Node(command) => block_on(command.run(load()?.settings)),
            Command::Timers(command) => block_on(command.run(load()?.settings)),
            Command::Queues(command) => block_on(command.run(load()?.settings)),
            Command::DeadLetters(command) => block_on(command.run(load()?.settings)),
            Command::Audit(command) => block_on(command.run(load()?.settings)),
            Command::Keys(command) => command.run(),
            Command::Config(ConfigCommand::Check) => {
                load()?;
                print("the settings are well\n")
            }
            Command::Config(ConfigCommand::Print) => print(&load()?.print()),
            Command::Config(ConfigCommand::Reference) => {
                print(&settings::reference_markdown(DEFAULTS))
            }
            Command::Openapi(OpenapiCommand::Staff) => print(&cp_http::staff::openapi_json()),
            Command::Openapi(OpenapiCommand::Auth) => {
                print(&format!("{}\n", cp_http::auth::openapi().to_pretty_json()?))
            }
            Command::Problems(ProblemsCommand::Reference) => {
                print(&web::problem::reference_markdown())
            }
        }
    }
}

fn migrate_text(settings: &Settings, dry_run: bool) -> anyhow::Result<String> {
    if dry_run {
        let pending = migrate::planned(settings)?;
        return Ok(if pending.files.is_empty() {
            "nothing is pending\n".to_owned()
        } else {
            format!("{}\n", pending.files.join("\n"))
        });
    }
    let report = migrate::run(settings)?;
    Ok(match report.applied.len() {
        0 => format!("nothing was pending; version {}\n", report.version),
        n => format!("{n} migrations applied; version {}\n", report.version),
    })
}

fn block_on(program: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
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
