//! Packages of PyPI, exactly those of a requirements file, in an environment of their own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::Kept;
use crate::apt;
use crate::paths::{Repository, Stack, private_directory};
use crate::process::run_logged;
use crate::progress::Step;

/// Installs what a directory of the repository pins, unless that was done; answers the Python
/// that has it.
pub fn install(
    repository: &Repository,
    stack: &Stack,
    sources: &str,
    name: &str,
) -> Result<PathBuf> {
    let kept = Kept::of(repository, sources, "requirements.txt", name)?;
    let python = kept.directory.join("environment/bin/python");
    if kept.is_fresh() && python.exists() {
        return Ok(python);
    }
    let system = apt::in_path("python3").context("python3 is not installed")?;
    let step = Step::begin(format!("pip install ({name})"));
    private_directory(&kept.directory)?;
    let log = stack.log_file(&format!("pip-{name}"));
    let mut make = Command::new(system);
    make.args(["-m", "venv", "--clear", "environment"])
        .current_dir(&kept.directory);
    run_logged(&mut make, &log)?;
    let mut fill = Command::new(&python);
    fill.args(["-m", "pip", "install", "--disable-pip-version-check"])
        .args(["--no-deps", "--retries", "1", "--requirement"])
        .arg(repository.root().join(sources).join("requirements.txt"));
    run_logged(&mut fill, &log)?;
    kept.remember()?;
    step.done("installed");
    Ok(python)
}
