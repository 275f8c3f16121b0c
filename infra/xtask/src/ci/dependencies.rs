//! Licences, bans and sources of what the workspace is built from: by cargo-deny where it is
//! installed, else from `cargo metadata` and the same `deny.toml`.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use super::deny::{self, Deny};
use super::workspace::{Package, Workspace};
use crate::apt;
use crate::paths::Repository;
use crate::progress;

/// Checks them; the error lists everything that is wrong.
pub fn check(repository: &Repository) -> Result<String> {
    let outcome = if apt::in_path("cargo-deny").is_some() {
        with_cargo_deny(repository, &["bans", "licenses", "sources"])?;
        "licences, bans and sources by cargo-deny".to_owned()
    } else {
        from_metadata(repository)?
    };
    advisories(repository)?;
    Ok(outcome)
}

fn with_cargo_deny(repository: &Repository, checks: &[&str]) -> Result<()> {
    let status = Command::new("cargo-deny")
        .args(["--offline", "check"])
        .args(checks)
        .current_dir(repository.root())
        .status()?;
    ensure!(status.success(), "cargo-deny found something");
    Ok(())
}

/// Advisories need a database that only the network has: checked where one was fetched before.
fn advisories(repository: &Repository) -> Result<()> {
    let home = std::env::var_os("CARGO_HOME")
        .map(std::path::PathBuf::from)
        .or_else(|| {
            std::env::var_os("HOME").map(|home| std::path::PathBuf::from(home).join(".cargo"))
        });
    let fetched = home.is_some_and(|home| {
        home.join("advisory-db").exists() || home.join("advisory-dbs").exists()
    });
    if fetched && apt::in_path("cargo-deny").is_some() {
        return with_cargo_deny(repository, &["advisories"]);
    }
    progress::note("advisories: not checked (no cargo-deny with a database on this machine)");
    Ok(())
}

fn from_metadata(repository: &Repository) -> Result<String> {
    let rules = deny::read(repository)?;
    let workspace = Workspace::all(repository)?;
    let foreign: Vec<&Package> = workspace
        .packages
        .iter()
        .filter(|package| package.source.is_some())
        .collect();
    let mut faults: Vec<String> = foreign
        .iter()
        .flat_map(|package| {
            [
                license_fault(package, &rules),
                source_fault(package, &rules),
            ]
        })
        .flatten()
        .collect();
    faults.extend(ban_faults(&workspace, &rules));
    if !faults.is_empty() {
        bail!(
            "{} packages are refused:\n     - {}",
            faults.len(),
            faults.join("\n     - ")
        );
    }
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    for package in &foreign {
        *versions.entry(package.name.as_str()).or_default() += 1;
    }
    let twice = versions.values().filter(|count| **count > 1).count();
    Ok(format!(
        "{} packages taken, {twice} in more than one version",
        foreign.len()
    ))
}

fn license_fault(package: &Package, rules: &Deny) -> Option<String> {
    let exception = rules
        .licenses
        .exceptions
        .iter()
        .find(|e| e.package == package.name);
    let allowed: Vec<&str> = rules
        .licenses
        .allow
        .iter()
        .chain(exception.into_iter().flat_map(|exception| &exception.allow))
        .map(String::as_str)
        .collect();
    let license = package.license.as_deref().unwrap_or_default();
    (!satisfied(license, &allowed)).then(|| {
        format!(
            "{} {}: the licence {license:?} is not taken",
            package.name, package.version
        )
    })
}

fn source_fault(package: &Package, rules: &Deny) -> Option<String> {
    let source = package.source.as_deref()?;
    // A registry replaced by a mirror keeps its own name in the metadata.
    let taken = rules.sources.allow_registry.iter().any(|registry| {
        source
            .strip_prefix("registry+")
            .or(source.strip_prefix("sparse+"))
            == Some(registry)
    });
    (!taken).then(|| {
        format!(
            "{} {}: it comes from {source}",
            package.name, package.version
        )
    })
}

fn ban_faults(workspace: &Workspace, rules: &Deny) -> Vec<String> {
    let banned = rules.bans.deny.iter();
    banned
        .flat_map(|ban| {
            let there = workspace
                .packages
                .iter()
                .any(|package| package.name == ban.package);
            let users = workspace.packages.iter().filter(move |package| {
                there
                    && package.needs().any(|needed| needed == ban.package)
                    && !ban.wrappers.contains(&package.name)
            });
            users.map(move |user| format!("{} needs {}: {}", user.name, ban.package, ban.reason))
        })
        .collect()
}

/// Whether an SPDX expression can be satisfied with the licences allowed.
fn satisfied(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    either(&mut rest, allowed) && rest.is_empty()
}

fn either(tokens: &mut &[&str], allowed: &[&str]) -> bool {
    let mut good = both(tokens, allowed);
    while take(tokens, "OR") {
        good |= both(tokens, allowed);
    }
    good
}

fn both(tokens: &mut &[&str], allowed: &[&str]) -> bool {
    let mut good = one(tokens, allowed);
    while take(tokens, "AND") {
        good &= one(tokens, allowed);
    }
    good
}

fn one(tokens: &mut &[&str], allowed: &[&str]) -> bool {
    if take(tokens, "(") {
        let good = either(tokens, allowed);
        return take(tokens, ")") && good;
    }
    let Some((license, rest)) = tokens.split_first() else {
        return false;
    };
    *tokens = rest;
    let mut name = (*license).to_owned();
    if take(tokens, "WITH")
        && let Some((exception, rest)) = tokens.split_first()
    {
        name = format!("{name} WITH {exception}");
        *tokens = rest;
    }
    allowed.contains(&name.as_str())
}

fn take(tokens: &mut &[&str], wanted: &str) -> bool {
    match tokens.split_first() {
        Some((first, rest)) if *first == wanted => {
            *tokens = rest;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_expressions() {
        let allowed = [
            "MIT",
            "Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
            "Unicode-3.0",
        ];
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "MIT OR GPL-3.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(satisfied(good, &allowed), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "MIT WITH some-exception",
            "(MIT",
        ] {
            assert!(!satisfied(bad, &allowed), "{bad}");
        }
    }
}
