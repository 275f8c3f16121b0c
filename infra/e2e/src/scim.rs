//! The questions of `scim2-tester` to a SCIM server of ours. `infra/e2e/scim` has what is asked.

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use tokio::{io::AsyncWriteExt as _, process::Command};

const PROGRAM: &str = include_str!("../scim/check.py");

/// What was asked and how the answer is judged.
#[derive(Debug, Clone, Deserialize)]
pub struct Judgement {
    /// `SUCCESS`, `COMPLIANT`, `ACCEPTABLE`, `DEVIATION`, `ERROR`, `CRITICAL` or `SKIPPED`.
    pub status: String,
    /// The question.
    pub title: Option<String>,
    /// `User` or `Group`, where it is about one.
    pub resource: Option<String>,
    /// Why it is judged so.
    pub reason: Option<String>,
}

impl Judgement {
    /// Whether the standard is violated.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        matches!(self.status.as_str(), "ERROR" | "CRITICAL")
    }
}

/// Asks the server at this address, with this token; people are made up in this mail domain.
///
/// # Errors
/// When the tester was not installed or breaks off.
pub async fn check(base: &str, token: &str, domain: &str) -> Result<Vec<Judgement>> {
    let python = testkit::services().scim_tester.as_deref();
    let python = python.context("scim2-tester is not installed; see the test's log")?;
    let mut tester = Command::new(python)
        .args(["-c", PROGRAM, base, domain])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = tester.stdin.take().context("it takes a token")?;
    stdin.write_all(token.as_bytes()).await?;
    drop(stdin);
    let output = tester.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "scim2-tester broke off: {said}");
    let text = String::from_utf8(output.stdout)?;
    text.lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect()
}
