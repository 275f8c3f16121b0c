//! `bench` and `fault`: built with optimisation, run by the program of `infra/bench`.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::paths::Repository;

/// Runs `bench NAME …` or `fault NAME …`.
pub fn run(repository: &Repository, kind: &str, arguments: &[String]) -> Result<ExitCode> {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--release", "--package", "bench", "--", kind])
        .args(arguments)
        .current_dir(repository.root())
        .status()
        .context("cannot run cargo")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
