//! Filters as SQL. Attributes that are columns are compared as columns, the rest inside the JSON
//! that the directory gave. Every comparison is true or false, never NULL, so that `not` turns it
//! round as it does elsewhere.

use cp_scim::{Comparison, Filter, Kind, Literal, Operator, ScimError, ScimType, Target};
use sea_orm::Value;

/// Where a kind of resource has its attributes.
pub(super) trait Columns {
    /// The column or expression of an attribute without parts, or of a part of one with a single
    /// value; none when it is in the JSON.
    fn column(target: &Target) -> Option<Place>;
    /// The rows of an attribute with several values, when they are in tables.
    fn rows(attribute: &str) -> Option<Rows>;
    /// The JSON with the rest.
    const DOCUMENT: &'static str;
}

/// An expression.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// A text.
    Text(&'static str),
    /// A truth value.
    Boolean(&'static str),
    /// A moment.
    Moment(&'static str),
    /// It cannot be searched.
    Nowhere,
}

/// Rows of other tables that are values of an attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    /// `FROM … WHERE …`, bound to the row outside.
    pub from: &'static str,
    /// The parts and their expressions.
    pub parts: &'static [(&'static str, &'static str)],
}

/// A condition with its values.
#[derive(Debug, Default)]
pub(super) struct Condition {
    pub text: String,
    pub values: Vec<Value>,
}

/// The condition of a filter.
pub(super) fn condition<C: Columns>(filter: &Filter) -> Result<Condition, ScimError> {
    let mut condition = Condition::default();
    condition.add::<C>(filter, None)?;
    Ok(condition)
}

/// The values of an attribute, inside `EXISTS (SELECT 1 …)`.
#[derive(Debug, Clone, Copy)]
enum Values {
    Rows(Rows),
    Json,
}

fn cannot(target: &Target) -> ScimError {
    let name = target.attribute.name;
    let detail = format!("`{name}` cannot be searched so.");
    ScimError::new(ScimType::InvalidFilter, detail)
}

impl Condition {
    fn add<C: Columns>(
        &mut self,
        filter: &Filter,
        inside: Option<Values>,
    ) -> Result<(), ScimError> {
        match filter {
            Filter::All(parts) => self.join::<C>(parts, " AND ", inside),
            Filter::Any(parts) => self.join::<C>(parts, " OR ", inside),
            Filter::Not(inner) => {
                self.text.push_str("NOT (");
                self.add::<C>(inner, inside)?;
                self.text.push(')');
                Ok(())
            }
            Filter::Present(target) => self.present::<C>(target, inside),
            Filter::Compare(comparison) => self.compare::<C>(comparison, inside),
            Filter::Within(target, inner) => self.exists::<C>(target, |condition, values| {
                condition.add::<C>(inner, Some(values))
            }),
        }
    }

    fn join<C: Columns>(
        &mut self,
        parts: &[Filter],
        word: &str,
        inside: Option<Values>,
    ) -> Result<(), ScimError> {
        self.text.push('(');
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.text.push_str(word);
            }
            self.add::<C>(part, inside)?;
        }
        self.text.push(')');
        Ok(())
    }

    /// Whether the attribute has a value for which something holds.
    fn exists<C: Columns>(
        &mut self,
        target: &Target,
        holds: impl FnOnce(&mut Self, Values) -> Result<(), ScimError>,
    ) -> Result<(), ScimError> {
        let values = C::rows(target.attribute.name).map_or(Values::Json, Values::Rows);
        match values {
            Values::Rows(rows) => {
                self.text.push_str("EXISTS (SELECT 1 ");
                self.text.push_str(rows.from);
            }
            Values::Json => {
                let path = json_path(target, None);
                let parts = target.attribute.parts().iter();
                let columns =
                    parts.map(|part| format!("`{0}` VARCHAR(1024) PATH '$.\"{0}\"'", part.name));
                let columns = columns.collect::<Vec<_>>().join(", ");
                self.text.push_str(&format!(
                    "EXISTS (SELECT 1 FROM JSON_TABLE({}, '{path}[*]' COLUMNS ({columns})) j WHERE TRUE",
                    C::DOCUMENT
                ));
            }
        }
        self.text.push_str(" AND ");
        holds(self, values)?;
        self.text.push(')');
        Ok(())
    }

    fn present<C: Columns>(
        &mut self,
        target: &Target,
        inside: Option<Values>,
    ) -> Result<(), ScimError> {
        if inside.is_none() && target.attribute.many {
            return self.exists::<C>(target, |condition, values| match target.part {
                Some(_) => condition.present::<C>(target, Some(values)),
                None => {
                    condition.text.push_str("TRUE");
                    Ok(())
                }
            });
        }
        let text = match place::<C>(target, inside) {
            Found::Text(sql) => format!("COALESCE({sql} <> '', FALSE)"),
            Found::Boolean(sql) | Found::Moment(sql) => format!("({sql}) IS NOT NULL"),
            Found::Object(path) => format!("JSON_EXISTS({}, '{path}')", C::DOCUMENT),
            Found::Nowhere => return Err(cannot(target)),
        };
        self.text.push_str(&text);
        Ok(())
    }

    fn compare<C: Columns>(
        &mut self,
        comparison: &Comparison,
        inside: Option<Values>,
    ) -> Result<(), ScimError> {
        let target = &comparison.target;
        if inside.is_none() && target.attribute.many {
            return self.exists::<C>(target, |condition, values| {
                condition.compare::<C>(comparison, Some(values))
            });
        }
        let sign = sign(comparison.operator);
        match (place::<C>(target, inside), &comparison.literal) {
            (Found::Text(sql), Literal::Text(text)) => {
                let collation = if target.last().case_exact {
                    "utf8mb4_bin"
                } else {
                    "utf8mb4_unicode_ci"
                };
                let (sign, value) = match pattern(comparison.operator, text) {
                    Some(pattern) => ("LIKE ? ESCAPE '|'".to_owned(), pattern),
                    None => (format!("{sign} ?"), text.clone()),
                };
                self.text.push_str(&format!(
                    "COALESCE({sql} COLLATE {collation} {sign}, FALSE)"
                ));
                self.values.push(value.into());
            }
            (Found::Boolean(sql), Literal::Boolean(is)) => {
                let is = if *is { "TRUE" } else { "FALSE" };
                self.text
                    .push_str(&format!("COALESCE(({sql}) = {is}, FALSE)"));
            }
            (Found::Moment(sql), Literal::Moment(moment)) => {
                self.text
                    .push_str(&format!("COALESCE({sql} {sign} ?, FALSE)"));
                self.values.push((*moment).into());
            }
            _ => return Err(cannot(target)),
        }
        Ok(())
    }
}

const fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Gt => ">",
        Operator::Ge => ">=",
        Operator::Lt => "<",
        Operator::Le => "<=",
        Operator::Eq | Operator::Co | Operator::Sw | Operator::Ew => "=",
    }
}

/// What `LIKE` is given.
fn pattern(operator: Operator, text: &str) -> Option<String> {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '|' | '%' | '_') {
            escaped.push('|');
        }
        escaped.push(letter);
    }
    match operator {
        Operator::Co => Some(format!("%{escaped}%")),
        Operator::Sw => Some(format!("{escaped}%")),
        Operator::Ew => Some(format!("%{escaped}")),
        _ => None,
    }
}

/// Where the value of a target is.
enum Found {
    Text(String),
    Boolean(String),
    Moment(String),
    /// An object with parts, at this path of the JSON.
    Object(String),
    Nowhere,
}

fn place<C: Columns>(target: &Target, inside: Option<Values>) -> Found {
    if let Some(values) = inside {
        return place_of_part(target, values);
    }
    match C::column(target) {
        Some(Place::Text(sql)) => return Found::Text(sql.to_owned()),
        Some(Place::Boolean(sql)) => return Found::Boolean(sql.to_owned()),
        Some(Place::Moment(sql)) => return Found::Moment(sql.to_owned()),
        Some(Place::Nowhere) => return Found::Nowhere,
        None => {}
    }
    let path = json_path(target, target.part.map(|part| part.name));
    match target.last().kind {
        Kind::Text | Kind::Reference(_) => {
            Found::Text(format!("JSON_VALUE({}, '{path}')", C::DOCUMENT))
        }
        Kind::Complex(_) => Found::Object(path),
        Kind::Boolean | Kind::Integer | Kind::DateTime => Found::Nowhere,
    }
}

fn place_of_part(target: &Target, values: Values) -> Found {
    let Some(part) = target.part else {
        return Found::Nowhere;
    };
    match values {
        Values::Rows(rows) => {
            let mut parts = rows.parts.iter();
            let found = parts.find(|(name, _)| *name == part.name);
            found.map_or(Found::Nowhere, |(_, sql)| Found::Text((*sql).to_owned()))
        }
        Values::Json => match part.kind {
            Kind::Boolean => Found::Boolean(format!("j.`{}` IN ('true', '1')", part.name)),
            _ => Found::Text(format!("j.`{}`", part.name)),
        },
    }
}

/// The path in the JSON. Names are those of schemas, which have no quotes.
fn json_path(target: &Target, part: Option<&str>) -> String {
    let mut path = "$".to_owned();
    let steps = [
        target.extension.map(|schema| schema.id),
        Some(target.attribute.name),
        part,
    ];
    for step in steps.into_iter().flatten() {
        path.push_str(&format!(".\"{step}\""));
    }
    path
}
