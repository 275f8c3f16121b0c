//! What a patch makes of a resource.

use serde_json::{Map, Value};

use super::{Operation, PatchOp, path::PatchPath, values};
use crate::{
    ScimError,
    attribute::{Attribute, ResourceKind, Schema},
    resource::{normal, read_value},
    target::Target,
};

/// The resource after the operations, in the order in which they stand: all of them, or an error.
///
/// # Errors
/// When a value is not of its type, a target is missing, or what is required would go.
pub fn apply_patch(
    kind: &'static ResourceKind,
    resource: &Map<String, Value>,
    operations: &[Operation],
) -> Result<Map<String, Value>, ScimError> {
    let mut patched = resource.clone();
    for operation in operations {
        apply(kind, &mut patched, operation)?;
    }
    // Once more as a whole: what was set in pieces has to fit together.
    normal(kind, &patched)
}

fn apply(
    kind: &'static ResourceKind,
    resource: &mut Map<String, Value>,
    operation: &Operation,
) -> Result<(), ScimError> {
    let Operation { op, path, value } = operation;
    match path {
        Some(path) => at(resource, *op, path, value.as_ref()),
        None => {
            let object = value.as_ref().and_then(Value::as_object);
            let object = object
                .ok_or_else(|| ScimError::value("Without a path, the value is an object."))?;
            for (name, value) in object {
                // Directories send whole resources: what is unknown or ours is not meant.
                if let Ok(path) = PatchPath::parse(kind, name) {
                    at(resource, *op, &path, Some(value))?;
                }
            }
            Ok(())
        }
    }
}

fn at(
    resource: &mut Map<String, Value>,
    op: PatchOp,
    path: &PatchPath,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    match path {
        PatchPath::Extension(schema) => extension(resource, op, schema, value),
        PatchPath::Attribute { target, .. } if target.attribute.name == "schemas" => Ok(()),
        PatchPath::Attribute { target, filter } => {
            let mut holder = take_holder(resource, target.extension);
            let done = match filter {
                Some(filter) => values::filtered(&mut holder, op, target, filter, value),
                None => direct(&mut holder, op, target, value),
            };
            put_holder(resource, target.extension, holder);
            done
        }
    }
}

/// The object that has the attribute, moved out of the resource while it is worked on.
fn take_holder(
    resource: &mut Map<String, Value>,
    extension: Option<&'static Schema>,
) -> Map<String, Value> {
    match extension {
        None => std::mem::take(resource),
        Some(schema) => match resource.remove(schema.id) {
            Some(Value::Object(object)) => object,
            _ => Map::new(),
        },
    }
}

fn put_holder(
    resource: &mut Map<String, Value>,
    extension: Option<&'static Schema>,
    holder: Map<String, Value>,
) {
    match extension {
        None => *resource = holder,
        Some(schema) if !holder.is_empty() => {
            resource.insert(schema.id.to_owned(), Value::Object(holder));
        }
        Some(_) => {}
    }
}

fn extension(
    resource: &mut Map<String, Value>,
    op: PatchOp,
    schema: &'static Schema,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    if op == PatchOp::Remove {
        resource.remove(schema.id);
        return Ok(());
    }
    let object = value.and_then(Value::as_object);
    let object = object.ok_or_else(|| ScimError::value("An extension's value is an object."))?;
    let mut holder = take_holder(resource, Some(schema));
    for (name, value) in object {
        if let Some(attribute) = schema.attribute(name) {
            let target = Target {
                extension: Some(schema),
                attribute,
                part: None,
            };
            direct(&mut holder, op, &target, Some(value))?;
        }
    }
    put_holder(resource, Some(schema), holder);
    Ok(())
}

/// An operation without a filter.
fn direct(
    holder: &mut Map<String, Value>,
    op: PatchOp,
    target: &Target,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    let attribute = target.attribute;
    match (op, target.part) {
        (PatchOp::Remove, None) if attribute.many && has_values(value) => {
            values::remove_listed(holder, attribute, value)
        }
        (PatchOp::Remove, None) => remove(holder, attribute),
        (_, Some(part)) => values::part_of_all(holder, op, attribute, part, value),
        (_, None) => {
            let value = value.unwrap_or(&Value::Null);
            match read_value(attribute, value)? {
                Some(value) if attribute.many && op == PatchOp::Add => {
                    values::append(holder, attribute, value);
                }
                Some(Value::Object(parts)) => merge(holder, attribute, parts),
                Some(value) => {
                    holder.insert(attribute.name.to_owned(), value);
                }
                // Adding nothing takes nothing away; replacing by nothing does.
                None if op == PatchOp::Replace => remove(holder, attribute)?,
                None => {}
            }
            Ok(())
        }
    }
}

fn has_values(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Array(values)) => !values.is_empty(),
        Some(Value::Object(_) | Value::String(_)) => true,
        _ => false,
    }
}

fn merge(
    holder: &mut Map<String, Value>,
    attribute: &'static Attribute,
    parts: Map<String, Value>,
) {
    let entry = holder.entry(attribute.name);
    let entry = entry.or_insert_with(|| Value::Object(Map::new()));
    match entry {
        Value::Object(known) => known.extend(parts),
        other => *other = Value::Object(parts),
    }
}

fn remove(holder: &mut Map<String, Value>, attribute: &'static Attribute) -> Result<(), ScimError> {
    if attribute.required {
        let name = attribute.name;
        return Err(ScimError::mutability(format!("`{name}` is required.")));
    }
    holder.remove(attribute.name);
    Ok(())
}
