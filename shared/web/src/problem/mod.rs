//! Problems (RFC 9457): what an error looks like outside, and how handlers say it.

mod codes;
mod error;

pub use codes::{ProblemCode, reference_markdown};
pub use error::ApiError;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The body of every error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Address of the problem's description; stable.
    #[serde(rename = "type")]
    #[schema(format = "uri")]
    pub kind: String,
    /// The same for every occurrence of the problem.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What is particular to this occurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Stable word to branch on.
    pub code: String,
    /// The request's id, as in `X-Request-Id` and in the log.
    pub request_id: String,
    /// One entry per wrong field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body; for a query the parameter's name after a slash.
    pub pointer: String,
    /// Stable word, such as `required`, `invalid_type`, `unknown_field`.
    #[schema(value_type = String)]
    pub code: Cow<'static, str>,
    /// A sentence for people.
    pub detail: String,
}
