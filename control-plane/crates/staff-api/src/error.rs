//! What a call of the staff API can end with, other than well.

use serde::Deserialize;

/// The body of an error answer (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProblemBody {
    /// The same for every occurrence.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What is particular to this one.
    #[serde(default)]
    pub detail: Option<String>,
    /// Stable word to branch on.
    pub code: String,
    /// The request's id.
    #[serde(default)]
    pub request_id: String,
    /// One entry per wrong field.
    #[serde(default)]
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FieldProblem {
    /// JSON pointer into the body, or the query parameter after a slash.
    pub pointer: String,
    /// Stable word.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
}

/// A call failed.
#[derive(Debug, thiserror::Error)]
pub enum StaffApiError {
    /// The control plane refused, and says why.
    #[error("{} ({})", .0.title, .0.code)]
    Problem(Box<ProblemBody>),
    /// The control plane cannot be reached, or did not answer in time.
    #[error("the staff API cannot be reached: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// The answer is not one of the staff API.
    #[error("the staff API gave an answer that is not understood: {0}")]
    NotUnderstood(String),
}

impl StaffApiError {
    /// The problem, when there is one.
    #[must_use]
    pub fn problem(&self) -> Option<&ProblemBody> {
        match self {
            Self::Problem(problem) => Some(problem),
            Self::Unreachable(_) | Self::NotUnderstood(_) => None,
        }
    }

    /// Whether the session is missing or over: sign in again.
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        self.problem().is_some_and(|problem| problem.status == 401)
    }
}
