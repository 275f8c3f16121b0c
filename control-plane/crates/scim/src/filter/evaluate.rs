//! Whether a filter holds of a resource, or of one value of an attribute.

use chrono::DateTime;
use serde_json::Value;

use super::{Comparison, Filter, Literal, Operator};
use crate::target::Target;

impl Filter {
    /// Whether it holds of a resource.
    #[must_use]
    pub fn matches(&self, resource: &Value) -> bool {
        self.holds(&|target| values(resource, target))
    }

    /// Whether it holds of one value of the attribute whose parts it is about.
    #[must_use]
    pub fn matches_value(&self, value: &Value) -> bool {
        self.holds(&|target| {
            let part = target.part.and_then(|part| value.get(part.name));
            part.into_iter().collect()
        })
    }

    fn holds<'v>(&self, look: &dyn Fn(&Target) -> Vec<&'v Value>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(look)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(look)),
            Self::Not(inner) => !inner.holds(look),
            Self::Present(target) => look(target).into_iter().any(is_something),
            Self::Compare(comparison) => look(&comparison.target)
                .into_iter()
                .any(|value| comparison.holds(value)),
            Self::Within(target, inner) => look(target)
                .into_iter()
                .any(|value| inner.matches_value(value)),
        }
    }
}

impl Comparison {
    fn holds(&self, value: &Value) -> bool {
        match (&self.literal, value) {
            (Literal::Boolean(wanted), Value::Bool(is)) => wanted == is,
            (Literal::Text(wanted), Value::String(is)) if self.target.last().case_exact => {
                self.text_holds(is, wanted)
            }
            (Literal::Text(wanted), Value::String(is)) => {
                self.text_holds(&is.to_lowercase(), &wanted.to_lowercase())
            }
            (Literal::Moment(wanted), Value::String(is)) => DateTime::parse_from_rfc3339(is)
                .is_ok_and(|is| self.order_holds(is.to_utc().cmp(wanted))),
            _ => false,
        }
    }

    fn text_holds(&self, is: &str, wanted: &str) -> bool {
        match self.operator {
            Operator::Co => is.contains(wanted),
            Operator::Sw => is.starts_with(wanted),
            Operator::Ew => is.ends_with(wanted),
            _ => self.order_holds(is.cmp(wanted)),
        }
    }

    const fn order_holds(&self, order: std::cmp::Ordering) -> bool {
        match self.operator {
            Operator::Eq => order.is_eq(),
            Operator::Gt => order.is_gt(),
            Operator::Ge => order.is_ge(),
            Operator::Lt => order.is_lt(),
            Operator::Le => order.is_le(),
            Operator::Co | Operator::Sw | Operator::Ew => false,
        }
    }
}

/// Whether a value says anything (RFC 7643 §2.5).
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(parts) => !parts.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn values<'v>(resource: &'v Value, target: &Target) -> Vec<&'v Value> {
    let holder = match target.extension {
        Some(schema) => resource.get(schema.id),
        None => Some(resource),
    };
    let Some(value) = holder.and_then(|holder| holder.get(target.attribute.name)) else {
        return Vec::new();
    };
    let whole = match value {
        Value::Array(values) => values.iter().collect(),
        other => vec![other],
    };
    match target.part {
        Some(part) => whole
            .into_iter()
            .filter_map(|value| value.get(part.name))
            .collect(),
        None => whole,
    }
}
