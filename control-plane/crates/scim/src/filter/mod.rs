//! Filters (RFC 7644 §3.4.2.2): read into a tree whose attributes exist and whose values can be
//! compared, so that whoever evaluates one, here or as SQL, meets nothing unexpected.

mod evaluate;
mod lexer;
mod parser;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

use crate::{ScimError, attribute::ResourceKind, target::Target};

pub(crate) use lexer::{Lexer, Token};
pub(crate) use parser::{Parser, Place};

/// The longest filter.
const MAX_LENGTH: usize = 4096;

/// A filter. `ne` and comparisons with `null` are told by the others.
#[derive(Debug, Clone)]
pub enum Filter {
    /// All of these hold.
    All(Vec<Filter>),
    /// One of these holds.
    Any(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// The attribute has a value.
    Present(Target),
    /// A value of the attribute compares so.
    Compare(Comparison),
    /// One value of a complex attribute fulfils the filter, whose targets are its parts.
    Within(Target, Box<Filter>),
}

/// A comparison.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The attribute; of a complex one, a part.
    pub target: Target,
    /// How.
    pub operator: Operator,
    /// With what.
    pub literal: Literal,
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
}

/// What values are compared with, of the attribute's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// A truth value; compared by [`Operator::Eq`] only.
    Boolean(bool),
    /// A moment.
    Moment(DateTime<Utc>),
}

impl Filter {
    /// Reads a filter over a kind of resource.
    ///
    /// # Errors
    /// When it is no filter, too long or too deep, or compares what cannot be compared.
    pub fn parse(kind: &'static ResourceKind, text: &str) -> Result<Self, ScimError> {
        if text.len() > MAX_LENGTH {
            return Err(ScimError::filter("The filter is too long."));
        }
        let mut parser = Parser::new(text, Place::Resource(kind));
        let filter = parser.filter()?;
        parser.end()?;
        Ok(filter)
    }

    /// The text that an attribute must equal for the filter to hold: by which an index can find
    /// what may fulfil it.
    #[must_use]
    pub fn required_text(&self, attribute: &str) -> Option<&str> {
        match self {
            Self::All(parts) => parts.iter().find_map(|part| part.required_text(attribute)),
            Self::Compare(comparison) => {
                let target = &comparison.target;
                let named = target.extension.is_none()
                    && target.part.is_none()
                    && target.attribute.name == attribute;
                match &comparison.literal {
                    Literal::Text(text) if named && comparison.operator == Operator::Eq => {
                        Some(text)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
