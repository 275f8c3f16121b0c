//! A sample plan as its data file has it.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::paths::Repository;

/// A file of `infra/dev/samples`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The tenant's labels.
    pub labels: Vec<Label>,
    /// Its grids.
    pub grids: Vec<Grid>,
}

/// A label.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// How the file refers to it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its colour, `#rrggbb`.
    pub colour: String,
}

/// A grid.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// How the file refers to it.
    pub key: String,
    /// The folder it lies in.
    pub folder: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Its columns, in time order.
    pub stages: Vec<Stage>,
    /// Its rows.
    pub themes: Vec<Theme>,
    /// Its cells.
    pub elements: Vec<Element>,
    /// Decisions after stages.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// What comes after what.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
}

/// A column.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// How the file refers to it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// When it starts.
    pub start: String,
    /// When it ends.
    pub finish: String,
}

/// A row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// How the file refers to it.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// A cell.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// How the file refers to it.
    pub key: String,
    /// Its column.
    pub stage: String,
    /// Its row.
    pub theme: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    #[serde(default)]
    pub description: Option<String>,
    /// `with_tasks`, `checkable` or `information`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who does it: a part of the demo.
    #[serde(default)]
    pub assignee: Option<String>,
    /// Labels, the first the primary one.
    #[serde(default)]
    pub labels: Vec<String>,
    /// When it starts.
    #[serde(default)]
    pub start: Option<String>,
    /// When it ends.
    #[serde(default)]
    pub finish: Option<String>,
    /// Minutes of working time.
    #[serde(default)]
    pub duration_minutes: Option<u32>,
    /// Whether it is done, where it has no tasks.
    #[serde(default)]
    pub complete: bool,
    /// Its work.
    #[serde(default)]
    pub tasks: Vec<Task>,
}

/// A decision after a stage.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// How the file refers to it.
    pub key: String,
    /// The stage it comes after.
    pub stage: String,
    /// Its name.
    pub name: String,
    /// What is decided.
    #[serde(default)]
    pub description: Option<String>,
    /// Who decides: a part of the demo.
    #[serde(default)]
    pub assignee: Option<String>,
    /// When it should be decided.
    #[serde(default)]
    pub deadline: Option<String>,
    /// What was decided, if it was.
    #[serde(default)]
    pub outcome: Option<String>,
    /// Its work.
    #[serde(default)]
    pub tasks: Vec<Task>,
}

/// A piece of work.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// How the file refers to it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Who does it: a part of the demo.
    #[serde(default)]
    pub assignee: Option<String>,
    /// Minutes of working time.
    pub duration_minutes: u32,
    /// Whether it is done.
    #[serde(default)]
    pub complete: bool,
    /// Whether it needs a file to be done.
    #[serde(default)]
    pub evidence_required: bool,
    /// When it starts.
    #[serde(default)]
    pub start: Option<String>,
    /// When it ends.
    #[serde(default)]
    pub finish: Option<String>,
}

/// What comes after what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// The item before.
    pub predecessor: String,
    /// The item after.
    pub successor: String,
    /// `FS`, `SS`, `FF` or `SF`.
    pub kind: String,
    /// Minutes between, signed.
    #[serde(default)]
    pub lag_minutes: i32,
}

/// Reads a sample.
pub fn read(repository: &Repository, name: &str) -> Result<Plan> {
    let path = repository
        .root()
        .join("infra/dev/samples")
        .join(format!("{name}.json"));
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is malformed", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_samples_are_whole() {
        let repository = Repository::locate().unwrap();
        for name in ["acme", "globex"] {
            let plan = read(&repository, name).unwrap();
            for grid in &plan.grids {
                let mut keys: HashSet<&str> = HashSet::new();
                let tasks = grid
                    .elements
                    .iter()
                    .flat_map(|element| &element.tasks)
                    .chain(grid.gates.iter().flat_map(|gate| &gate.tasks));
                let tasks: Vec<&Task> = tasks.collect();
                assert!(tasks.len() >= 100, "{name}: {} tasks", tasks.len());
                assert!(
                    tasks
                        .iter()
                        .all(|task| !(task.complete && task.evidence_required))
                );
                keys.extend(tasks.iter().map(|task| task.key.as_str()));
                keys.extend(grid.elements.iter().map(|element| element.key.as_str()));
                keys.extend(grid.gates.iter().map(|gate| gate.key.as_str()));
                for dependency in &grid.dependencies {
                    assert!(
                        keys.contains(dependency.predecessor.as_str()),
                        "{dependency:?}"
                    );
                    assert!(
                        keys.contains(dependency.successor.as_str()),
                        "{dependency:?}"
                    );
                }
            }
        }
    }
}
