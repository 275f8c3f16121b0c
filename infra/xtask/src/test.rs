//! `test`: every test of the workspace on servers of its own, and one line at the end that counts.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use anyhow::{Context, Result};

use crate::paths::{Profile, Repository, private_directory};
use crate::up::PROGRAMS;
use crate::{progress, services};

/// What `test` was asked.
#[derive(Debug, Default)]
pub struct Request {
    /// Run only tests whose name contains this.
    pub filter: Option<String>,
    /// Handed to the test programs.
    pub arguments: Vec<String>,
}

/// How the tests went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    passed: u64,
    failed: u64,
    clean: bool,
}

impl Outcome {
    /// Whether everything was built, run and passed.
    pub fn is_success(self) -> bool {
        self.clean && self.failed == 0
    }

    /// `N passed, N failed`, the last line of every run.
    pub fn print(self) {
        // A build or a test program that broke off is a failure, though nobody counted it.
        let failed = if self.clean {
            self.failed
        } else {
            self.failed.max(1)
        };
        progress::line(&format!("{} passed, {failed} failed", self.passed));
    }

    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        let count = |what: &str| -> u64 {
            counts
                .split([';', '.'])
                .find_map(|part| part.trim().strip_suffix(what)?.trim().parse().ok())
                .unwrap_or(0)
        };
        self.passed += count("passed");
        self.failed += count("failed");
    }
}

/// Runs the tests on the servers of the test set. Servers that this run started end with it;
/// those it found running stay.
pub fn run(repository: &Repository, request: &Request) -> Result<Outcome> {
    let stack = repository.stack(Profile::Test);
    private_directory(&stack.dir)?;
    let users = File::create(stack.dir.join("in-use")).context("cannot create a lock file")?;
    users
        .lock_shared()
        .context("cannot lock the servers of tests")?;
    let found = services::running(&stack)?;
    let outcome = build_and_test(repository, request);
    // Another run that still uses the servers holds the lock, and stops nothing it has not started.
    users
        .unlock()
        .context("cannot unlock the servers of tests")?;
    if !found && users.try_lock().is_ok() {
        services::stop(repository, &stack, false)?;
    }
    outcome
}

fn build_and_test(repository: &Repository, request: &Request) -> Result<Outcome> {
    let stack = repository.stack(Profile::Test);
    let mut addresses = services::start_servers(repository, &stack)?;
    progress::heading("build");
    // End-to-end tests start the programs as they are: they must be there and be fresh.
    let built = cargo(repository, &[]).args(PROGRAMS).status()?;
    if !built.success() {
        return Ok(Outcome::default());
    }
    addresses.extend(services::start_others(repository, &stack)?);
    services::tell(&stack, &addresses)?;
    progress::heading("tests");
    let mut command = cargo(repository, &addresses);
    command.args(["test", "--workspace", "--no-fail-fast"]);
    command.args(&request.filter);
    if !request.arguments.is_empty() {
        command.arg("--").args(&request.arguments);
    }
    stream(&mut command)
}

fn cargo(repository: &Repository, environment: &[(String, String)]) -> Command {
    let mut command = crate::cargo::command();
    command
        .current_dir(repository.root())
        .envs(environment.iter().map(|(key, value)| (key, value)));
    command
}

/// Shows what the tests print as it comes, and counts.
fn stream(command: &mut Command) -> Result<Outcome> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let (sender, lines): (_, Receiver<String>) = channel();
    let streams: [Option<Box<dyn std::io::Read + Send>>; 2] = [
        child.stdout.take().map(|s| Box::new(s) as Box<_>),
        child.stderr.take().map(|s| Box::new(s) as Box<_>),
    ];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                if sender
                    .send(String::from_utf8_lossy(&line).into_owned())
                    .is_err()
                {
                    return;
                }
            }
        });
    }
    drop(sender);
    let mut outcome = Outcome::default();
    for line in lines {
        outcome.add(&line);
        progress::line(&line);
    }
    let status = child.wait().context("cargo got lost")?;
    outcome.clean = status.success() || outcome.failed > 0;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_the_results_of_all_programs() {
        let mut outcome = Outcome {
            clean: true,
            ..Outcome::default()
        };
        for line in [
            "test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.65s",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            "test some::test ... ok",
        ] {
            outcome.add(line);
        }
        assert_eq!(
            outcome,
            Outcome {
                passed: 8,
                failed: 2,
                clean: true
            }
        );
        assert!(!outcome.is_success());
    }
}
