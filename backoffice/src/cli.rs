//! The command line.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use actix_web::App;
use anyhow::Context as _;
use clap::{Parser, Subcommand};
use clock::Clock;
use cp_staff_api::{Caller, StaffApi, StaffApiError};
use settings::{Loaded, Source, reference_markdown};
use web::health::Health;

use crate::{DEFAULTS, Office, Settings};

/// How often the staff API is looked at.
const WATCH: Duration = Duration::from_secs(2);

/// Staff's pages over the staff API.
#[derive(Debug, Parser)]
#[command(name = "backoffice", version)]
pub struct Cli {
    /// A settings file that overrides the defaults; environment variables (BO__…) override both.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the pages.
    Serve,
    /// Looks at settings.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Says whether the settings hold, and every fault when they do not.
    Check,
    /// Prints the settings in force, secrets hidden.
    Print,
    /// Prints the reference of all settings as Markdown.
    Reference,
}

impl Cli {
    /// Runs the command. Faults go to standard error and make the exit code 1.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        match self.execute() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(&error);
                ExitCode::FAILURE
            }
        }
    }

    fn execute(&self) -> anyhow::Result<()> {
        match self.command {
            Command::Serve => serve(self.load()?),
            Command::Config(ConfigCommand::Check) => self.load().map(|_| say("The settings hold.")),
            Command::Config(ConfigCommand::Print) => {
                self.load().map(|loaded| say(loaded.print().trim_end()))
            }
            Command::Config(ConfigCommand::Reference) => {
                say(reference_markdown(DEFAULTS).trim_end());
                Ok(())
            }
        }
    }

    fn load(&self) -> anyhow::Result<Loaded<Settings>> {
        let source = Source {
            prefix: "BO",
            defaults: DEFAULTS,
            file: self.config.as_deref(),
        };
        Ok(settings::load(source)?)
    }
}

#[expect(clippy::print_stdout, reason = "the command's answer")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "the log may not have started yet")]
fn complain(error: &anyhow::Error) {
    eprintln!("backoffice: {error:#}");
}

fn serve(loaded: Loaded<Settings>) -> anyhow::Result<()> {
    let settings = loaded.settings;
    let telemetry = telemetry::init("backoffice", &settings.log);
    let clock = Clock::system();
    let api = StaffApi::new(settings.staff_api.url.as_str()).context("staff_api.url")?;
    let office = Office {
        api: api.clone(),
        clock: clock.clone(),
        insecure_cookies: settings.cookies.insecure,
    };
    let health = Health::new().with_metrics(move || telemetry.metrics_text());
    health.set("staff_api", Err("not asked yet".to_owned()));
    let watched = health.clone();
    let factory = move || {
        App::new()
            .wrap(web::Edge::new(clock.clone()))
            .app_data(health.clone())
            .configure(web::health::configure)
            .configure(|config| crate::configure(config, &office))
    };
    actix_web::rt::System::new()
        .block_on(async move {
            actix_web::rt::spawn(watch(api, watched));
            web::serve(settings.listen, factory, web::shutdown_signal()).await
        })
        .context("the pages cannot be served")
}

/// Says in `/readyz` whether the staff API answers. A refusal is an answer.
async fn watch(api: StaffApi, health: Health) {
    loop {
        let check = match api.calls(Caller::default()).session().await {
            Err(StaffApiError::Unreachable(_)) => Err("the staff API does not answer".to_owned()),
            Ok(_) | Err(_) => Ok(()),
        };
        health.set("staff_api", check);
        tokio::time::sleep(WATCH).await;
    }
}
