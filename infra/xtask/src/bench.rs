//! `bench`: built with optimisation, run by the program of `infra/bench` on servers that are as
//! durable as those of production.

use std::fs::File;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::paths::{Profile, Repository, private_directory};
use crate::{progress, services};

/// The programs that are measured, and the one that measures.
const PROGRAMS: [&str; 6] = [
    "build",
    "--release",
    "--workspace",
    "--exclude",
    "xtask",
    "--bins",
];

/// Runs `bench NAME …`. Servers that this run started end with it; those it found
/// running stay.
pub fn run(repository: &Repository, arguments: &[String]) -> Result<ExitCode> {
    let stack = repository.stack(Profile::Bench);
    private_directory(&stack.dir)?;
    let users = File::create(stack.dir.join("in-use")).context("cannot create a lock file")?;
    users
        .lock_shared()
        .context("cannot lock the servers of benchmarks")?;
    let found = services::running(&stack)?;
    let outcome = build_and_run(repository, arguments);
    users
        .unlock()
        .context("cannot unlock the servers of benchmarks")?;
    if !found && users.try_lock().is_ok() {
        services::stop(repository, &stack, false)?;
    }
    outcome
}

fn build_and_run(repository: &Repository, arguments: &[String]) -> Result<ExitCode> {
    let stack = repository.stack(Profile::Bench);
    let mut addresses = services::start_servers(repository, &stack)?;
    addresses.extend(services::start_others(repository, &stack)?);
    progress::heading("build");
    let built = crate::cargo::command()
        .args(PROGRAMS)
        .current_dir(repository.root())
        .status()
        .context("cannot run cargo")?;
    if !built.success() {
        return Ok(ExitCode::FAILURE);
    }
    progress::heading("bench");
    let status = Command::new(repository.root().join("target/release/bench"))
        .arg("bench")
        .args(arguments)
        .envs(addresses)
        .current_dir(repository.root())
        .status()
        .context("cannot run the benchmark")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
