//! `fault`: experiments in which servers and programs are killed, cut off and slowed down. Run by
//! the program of `infra/bench` on servers of their own, with programs as `cargo build` makes them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::paths::{Profile, Repository, Stack, private_directory};
use crate::{cargo, progress, services};

/// Runs `fault NAME …`; whether every bar was met. Servers that this run started end with it;
/// those it found running stay.
pub fn run(repository: &Repository, arguments: &[String]) -> Result<bool> {
    let stack = repository.stack(Profile::Fault);
    private_directory(&stack.dir)?;
    // Two runs at a time would kill each other's servers.
    let alone = File::create(stack.dir.join("in-use")).context("cannot create a lock file")?;
    alone
        .lock()
        .context("cannot wait for another run of fault experiments")?;
    let found = services::running(&stack)?;
    let outcome = build_and_run(repository, &stack, arguments);
    if !found {
        services::stop(repository, &stack, false)?;
    }
    outcome
}

fn build_and_run(repository: &Repository, stack: &Stack, arguments: &[String]) -> Result<bool> {
    let mut addresses = services::start_servers(repository, stack)?;
    addresses.extend(services::start_others(repository, stack)?);
    progress::heading("build");
    let built = cargo::command()
        .args(["build", "--workspace", "--exclude", "xtask", "--bins"])
        .current_dir(repository.root())
        .status()
        .context("cannot run cargo")?;
    ensure!(built.success(), "the programs do not build");
    progress::heading("fault experiments");
    let own = std::env::current_exe()?;
    let status = Command::new(beside(&own)?)
        .arg("fault")
        .args(arguments)
        .envs(addresses)
        .env("TRELLIS_FAULT_XTASK", own)
        .current_dir(repository.root())
        .status()
        .context("cannot run the experiments")?;
    Ok(status.success())
}

/// The program of experiments, which cargo puts beside this one.
fn beside(own: &Path) -> Result<PathBuf> {
    let directory = own.parent().context("this program is in no directory")?;
    Ok(directory.join("bench"))
}
