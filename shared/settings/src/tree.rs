//! Settings as a JSON tree, compared with the tree of the defaults.

use serde_json::{Map, Value};

use crate::Fault;

pub(crate) type Table = Map<String, Value>;

/// The word for a value's type in messages.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

pub(crate) fn join(parent: &str, key: &str) -> String {
    if parent.is_empty() {
        key.to_owned()
    } else {
        format!("{parent}.{key}")
    }
}

/// Pushes a fault for each key of `layer` that the defaults do not know or know with another type,
/// and takes it out, so that the rest can be looked at. Texts from the environment are turned into
/// the defaults' types.
pub(crate) fn check(
    layer: &mut Table,
    defaults: &Table,
    at: &str,
    origin: Origin,
    faults: &mut Vec<Fault>,
) {
    if defaults.is_empty() && !at.is_empty() {
        return;
    }
    layer.retain(|key, value| {
        let path = join(at, key);
        let Some(default) = defaults.get(key) else {
            let known = is_file_of(key, defaults);
            if !known {
                faults.push(Fault::new(
                    path,
                    format!("there is no such setting ({origin})"),
                ));
            }
            return known;
        };
        if let (Value::Object(inner), Value::Object(known)) = (&mut *value, default) {
            check(inner, known, &path, origin, faults);
            return true;
        }
        if origin == Origin::Environment {
            coerce(value, default);
        }
        let good = same_type(value, default);
        if !good {
            faults.push(Fault::new(
                path,
                format!("must be {} ({origin})", kind(default)),
            ));
        }
        good
    });
}

/// Whether the key is `x_file` beside a text `x`.
pub(crate) fn is_file_of(key: &str, defaults: &Table) -> bool {
    let beside = key
        .strip_suffix("_file")
        .and_then(|base| defaults.get(base));
    beside.is_some_and(Value::is_string)
}

fn same_type(value: &Value, default: &Value) -> bool {
    match (value, default) {
        (Value::Number(given), Value::Number(known)) => known.is_f64() || !given.is_f64(),
        (Value::Bool(_), Value::Bool(_))
        | (Value::String(_), Value::String(_))
        | (Value::Array(_), Value::Array(_))
        | (Value::Object(_), Value::Object(_)) => true,
        _ => false,
    }
}

fn coerce(value: &mut Value, default: &Value) {
    let Value::String(text) = &*value else { return };
    let typed = match default {
        Value::Bool(_) => text.parse().ok().map(Value::Bool),
        Value::Number(known) if known.is_f64() => text
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map(Value::Number),
        Value::Number(_) => text.parse::<i64>().ok().map(Value::from),
        Value::Array(_) => Some(Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(Value::from)
                .collect(),
        )),
        _ => None,
    };
    if let Some(typed) = typed {
        *value = typed;
    }
}

/// Lays `layer` over `base`.
pub(crate) fn merge(base: &mut Table, layer: Table) {
    for (key, value) in layer {
        match (base.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => merge(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// The value at a dotted path.
pub(crate) fn get_mut<'t>(table: &'t mut Table, path: &str) -> Option<&'t mut Value> {
    let mut steps = path.split('.');
    let mut here = table.get_mut(steps.next()?)?;
    for step in steps {
        here = here.as_object_mut()?.get_mut(step)?;
    }
    Some(here)
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    File,
    Environment,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File => "in the file",
            Self::Environment => "in the environment",
        })
    }
}
