//! Where listening begins.

use serde::Deserialize;
use utoipa::IntoParams;
use web::{ApiError, ProblemCode};

use super::ear::MOST_TOPICS;

/// What to listen to and from where.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct LiveQuery {
    /// Topics, separated by commas: `grid:ID`, `folder:ID`, `me`.
    pub(super) topics: Option<String>,
    /// The number of the last event that the client has: everything after it is told first.
    pub(super) since: Option<u64>,
}

impl LiveQuery {
    /// The topics, one by one.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn topics(&self) -> Result<Vec<String>, ApiError> {
        let topics: Vec<String> = self
            .topics
            .iter()
            .flat_map(|topics| topics.split(','))
            .filter(|topic| !topic.is_empty())
            .map(str::to_owned)
            .collect();
        if topics.len() > MOST_TOPICS {
            return Err(ApiError::new(ProblemCode::InvalidQuery)
                .detail(format!("at most {MOST_TOPICS} topics")));
        }
        Ok(topics)
    }
}
