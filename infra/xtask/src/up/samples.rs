//! Loads a sample plan through the public API, as a client would. Every request carries a key, so
//! that a load that was broken off goes on where it stopped.

use std::collections::HashMap;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::plan::{Dependency, Element, Gate, Grid, Label, Plan, Task};
use super::staff::text;
use crate::http::Client;

const ITEMS: &str = "/api/v1/work-items";

/// Loads a plan for a signed-in architect. `members` has the members' ids by the part they play.
pub fn load(client: &mut Client, plan: &Plan, members: &HashMap<&str, String>) -> Result<usize> {
    let ids = HashMap::new();
    let mut loader = Loader {
        client,
        members,
        ids,
        labels: HashMap::new(),
        sent: 0,
    };
    loader.labels(&plan.labels)?;
    for grid in &plan.grids {
        loader.grid(grid)?;
    }
    Ok(loader.sent)
}

struct Loader<'a> {
    client: &'a mut Client,
    members: &'a HashMap<&'a str, String>,
    /// Ids by the keys of the file; stages and themes have keys of their own.
    ids: HashMap<String, String>,
    labels: HashMap<String, String>,
    sent: usize,
}

impl Loader<'_> {
    /// Some labels come with every tenant; a name is taken once.
    fn labels(&mut self, wanted: &[Label]) -> Result<()> {
        let page = self.client.get("/api/v1/labels?limit=200")?.json()?;
        let rows = page
            .get("data")
            .and_then(Value::as_array)
            .context("a list without data")?;
        for label in wanted {
            let known = rows
                .iter()
                .find(|row| text(row, "name") == Some(&label.name));
            let id = match known.and_then(|row| text(row, "id")) {
                Some(id) => id.to_owned(),
                None => {
                    let body = json!({"name": label.name, "colour": label.colour});
                    self.create("/api/v1/labels", &format!("label-{}", label.key), &body)?
                }
            };
            self.labels.insert(label.key.clone(), id);
        }
        Ok(())
    }

    fn grid(&mut self, grid: &Grid) -> Result<()> {
        let folder = json!({"name": grid.folder, "parent_id": self.root()?});
        let folder = self.create(
            "/api/v1/folders",
            &format!("folder-{}", grid.folder),
            &folder,
        )?;
        let body = json!({
            "kind": "grid", "name": grid.name, "description": grid.description, "folder_id": folder,
        });
        let id = self.item(&grid.key, body)?;
        self.share(grid, &id)?;
        for stage in &grid.stages {
            let body = json!({
                "kind": "stage", "name": stage.name, "parent_id": id,
                "start": stage.start, "finish": stage.finish,
            });
            self.item(&column(&stage.key), body)?;
        }
        for theme in &grid.themes {
            let body = json!({"kind": "theme", "name": theme.name, "parent_id": id});
            self.item(&row(&theme.key), body)?;
        }
        for element in &grid.elements {
            self.element(element)?;
        }
        for gate in &grid.gates {
            self.gate(gate)?;
        }
        for dependency in &grid.dependencies {
            self.dependency(dependency)?;
        }
        self.complete(grid)
    }

    /// Lets the external partner see the grid: externals have no right by default.
    fn share(&mut self, grid: &Grid, id: &str) -> Result<()> {
        let Some(external) = self.member(Some("external")) else {
            return Ok(());
        };
        let right = json!({
            "object_id": id, "subject": "member", "subject_id": external, "level": "view",
        });
        self.create("/api/v1/grants", &format!("share-{}", grid.key), &right)
            .map(drop)
    }

    /// The folder that belongs to nobody and lies in none.
    fn root(&mut self) -> Result<String> {
        let page = self.client.get("/api/v1/folders?limit=200")?.json()?;
        let rows = page
            .get("data")
            .and_then(Value::as_array)
            .context("a list without data")?;
        let is_null = |row: &&Value, key| row.get(key).is_none_or(Value::is_null);
        let root = rows
            .iter()
            .find(|row| is_null(row, "parent_id") && is_null(row, "owner_id"));
        let id = root.and_then(|root| root.get("id")).and_then(Value::as_str);
        Ok(id.context("the tenant has no root folder")?.to_owned())
    }

    fn element(&mut self, element: &Element) -> Result<()> {
        let labels: Vec<Value> = element
            .labels
            .iter()
            .enumerate()
            .map(|(place, key)| json!({"id": self.labels.get(key), "primary": place == 0}))
            .collect();
        let body = json!({
            "kind": "element", "name": element.name, "description": element.description,
            "parent_id": self.id(&column(&element.stage))?, "theme_id": self.id(&row(&element.theme))?,
            "element_type": element.kind, "assignee_id": self.member(element.assignee.as_deref()),
            "labels": labels, "start": element.start, "finish": element.finish,
            "duration_minutes": element.duration_minutes,
        });
        let id = self.item(&element.key, body)?;
        self.tasks(&id, &element.tasks)
    }

    fn gate(&mut self, gate: &Gate) -> Result<()> {
        let body = json!({
            "kind": "gate", "name": gate.name, "description": gate.description,
            "parent_id": self.id(&column(&gate.stage))?, "assignee_id": self.member(gate.assignee.as_deref()),
            "deadline": gate.deadline,
        });
        let id = self.item(&gate.key, body)?;
        self.tasks(&id, &gate.tasks)
    }

    fn tasks(&mut self, parent: &str, tasks: &[Task]) -> Result<()> {
        for task in tasks {
            let body = json!({
                "kind": "task", "name": task.name, "parent_id": parent,
                "assignee_id": self.member(task.assignee.as_deref()),
                "duration_minutes": task.duration_minutes,
                "evidence_required": task.evidence_required,
                "start": task.start, "finish": task.finish,
            });
            self.item(&task.key, body)?;
        }
        Ok(())
    }

    fn dependency(&mut self, dependency: &Dependency) -> Result<()> {
        let body = json!({
            "predecessor_id": self.id(&dependency.predecessor)?,
            "successor_id": self.id(&dependency.successor)?,
            "kind": dependency.kind, "lag_minutes": dependency.lag_minutes,
        });
        let key = format!("{}-{}", dependency.predecessor, dependency.successor);
        self.create("/api/v1/dependencies", &key, &body).map(drop)
    }

    /// Completes what is done, the work before the decisions on it.
    fn complete(&mut self, grid: &Grid) -> Result<()> {
        let gates = grid.gates.iter();
        let tasks = grid
            .elements
            .iter()
            .flat_map(|element| &element.tasks)
            .chain(gates.clone().flat_map(|gate| &gate.tasks))
            .filter(|task| task.complete)
            .map(|task| (&task.key, json!({})));
        let checked = grid
            .elements
            .iter()
            .filter(|element| element.complete && element.tasks.is_empty())
            .map(|element| (&element.key, json!({})));
        let decided = gates.filter_map(|gate| {
            gate.outcome
                .as_ref()
                .map(|outcome| (&gate.key, json!({"outcome": outcome})))
        });
        let all: Vec<(&String, Value)> = tasks.chain(checked).chain(decided).collect();
        for (key, body) in all {
            let path = format!("{ITEMS}/{}/complete", self.id(key)?);
            self.client
                .post_once(&path, &once(&format!("complete-{key}")), &body)?
                .must()?;
            self.sent += 1;
        }
        Ok(())
    }

    fn item(&mut self, key: &str, body: Value) -> Result<String> {
        let id = self.create(ITEMS, key, &without_nulls(body))?;
        self.ids.insert(key.to_owned(), id.clone());
        Ok(id)
    }

    fn create(&mut self, path: &str, key: &str, body: &Value) -> Result<String> {
        let answer = self.client.post_once(path, &once(key), body)?.json()?;
        self.sent += 1;
        let id = answer.get("id").and_then(Value::as_str);
        Ok(id
            .with_context(|| format!("{path} answered without an id"))?
            .to_owned())
    }

    fn id(&self, key: &str) -> Result<String> {
        self.ids
            .get(key)
            .cloned()
            .with_context(|| format!("the sample has no item '{key}'"))
    }

    fn member(&self, part: Option<&str>) -> Option<&String> {
        self.members.get(part?)
    }
}

fn column(key: &str) -> String {
    format!("stage {key}")
}

fn row(key: &str) -> String {
    format!("theme {key}")
}

/// The key under which a request has its effect once.
fn once(key: &str) -> String {
    let plain: String = key
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    format!("sample-{plain}")
}

fn without_nulls(body: Value) -> Value {
    match body {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .collect::<Map<_, _>>(),
        ),
        other => other,
    }
}
