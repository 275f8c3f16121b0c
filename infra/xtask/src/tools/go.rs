//! Programs in Go, built once under `target/dev-tools` and again when their sources are newer.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::apt;
use crate::paths::{Repository, Stack};
use crate::process::run_logged;
use crate::progress::Step;

/// Oldest Go that builds them.
const NEEDED: (u32, u32) = (1, 22);

/// A program to build.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// What it is called under `target/dev-tools`, and under `infra/dev`, where its module is.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The package that is built.
    pub package: &'static str,
}

impl Program {
    /// Builds it unless it is built and its sources are older.
    pub fn build(&self, repository: &Repository, stack: &Stack) -> Result<PathBuf> {
        let sources = repository.root().join("infra/dev").join(self.name);
        let program = repository.target().join("dev-tools").join(self.name);
        let built = fs::metadata(&program).and_then(|m| m.modified()).ok();
        let changed = fs::read_dir(&sources)?
            .flatten()
            .filter_map(|file| file.metadata().and_then(|m| m.modified()).ok())
            .max();
        if built.is_some() && built >= changed {
            return Ok(program);
        }
        let go = go()?;
        let step = Step::begin(format!("build {}", self.title));
        let mut build = Command::new(go);
        build
            .args(["build", "-trimpath", "-buildvcs=false", "-o"])
            .arg(&program)
            .arg(self.package)
            .current_dir(&sources);
        run_logged(&mut build, &stack.log_file(&format!("{}-build", self.name)))?;
        step.done("built");
        Ok(program)
    }
}

/// A Go that is new enough.
fn go() -> Result<PathBuf> {
    let go = apt::in_path("go").context("Go is not installed")?;
    let output = Command::new(&go).args(["env", "GOVERSION"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut numbers = text
        .trim_start_matches("go")
        .split('.')
        .map(|part| part.parse::<u32>());
    let version = match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
        _ => anyhow::bail!("Go says {text:?} about its version"),
    };
    anyhow::ensure!(version >= NEEDED, "Go is {text}, and 1.22 is needed");
    Ok(go)
}
