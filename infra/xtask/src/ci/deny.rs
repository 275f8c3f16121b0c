//! What `deny.toml` says, as far as the check without cargo-deny needs it.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::paths::Repository;

/// The file.
#[derive(Debug, Deserialize)]
pub struct Deny {
    /// Licences.
    pub licenses: Licenses,
    /// Packages that are refused, and duplicates.
    pub bans: Bans,
    /// Where packages may come from.
    pub sources: Sources,
}

/// Licences.
#[derive(Debug, Deserialize)]
pub struct Licenses {
    /// Taken.
    pub allow: Vec<String>,
    /// Taken for one package only.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// A licence taken for one package.
#[derive(Debug, Deserialize)]
pub struct Exception {
    /// The package.
    #[serde(rename = "crate", alias = "name")]
    pub package: String,
    /// Its licences.
    pub allow: Vec<String>,
}

/// Packages that are refused, and duplicates.
#[derive(Debug, Deserialize)]
pub struct Bans {
    /// Refused.
    #[serde(default)]
    pub deny: Vec<Banned>,
}

/// A refused package.
#[derive(Debug, Deserialize)]
pub struct Banned {
    /// The package.
    #[serde(rename = "crate", alias = "name")]
    pub package: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Who may need it all the same.
    #[serde(default)]
    pub wrappers: Vec<String>,
}

/// Where packages may come from.
#[derive(Debug, Deserialize)]
pub struct Sources {
    /// Registries.
    #[serde(rename = "allow-registry")]
    pub allow_registry: Vec<String>,
}

/// Reads `deny.toml`.
pub fn read(repository: &Repository) -> Result<Deny> {
    let path = repository.root().join("deny.toml");
    let text = fs::read_to_string(&path).context("cannot read deny.toml")?;
    toml::from_str(&text).context("deny.toml is malformed")
}
