//! Operations on attributes with several values, and on parts.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::PatchOp;
use crate::{
    ScimError, ScimType,
    attribute::{Attribute, Mutability},
    filter::{Filter, Literal, Operator},
    resource::{is_primary, read_one, read_value},
    target::Target,
};

/// Adds values; one that is there already stays as it is but for what the new one says more.
pub(super) fn append(holder: &mut Map<String, Value>, attribute: &'static Attribute, added: Value) {
    let added = match added {
        Value::Array(values) => values,
        one => vec![one],
    };
    with_list(holder, attribute, |values| {
        if added.iter().any(is_primary) {
            clear_primary(values);
        }
        let mut known: BTreeSet<String> = values.iter().map(identity).collect();
        for value in added {
            if known.insert(identity(&value)) {
                values.push(value);
                continue;
            }
            let mut same = values.iter_mut();
            if let Some(old) = same.find(|old| identity(old) == identity(&value)) {
                extend(old, value);
            }
        }
    });
}

/// Works on the values of an attribute; what says nothing afterwards is taken away.
fn with_list<T>(
    holder: &mut Map<String, Value>,
    attribute: &'static Attribute,
    work: impl FnOnce(&mut Vec<Value>) -> T,
) -> T {
    let mut values = match holder.remove(attribute.name) {
        Some(Value::Array(values)) => values,
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![one],
    };
    let done = work(&mut values);
    values.retain(|value| !matches!(value, Value::Object(parts) if parts.is_empty()));
    if !values.is_empty() {
        holder.insert(attribute.name.to_owned(), Value::Array(values));
    }
    done
}

/// What makes a value another one: its value and type, or all of it when it has none.
fn identity(value: &Value) -> String {
    match value.get("value").and_then(Value::as_str) {
        Some(text) => {
            let kind = value.get("type").and_then(Value::as_str);
            // A member is one whether or not the type is said.
            let kind = kind.filter(|kind| *kind != "User").unwrap_or_default();
            format!("{kind}\n{text}")
        }
        None => value.to_string(),
    }
}

fn extend(old: &mut Value, new: Value) {
    if let (Value::Object(old), Value::Object(new)) = (old, new) {
        old.extend(new);
    }
}

fn clear_primary(values: &mut [Value]) {
    for value in values {
        if is_primary(value)
            && let Some(parts) = value.as_object_mut()
        {
            parts.insert("primary".to_owned(), false.into());
        }
    }
}

/// Takes the listed values away: what some directories send instead of a filter.
pub(super) fn remove_listed(
    holder: &mut Map<String, Value>,
    attribute: &'static Attribute,
    listed: Option<&Value>,
) -> Result<(), ScimError> {
    let listed = read_value(attribute, listed.unwrap_or(&Value::Null))?;
    let listed: BTreeSet<String> = match &listed {
        Some(Value::Array(values)) => values.iter().map(identity).collect(),
        _ => BTreeSet::new(),
    };
    with_list(holder, attribute, |values| {
        values.retain(|value| !listed.contains(&identity(value)));
    });
    Ok(())
}

/// Works on a part: of the one value, or of all there are.
pub(super) fn part_of_all(
    holder: &mut Map<String, Value>,
    op: PatchOp,
    attribute: &'static Attribute,
    part: &'static Attribute,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    let value = read_part(op, part, value)?;
    if attribute.many {
        return with_list(holder, attribute, |values| {
            if values.is_empty() && value.is_some() {
                values.push(Value::Object(Map::new()));
            }
            let mut values = values.iter_mut();
            values.try_for_each(|entry| set_part(entry, part, value.clone()))
        });
    }
    let name = attribute.name;
    let mut entry = holder
        .remove(name)
        .unwrap_or_else(|| Value::Object(Map::new()));
    set_part(&mut entry, part, value)?;
    if entry.as_object().is_some_and(|parts| !parts.is_empty()) {
        holder.insert(name.to_owned(), entry);
    }
    Ok(())
}

/// Works on those values that fulfil a filter.
pub(super) fn filtered(
    holder: &mut Map<String, Value>,
    op: PatchOp,
    target: &Target,
    filter: &Filter,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    let attribute = target.attribute;
    if op == PatchOp::Remove && target.part.is_none() {
        with_list(holder, attribute, |values| {
            values.retain(|value| !filter.matches_value(value));
        });
        return Ok(());
    }
    let change = Change::read(op, target, value)?;
    let changed = with_list(holder, attribute, |values| {
        change.make_where(values, filter)
    })?;
    if changed || op == PatchOp::Remove {
        return Ok(());
    }
    let mut made = Value::Object(described(filter).ok_or_else(no_target)?);
    if op == PatchOp::Replace && target.part.is_none() {
        return Err(no_target());
    }
    change.make(&mut made)?;
    append(holder, attribute, made);
    Ok(())
}

fn no_target() -> ScimError {
    ScimError::new(ScimType::NoTarget, "No value fulfils the filter.")
}

/// What happens to one value.
enum Change {
    Part(&'static Attribute, Option<Value>),
    Parts(Map<String, Value>),
}

impl Change {
    fn read(op: PatchOp, target: &Target, value: Option<&Value>) -> Result<Self, ScimError> {
        if let Some(part) = target.part {
            return Ok(Self::Part(part, read_part(op, part, value)?));
        }
        match read_one(target.attribute, value.unwrap_or(&Value::Null))? {
            Some(Value::Object(parts)) => Ok(Self::Parts(parts)),
            _ => Err(ScimError::value("The value is an object.")),
        }
    }

    fn makes_primary(&self) -> bool {
        match self {
            Self::Part(part, value) => part.name == "primary" && *value == Some(true.into()),
            Self::Parts(parts) => parts.get("primary") == Some(&true.into()),
        }
    }

    /// Makes it of those that fulfil the filter; answers whether there are any.
    fn make_where(&self, values: &mut [Value], filter: &Filter) -> Result<bool, ScimError> {
        // Found before anything changes: a new primary one takes that from the others.
        let meant: Vec<bool> = values
            .iter()
            .map(|value| filter.matches_value(value))
            .collect();
        if !meant.contains(&true) {
            return Ok(false);
        }
        if self.makes_primary() {
            clear_primary(values);
        }
        let mut chosen = values.iter_mut().zip(meant).filter(|(_, meant)| *meant);
        chosen.try_for_each(|(value, _)| self.make(value))?;
        Ok(true)
    }

    fn make(&self, value: &mut Value) -> Result<(), ScimError> {
        match self {
            Self::Part(part, new) => set_part(value, part, new.clone()),
            Self::Parts(parts) => {
                extend(value, Value::Object(parts.clone()));
                Ok(())
            }
        }
    }
}

fn read_part(
    op: PatchOp,
    part: &'static Attribute,
    value: Option<&Value>,
) -> Result<Option<Value>, ScimError> {
    if op == PatchOp::Remove {
        return Ok(None);
    }
    read_value(part, value.unwrap_or(&Value::Null))
}

fn set_part(
    entry: &mut Value,
    part: &'static Attribute,
    value: Option<Value>,
) -> Result<(), ScimError> {
    let Some(parts) = entry.as_object_mut() else {
        return Ok(());
    };
    let old = parts.get(part.name);
    if part.mutability == Mutability::Immutable && old.is_some() && old != value.as_ref() {
        let name = part.name;
        return Err(ScimError::mutability(format!("`{name}` does not change.")));
    }
    match value {
        Some(value) => parts.insert(part.name.to_owned(), value),
        None => parts.remove(part.name),
    };
    Ok(())
}

/// The value that a filter describes by saying what its parts equal: directories mean it to be
/// made when it is not there.
fn described(filter: &Filter) -> Option<Map<String, Value>> {
    match filter {
        Filter::Compare(comparison) if comparison.operator == Operator::Eq => {
            let part = comparison.target.part?;
            let value = match &comparison.literal {
                Literal::Text(text) => Value::from(text.as_str()),
                Literal::Boolean(is) => Value::from(*is),
                Literal::Moment(_) => return None,
            };
            Some(Map::from_iter([(part.name.to_owned(), value)]))
        }
        Filter::All(parts) => parts
            .iter()
            .map(described)
            .try_fold(Map::new(), |mut all, one| {
                all.extend(one?);
                Some(all)
            }),
        _ => None,
    }
}
