//! The workspace as `cargo metadata` tells it: packages, where they are, what they depend on.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::paths::Repository;

/// The workspace, and what it is made of when asked for with dependencies.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    /// Packages: ours only, or all.
    pub packages: Vec<Package>,
}

/// A package.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence, an SPDX expression.
    pub license: Option<String>,
    /// Where it came from; none for ours.
    pub source: Option<String>,
    /// Where its manifest is.
    pub manifest_path: PathBuf,
    /// What it asks for.
    pub dependencies: Vec<Dependency>,
}

/// An edge from a package.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package asked for.
    pub name: String,
    /// `dev`, `build`, or none for a normal one.
    pub kind: Option<String>,
}

impl Workspace {
    /// Our own packages.
    pub fn own(repository: &Repository) -> Result<Self> {
        read(repository, &["--no-deps"])
    }

    /// Our packages and everything they are built from, as the lock file has it.
    pub fn all(repository: &Repository) -> Result<Self> {
        read(repository, &["--locked"])
    }
}

impl Package {
    /// What it needs to be built and run, development dependencies left out.
    pub fn needs(&self) -> impl Iterator<Item = &str> {
        self.dependencies
            .iter()
            .filter(|dependency| dependency.kind.as_deref() != Some("dev"))
            .map(|dependency| dependency.name.as_str())
    }

    /// Its directory below the repository, `shared/kernel`.
    pub fn directory(&self, repository: &Repository) -> String {
        let directory = self.manifest_path.parent().unwrap_or(&self.manifest_path);
        directory
            .strip_prefix(repository.root())
            .unwrap_or(directory)
            .display()
            .to_string()
    }
}

fn read(repository: &Repository, arguments: &[&str]) -> Result<Workspace> {
    let output = crate::cargo::command()
        .args(["metadata", "--format-version", "1"])
        .args(arguments)
        .current_dir(repository.root())
        .output()
        .context("cannot run cargo metadata")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    serde_json::from_slice(&output.stdout).context("cargo metadata says something unexpected")
}
