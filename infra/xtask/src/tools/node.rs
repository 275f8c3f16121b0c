//! Packages of npm, exactly those of a lock file; their install scripts are not run.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::Kept;
use crate::apt;
use crate::paths::{Repository, Stack, private_directory};
use crate::process::run_logged;
use crate::progress::Step;

/// A registry that does not answer is given up soon: none of this is worth a long wait.
const CI: [&str; 8] = [
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--fetch-retries",
    "1",
    "--fetch-timeout",
    "30000",
];

/// Installs what a directory of the repository locks, unless that was done; answers where.
pub fn install(
    repository: &Repository,
    stack: &Stack,
    sources: &str,
    name: &str,
) -> Result<PathBuf> {
    let kept = Kept::of(repository, sources, "package-lock.json", name)?;
    if kept.is_fresh() {
        return Ok(kept.directory);
    }
    let npm = apt::in_path("npm").context("npm is not installed")?;
    let step = Step::begin(format!("npm ci ({name})"));
    private_directory(&kept.directory)?;
    for file in ["package.json", "package-lock.json"] {
        let from = repository.root().join(sources).join(file);
        fs::copy(&from, kept.directory.join(file))
            .with_context(|| format!("cannot copy {}", from.display()))?;
    }
    let mut ci = Command::new(npm);
    ci.args(CI).current_dir(&kept.directory);
    run_logged(&mut ci, &stack.log_file(&format!("npm-{name}")))?;
    kept.remember()?;
    step.done("installed");
    Ok(kept.directory)
}
