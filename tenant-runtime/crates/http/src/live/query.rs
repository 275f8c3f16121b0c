//! Where listening begins.

use kernel::Generation;
use serde::Deserialize;
use tr_live::Mark;
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
    /// The generation that the number is of, as the hello said it; needed with `since`.
    pub(super) generation: Option<u32>,
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

    /// The last event that the client has.
    ///
    /// # Errors
    /// When it is a number of no generation.
    pub(super) fn mark(&self) -> Result<Option<Mark>, ApiError> {
        let Some(number) = self.since else {
            return Ok(None);
        };
        let generation = self.generation.map(Generation).ok_or_else(|| {
            ApiError::new(ProblemCode::InvalidQuery)
                .detail("`since` needs `generation`, as the hello said it")
        })?;
        Ok(Some(Mark { generation, number }))
    }
}
