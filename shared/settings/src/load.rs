//! Loading: layers, checks, files of secrets, types, rules.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::{
    Fault, SettingsError, Validate, layers, secret,
    tree::{self, Origin, Table},
};

/// Where settings come from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Prefix of the environment variables: `CP` for `CP__…`.
    pub prefix: &'a str,
    /// The program's embedded `default.toml`.
    pub defaults: &'a str,
    /// The file of `--config`.
    pub file: Option<&'a Path>,
}

/// Settings that hold, and how they came out.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// The settings.
    pub settings: T,
    tree: Table,
    secrets: BTreeSet<String>,
}

impl<T> Loaded<T> {
    /// The settings in force as TOML, secrets hidden.
    #[must_use]
    pub fn print(&self) -> String {
        let mut shown = Value::Object(self.tree.clone());
        redact(&mut shown, &self.secrets);
        toml::to_string_pretty(&shown).unwrap_or_default()
    }
}

/// Loads settings from the defaults, the file and this process's environment.
///
/// # Errors
/// With every fault that was found.
pub fn load<T: DeserializeOwned + Validate>(
    source: Source<'_>,
) -> Result<Loaded<T>, SettingsError> {
    load_from(
        source,
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    )
}

/// Loads settings with the given environment variables.
///
/// # Errors
/// With every fault that was found.
pub fn load_from<T: DeserializeOwned + Validate>(
    source: Source<'_>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded<T>, SettingsError> {
    let mut faults = Vec::new();
    let defaults = layers::defaults(source.defaults).unwrap_or_else(|fault| {
        faults.push(fault);
        Table::new()
    });
    let tree = layered(&source, &defaults, environment, &mut faults);
    let ((settings, tree), secrets) = secret::collect(|| typed(tree, &defaults, &mut faults));
    match settings {
        Some(settings) if faults.is_empty() => {
            T::validate(&settings, &mut faults);
            if faults.is_empty() {
                return Ok(Loaded {
                    settings,
                    tree,
                    secrets,
                });
            }
        }
        _ => {}
    }
    Err(SettingsError { faults })
}

/// The merged tree; what is wrong in a layer is reported and left out.
fn layered(
    source: &Source<'_>,
    defaults: &Table,
    environment: impl IntoIterator<Item = (String, String)>,
    faults: &mut Vec<Fault>,
) -> Table {
    let start = format!("{}__", source.prefix);
    let variables: HashMap<String, String> = environment
        .into_iter()
        .filter(|(name, _)| name.starts_with(&start))
        .collect();
    let mut above = Vec::new();
    if let Some(path) = source.file {
        above.push((Origin::File, layers::file(path)));
    }
    above.push((
        Origin::Environment,
        layers::environment(source.prefix, variables),
    ));
    let mut tree = defaults.clone();
    for (origin, layer) in above {
        match layer {
            Ok(mut layer) => {
                tree::check(&mut layer, defaults, "", origin, faults);
                read_files(&mut layer, defaults, "", faults);
                tree::merge(&mut tree, layer);
            }
            Err(fault) => faults.push(fault),
        }
    }
    tree
}

/// Puts the content of `x_file` into `x`.
fn read_files(layer: &mut Table, defaults: &Table, at: &str, faults: &mut Vec<Fault>) {
    let keys: Vec<String> = layer.keys().cloned().collect();
    for key in keys {
        if let (Some(Value::Object(inner)), Some(Value::Object(known))) =
            (layer.get_mut(&key), defaults.get(&key))
        {
            read_files(inner, known, &tree::join(at, &key), faults);
        }
        let Some(base) = key
            .strip_suffix("_file")
            .filter(|_| tree::is_file_of(&key, defaults))
        else {
            continue;
        };
        let Some(path) = layer.remove(&key) else {
            continue;
        };
        match path.as_str() {
            None | Some("") => {}
            Some(path) => match std::fs::read_to_string(path) {
                Ok(text) => {
                    layer.insert(
                        base.to_owned(),
                        Value::from(text.trim_end_matches(['\r', '\n'])),
                    );
                }
                Err(error) => {
                    faults.push(Fault::new(tree::join(at, &key), format!("{path}: {error}")));
                }
            },
        }
    }
}

/// Deserialises the tree. serde stops at the first fault; the value there is put back to its
/// default and the rest is tried again, until all faults are known.
fn typed<T: DeserializeOwned>(
    mut tree: Table,
    defaults: &Table,
    faults: &mut Vec<Fault>,
) -> (Option<T>, Table) {
    let mut defaults = defaults.clone();
    loop {
        let error = match serde_path_to_error::deserialize(Value::Object(tree.clone())) {
            Ok(settings) => return (Some(settings), tree),
            Err(error) => error,
        };
        let key = dotted(error.path());
        let message = error.inner().to_string();
        let known = faults.iter().any(|fault| fault.key == key);
        if !known {
            faults.push(Fault::new(key.clone(), message));
        }
        let default = tree::get_mut(&mut defaults, &key).cloned();
        match (tree::get_mut(&mut tree, &key), default) {
            (Some(value), Some(default)) if *value != default => *value = default,
            _ => return (None, tree),
        }
    }
}

/// The dotted path of the nearest named key: `a.b`, also for a fault inside the list `a.b`.
fn dotted(path: &serde_path_to_error::Path) -> String {
    let keys = path.iter().map_while(|segment| match segment {
        Segment::Map { key } => Some(key.as_str()),
        _ => None,
    });
    keys.collect::<Vec<_>>().join(".")
}

fn redact(value: &mut Value, secrets: &BTreeSet<String>) {
    match value {
        Value::String(text) if !text.is_empty() && secrets.contains(text) => {
            "<redacted>".clone_into(text);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, secrets)),
        Value::Object(table) => table.values_mut().for_each(|item| redact(item, secrets)),
        _ => {}
    }
}
