//! Reads the layers with `config`, each on its own so that a fault can name where it is.

use std::{collections::HashMap, path::Path};

use config::{Config, Environment, File, FileFormat};
use serde_json::Value;

use crate::{Fault, tree::Table};

pub(crate) fn defaults(text: &str) -> Result<Table, Fault> {
    table(Config::builder().add_source(File::from_str(text, FileFormat::Toml)))
        .map_err(|reason| Fault::new("", format!("the embedded defaults: {reason}")))
}

pub(crate) fn file(path: &Path) -> Result<Table, Fault> {
    let wrong = |reason: String| Fault::new("", format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    table(Config::builder().add_source(File::from_str(&text, FileFormat::Toml))).map_err(wrong)
}

pub(crate) fn environment(
    prefix: &str,
    variables: HashMap<String, String>,
) -> Result<Table, Fault> {
    let source = Environment::with_prefix(prefix)
        .prefix_separator("__")
        .separator("__")
        .source(Some(variables));
    table(Config::builder().add_source(source))
        .map_err(|reason| Fault::new("", format!("the environment: {reason}")))
}

fn table(builder: config::ConfigBuilder<config::builder::DefaultState>) -> Result<Table, String> {
    let config = builder.build().map_err(|error| error.to_string())?;
    match config
        .try_deserialize::<Value>()
        .map_err(|error| error.to_string())?
    {
        Value::Object(table) => Ok(table),
        _ => Ok(Table::new()),
    }
}
