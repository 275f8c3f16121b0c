//! Patches (RFC 7644 §3.5.2), as the standard has them and as directories send them.

mod apply;
mod path;
#[cfg(test)]
mod tests;
mod values;

use serde_json::{Map, Value};

use crate::{ScimError, attribute::ResourceKind};

pub use apply::apply_patch;
use path::PatchPath;

const MESSAGE: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The most operations of one patch.
const MAX_OPERATIONS: usize = 1000;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchOp {
    /// Adds values, or sets the only one.
    Add,
    /// Sets values in the place of others.
    Replace,
    /// Takes values away.
    Remove,
}

/// An operation of a patch.
#[derive(Debug, Clone)]
pub struct Operation {
    op: PatchOp,
    path: Option<PatchPath>,
    value: Option<Value>,
}

/// The operations of a patch.
///
/// # Errors
/// When the body is no patch, or a path leads nowhere or to what only we may change.
pub fn read_patch(kind: &'static ResourceKind, body: &Value) -> Result<Vec<Operation>, ScimError> {
    let body = body
        .as_object()
        .ok_or_else(|| ScimError::syntax("The body is an object."))?;
    let schemas = field(body, "schemas").and_then(Value::as_array);
    let known = schemas.into_iter().flatten().any(|schema| {
        let id = schema.as_str().unwrap_or_default();
        id.eq_ignore_ascii_case(MESSAGE)
    });
    if !known {
        let missing = format!("`schemas` has `{MESSAGE}`.");
        return Err(ScimError::syntax(missing));
    }
    let operations = field(body, "Operations")
        .and_then(Value::as_array)
        .filter(|operations| !operations.is_empty())
        .ok_or_else(|| ScimError::syntax("`Operations` has at least one operation."))?;
    if operations.len() > MAX_OPERATIONS {
        let most = format!("A patch has at most {MAX_OPERATIONS} operations.");
        return Err(ScimError::syntax(most));
    }
    operations
        .iter()
        .map(|operation| read_operation(kind, operation))
        .collect()
}

fn read_operation(kind: &'static ResourceKind, operation: &Value) -> Result<Operation, ScimError> {
    let operation = operation
        .as_object()
        .ok_or_else(|| ScimError::syntax("An operation is an object."))?;
    let word = field(operation, "op").and_then(Value::as_str);
    let op = match word.unwrap_or_default().to_ascii_lowercase().as_str() {
        "add" => PatchOp::Add,
        "replace" => PatchOp::Replace,
        "remove" => PatchOp::Remove,
        _ => return Err(ScimError::syntax("`op` is add, replace or remove.")),
    };
    let path = match field(operation, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) if path.is_empty() => None,
        Some(Value::String(path)) => Some(PatchPath::parse(kind, path)?),
        Some(_) => return Err(ScimError::path("`path` is a text.")),
    };
    let value = field(operation, "value").cloned();
    match op {
        PatchOp::Remove if path.is_none() => Err(ScimError::new(
            crate::ScimType::NoTarget,
            "`remove` needs a path.",
        )),
        PatchOp::Add | PatchOp::Replace if value.is_none() => {
            Err(ScimError::value("The operation needs a value."))
        }
        _ => Ok(Operation { op, path, value }),
    }
}

fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let mut fields = object.iter();
    fields
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}
