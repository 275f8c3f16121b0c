//! `up`: from a clone to two tenants at work. Every step finds out what is there already, so that a
//! second run is quick and changes nothing.

mod accounts;
mod bootstrap;
mod build;
pub mod demo;
mod form;
mod listen;
mod observe;
mod people;
mod plan;
mod programs;
mod report;
mod samples;
mod staff;
mod tenants;
mod totp;
mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use crate::paths::{Profile, Repository, Stack};
use crate::progress::{self, Step};
use crate::services;
use demo::Demo;

pub use accounts::CENTRAL_DATABASE;
pub use build::PROGRAMS;
pub use listen::GATEWAY_PORT;
pub use observe::{logs, status};
pub use programs::stop;

/// What `up` was asked.
#[derive(Debug, Args)]
pub struct Request {
    /// Return when everything is ready; `down` ends it.
    #[arg(long)]
    pub detach: bool,
    /// Slugs of the demo tenants.
    #[arg(long, value_delimiter = ',', default_value = "acme,globex")]
    pub tenants: Vec<String>,
    /// Build and run with optimisation.
    #[arg(long)]
    pub release: bool,
    /// Run what was built before.
    #[arg(long)]
    pub no_build: bool,
}

/// What the steps know and pass on.
#[derive(Debug)]
pub struct Up {
    repository: Repository,
    stack: Stack,
    release: bool,
    no_build: bool,
    demo: Demo,
    /// Where servers and programs are, for `target/dev/env`.
    environment: BTreeMap<String, String>,
}

/// A step: what a person sees, and what it does.
type Action = (&'static str, fn(&mut Up) -> Result<String>);

const STEPS: [Action; 8] = [
    ("build", build::run),
    ("mailbox and MongoDB", others),
    ("accounts and secrets", accounts::run),
    ("central database", bootstrap::migrate),
    ("staff, server, nodes", bootstrap::register),
    ("programs", programs::start),
    ("tenants", tenants::run),
    ("environment file", report::write_env),
];

/// Brings everything up.
pub fn run(repository: &Repository, request: &Request) -> Result<()> {
    ensure!(
        !request.tenants.is_empty(),
        "--tenants needs at least one slug"
    );
    let stack = repository.stack(Profile::Dev);
    let environment = services::start_servers(repository, &stack)?;
    let demo = Demo::new(&stack, &request.tenants)?;
    let mut up = Up {
        repository: repository.clone(),
        stack,
        release: request.release,
        no_build: request.no_build,
        demo,
        environment: environment.into_iter().collect(),
    };
    progress::heading("trellis");
    for (name, action) in STEPS {
        let step = Step::begin(name);
        match action(&mut up) {
            Ok(outcome) => step.done(&outcome),
            Err(error) => {
                step.failed("what runs goes on; `cargo xtask down` ends it");
                return Err(error.context(format!("the step '{name}' failed")));
            }
        }
    }
    report::print(&up, request.detach);
    if !request.detach {
        watch::until_interrupted(&up)?;
    }
    Ok(())
}

/// Starts the servers that may have to be built.
fn others(up: &mut Up) -> Result<String> {
    up.environment
        .extend(services::start_others(&up.repository, &up.stack)?);
    Ok("ready".to_owned())
}

impl Up {
    /// A program of this repository, as it was built.
    fn program(&self, name: &str) -> PathBuf {
        let profile = if self.release { "release" } else { "debug" };
        self.repository.target().join(profile).join(name)
    }

    /// A directory for what this command remembers.
    fn memory(&self) -> Result<PathBuf> {
        self.stack.directory("memory")
    }
}
