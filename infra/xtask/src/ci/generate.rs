//! `generate`: files in the repository that programs write about themselves: the table of problem
//! codes, the settings' references, the OpenAPI documents, the queues.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::paths::Repository;
use crate::up::PROGRAMS;

/// A generated file, the package whose program prints it and how it is asked.
type Generated = (&'static str, &'static str, &'static [&'static str]);

const FILES: [Generated; 8] = [
    (
        "docs/reference/problems.md",
        "control-plane",
        &["problems", "reference"],
    ),
    (
        "docs/reference/settings-control-plane.md",
        "control-plane",
        &["config", "reference"],
    ),
    (
        "docs/reference/settings-tenant-runtime.md",
        "tenant-runtime",
        &["config", "reference"],
    ),
    (
        "docs/reference/settings-backoffice.md",
        "backoffice",
        &["config", "reference"],
    ),
    (
        "docs/reference/openapi-staff.json",
        "control-plane",
        &["openapi", "staff"],
    ),
    (
        "docs/reference/openapi-auth.json",
        "control-plane",
        &["openapi", "auth"],
    ),
    (
        "docs/reference/openapi-tenant.json",
        "tenant-runtime",
        &["openapi"],
    ),
    (
        "docs/reference/queues.md",
        "tenant-runtime",
        &["queues", "reference"],
    ),
];

/// Writes every generated file.
pub fn write(repository: &Repository) -> Result<String> {
    let mut changed = 0;
    for (path, text) in render(repository)? {
        if fs::read_to_string(&path).is_ok_and(|kept| kept == text) {
            continue;
        }
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        changed += 1;
    }
    Ok(format!("{} files, {changed} changed", FILES.len()))
}

/// Fails when a generated file is not what its program prints now.
pub fn check(repository: &Repository) -> Result<String> {
    let stale: Vec<String> = render(repository)?
        .into_iter()
        .filter(|(path, text)| !fs::read_to_string(path).is_ok_and(|kept| kept == *text))
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !stale.is_empty() {
        bail!("run `cargo xtask generate`: {} differ", stale.join(", "));
    }
    Ok(format!("{} files are fresh", FILES.len()))
}

fn render(repository: &Repository) -> Result<Vec<(PathBuf, String)>> {
    build(repository)?;
    FILES
        .iter()
        .map(|(path, program, arguments)| {
            let text = print(repository, program, arguments)?;
            Ok((
                repository.root().join(path),
                format!("{}\n", text.trim_end()),
            ))
        })
        .collect()
}

fn build(repository: &Repository) -> Result<()> {
    let status = crate::cargo::command()
        .args(PROGRAMS)
        .current_dir(repository.root())
        .status()?;
    ensure!(status.success(), "the programs cannot be built");
    Ok(())
}

fn print(repository: &Repository, program: &str, arguments: &[&str]) -> Result<String> {
    let asked = format!("{program} {}", arguments.join(" "));
    let output = Command::new(repository.target().join("debug").join(program))
        .args(arguments)
        .current_dir(repository.root())
        .output()
        .with_context(|| format!("cannot run {asked}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{asked}` failed: {}", said.trim());
    String::from_utf8(output.stdout).with_context(|| format!("`{asked}` prints no text"))
}
