//! `ci`: everything that must hold before a change is taken: checks, tests and the fault experiments
//! in their short form. All of it runs, whatever fails; the last line is that of the tests.

pub mod arch;
mod deny;
pub mod dependencies;
pub mod generate;
mod place;
pub mod workspace;

use anyhow::{Result, ensure};

use crate::paths::Repository;
use crate::progress::{self, Step};
use crate::{fault, test};

/// A check: its name and what it does.
type Check = (&'static str, fn(&Repository) -> Result<String>);

const CHECKS: [Check; 5] = [
    ("format", format),
    ("clippy", clippy),
    ("arch", arch::check),
    ("generated files", generate::check),
    ("dependencies", dependencies::check),
];

/// Runs every check and the tests. True when all is well.
pub fn run(repository: &Repository) -> Result<bool> {
    progress::heading("checks");
    let mut failures = Vec::new();
    for (name, check) in CHECKS {
        let step = Step::begin(name);
        match check(repository) {
            Ok(outcome) => step.done(&outcome),
            Err(error) => {
                step.failed(&format!("{error:#}"));
                failures.push(name);
            }
        }
    }
    let outcome = test::run(repository, &test::Request::default())?;
    if !outcome.is_success() {
        failures.push("tests");
    }
    match fault::run(repository, &["all".to_owned()]) {
        Ok(true) => {}
        Ok(false) => failures.push("fault experiments"),
        Err(error) => {
            progress::failure(&format!("{error:#}"));
            failures.push("fault experiments");
        }
    }
    progress::heading("result");
    if failures.is_empty() {
        progress::line("   ✓ every check, test and experiment holds");
    } else {
        progress::line(&format!("   ✗ failed: {}", failures.join(", ")));
    }
    outcome.print();
    Ok(failures.is_empty())
}

fn format(repository: &Repository) -> Result<String> {
    cargo(repository, &["fmt", "--all", "--check"])?;
    Ok("rustfmt agrees".to_owned())
}

fn clippy(repository: &Repository) -> Result<String> {
    cargo(
        repository,
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    Ok("no warnings".to_owned())
}

fn cargo(repository: &Repository, arguments: &[&str]) -> Result<()> {
    let status = crate::cargo::command()
        .args(arguments)
        .current_dir(repository.root())
        .status()?;
    ensure!(status.success(), "`cargo {}` failed", arguments.join(" "));
    Ok(())
}
