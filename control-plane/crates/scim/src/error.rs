//! What goes wrong with a request, in the words of RFC 7644 §3.12.

use serde_json::{Value, json};

/// The word that says more than the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScimType {
    /// The filter cannot be read, or compares what cannot be compared.
    InvalidFilter,
    /// The path of a PATCH cannot be read.
    InvalidPath,
    /// The body is not what it should be.
    InvalidSyntax,
    /// A value is not what it should be.
    InvalidValue,
    /// The attribute, as it is now, may not be changed so.
    Mutability,
    /// The path of a PATCH leads nowhere.
    NoTarget,
    /// More would be found than can be answered.
    TooMany,
    /// Another resource has this value.
    Uniqueness,
}

impl ScimType {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::InvalidPath => "invalidPath",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidValue => "invalidValue",
            Self::Mutability => "mutability",
            Self::NoTarget => "noTarget",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
        }
    }

    /// The status that goes with it.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Uniqueness => 409,
            _ => 400,
        }
    }
}

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", kind.as_str())]
pub struct ScimError {
    /// What is wrong.
    pub kind: ScimType,
    /// For people.
    pub detail: String,
}

impl ScimError {
    /// The error.
    #[must_use]
    pub fn new(kind: ScimType, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }

    pub(crate) fn filter(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidFilter, detail)
    }

    pub(crate) fn path(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidPath, detail)
    }

    pub(crate) fn syntax(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidSyntax, detail)
    }

    pub(crate) fn value(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidValue, detail)
    }

    pub(crate) fn mutability(detail: impl Into<String>) -> Self {
        Self::new(ScimType::Mutability, detail)
    }

    /// The body of an error answer.
    #[must_use]
    pub fn body(status: u16, kind: Option<ScimType>, detail: &str) -> Value {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": status.to_string(),
            "detail": detail,
        });
        if let (Some(kind), Some(body)) = (kind, body.as_object_mut()) {
            body.insert("scimType".to_owned(), kind.as_str().into());
        }
        body
    }
}
