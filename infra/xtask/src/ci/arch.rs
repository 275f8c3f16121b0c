//! `arch`: the edges between crates that `docs/architecture.md` allows, checked against what cargo
//! says. Layers depend downwards, programs know nothing of each other's insides, pure crates stay
//! pure, and few crates know the web or the database.

use anyhow::{Result, bail};

use super::place::Place;
use super::workspace::{Package, Workspace};
use crate::paths::Repository;

/// Names that say nothing about what is inside.
const REFUSED_NAMES: [&str; 4] = ["utils", "util", "common", "helpers"];

/// Shared by design, though only one program has a use for them yet: notifications will need both.
const SHARED_BY_DESIGN: [&str; 2] = ["broker", "mailer"];

/// What pure crates must not know: the outside world, time and chance.
const IMPURE: [&str; 20] = [
    "tokio",
    "async-std",
    "futures-util",
    "actix-web",
    "actix-http",
    "awc",
    "reqwest",
    "sea-orm",
    "sqlx",
    "mysql",
    "redis",
    "lapin",
    "mongodb",
    "lettre",
    "rand",
    "getrandom",
    "config",
    "tracing",
    "clock",
    "db",
];
/// The same in source code.
const IMPURE_CODE: [&str; 8] = [
    "std::env",
    "std::fs",
    "std::net",
    "SystemTime::now",
    "Instant::now",
    "Utc::now",
    "Uuid::now_v7",
    "Uuid::new_v4",
];

/// Who may know what. A package not listed may not depend on it.
const KNOWERS: [(&[&str], &[&str]); 3] = [
    (
        &[
            "actix-web",
            "actix-http",
            "actix-service",
            "awc",
            "utoipa-actix-web",
        ],
        &[
            "web",
            "ui",
            "cp-http",
            "cp-gateway",
            "tr-http",
            "control-plane",
            "tenant-runtime",
            "backoffice",
            "mailbox",
            "bench",
        ],
    ),
    (
        &["sea-orm"],
        &[
            "db", "cp-store", "tr-store", "cp-app", "tr-app", "tr-jobs", "testkit", "e2e", "bench",
        ],
    ),
    (&["lapin"], &["broker", "e2e", "bench"]),
];

/// Checks every edge; the error lists all that are wrong.
pub fn check(repository: &Repository) -> Result<String> {
    let workspace = Workspace::own(repository)?;
    let names: Vec<&str> = workspace
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut faults = Vec::new();
    let mut edges = 0;
    for package in &workspace.packages {
        let from = Place::of(package, repository);
        for needed in package.needs() {
            edges += 1;
            let target = workspace.packages.iter().find(|other| other.name == needed);
            let to = target.map(|target| Place::of(target, repository));
            if let Some(reason) = to.and_then(|to| from.may_not_need(&to)) {
                faults.push(format!("{} needs {needed}: {reason}", package.name));
            }
            if let Some(reason) = foreign_fault(&from, needed) {
                faults.push(format!("{} needs {needed}: {reason}", package.name));
            }
        }
        faults.extend(name_fault(&package.name));
        faults.extend(
            from.pure
                .then(|| impure_code(package))
                .into_iter()
                .flatten(),
        );
    }
    faults.extend(lonely_shared_crates(&workspace, repository));
    if faults.is_empty() {
        return Ok(format!("{} crates, {edges} edges", names.len()));
    }
    faults.sort();
    bail!(
        "{} edges are wrong:\n     - {}",
        faults.len(),
        faults.join("\n     - ")
    )
}

fn foreign_fault(from: &Place, needed: &str) -> Option<&'static str> {
    if from.pure && IMPURE.contains(&needed) {
        return Some("the crate is pure");
    }
    let refused = KNOWERS
        .iter()
        .any(|(known, knowers)| known.contains(&needed) && !knowers.contains(&from.name.as_str()));
    refused.then_some("that crate may not know it")
}

fn name_fault(name: &str) -> Option<String> {
    let refused = name.split('-').any(|part| REFUSED_NAMES.contains(&part));
    refused.then(|| format!("{name}: the name says nothing"))
}

/// Sources of a pure crate that reach outside, tests left out.
fn impure_code(package: &Package) -> Vec<String> {
    let sources = package.manifest_path.with_file_name("src");
    let mut faults = Vec::new();
    let mut directories = vec![sources];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory)
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let used = IMPURE_CODE.iter().filter(|phrase| {
                code.lines()
                    .any(|line| !line.trim_start().starts_with("//") && line.contains(**phrase))
            });
            faults.extend(used.map(|phrase| {
                format!(
                    "{}: {} uses {phrase}, and the crate is pure",
                    package.name,
                    path.display()
                )
            }));
        }
    }
    faults
}

/// `shared` takes a crate only when two programs use it, directly or through another shared crate.
fn lonely_shared_crates(workspace: &Workspace, repository: &Repository) -> Vec<String> {
    let places: Vec<(&Package, Place)> = workspace
        .packages
        .iter()
        .map(|package| (package, Place::of(package, repository)))
        .collect();
    let shared = places.iter().filter(|(_, place)| {
        place.area == "shared"
            && place.name != "testkit"
            && !SHARED_BY_DESIGN.contains(&place.name.as_str())
    });
    shared
        .filter_map(|(crate_, place)| {
            let mut users: Vec<&str> = places
                .iter()
                .filter(|(package, _)| package.needs().any(|needed| needed == crate_.name))
                .map(|(package, user)| match user.area.as_str() {
                    "shared" | "infra" => package.name.as_str(),
                    area => area,
                })
                .collect();
            users.sort_unstable();
            users.dedup();
            (users.len() < 2).then(|| {
                format!(
                    "{}: only {} uses it, so it belongs there",
                    place.name,
                    users.join(", ")
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str, pure: bool) -> Place {
        let (name, area) = (name.to_owned(), "tenant-runtime".to_owned());
        Place {
            name,
            area,
            layer: 1,
            pure,
        }
    }

    #[test]
    fn foreign_crates_have_their_knowers() {
        let domain = place("tr-domain", true);
        let store = place("tr-store", false);
        assert!(foreign_fault(&domain, "rand").is_some());
        assert!(foreign_fault(&store, "actix-web").is_some());
        assert_eq!(foreign_fault(&store, "sea-orm"), None);
        assert!(name_fault("tr-common").is_some());
    }
}
