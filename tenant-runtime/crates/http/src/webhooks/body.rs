//! What clients send about webhooks.

use chrono::{DateTime, Utc};
use garde::Validate;
use kernel::{Cursor, Limit};
use serde::Deserialize;
use tr_app::webhooks::ListDeliveries;
use tr_domain::UnknownWord;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use web::{ApiError, ProblemCode};

use crate::maybe::present;

/// A new webhook.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct WebhookCreate {
    /// An https address on the public internet.
    #[schema(max_length = 2000, example = "https://hooks.example.com/trellis")]
    pub(super) url: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub(super) description: String,
    /// The kinds of event it hears of: `work_item.completed`, `work_item.*`, `*`.
    #[schema(min_items = 1, max_items = 50, example = json!(["work_item.*"]))]
    pub(super) kinds: Vec<String>,
    /// Only what happens in this grid.
    pub(super) grid_id: Option<Uuid>,
    /// Only what happens in this folder or below; not together with a grid.
    pub(super) folder_id: Option<Uuid>,
    /// Whether it begins at once.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub(super) enabled: bool,
}

const fn yes() -> bool {
    true
}

/// A change of a webhook. What is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(default)]
#[garde(allow_unvalidated)]
pub(crate) struct WebhookPatch {
    /// An https address on the public internet.
    #[schema(max_length = 2000)]
    pub(super) url: Option<String>,
    /// What it is for.
    #[schema(max_length = 500)]
    pub(super) description: Option<String>,
    /// The kinds of event it hears of.
    #[schema(min_items = 1, max_items = 50)]
    pub(super) kinds: Option<Vec<String>>,
    /// Only what happens in this grid; null for everywhere.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Uuid>)]
    pub(super) grid_id: Option<Option<Uuid>>,
    /// Only what happens in this folder or below; null for everywhere.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<Uuid>)]
    pub(super) folder_id: Option<Option<Uuid>>,
    /// Whether it hears of anything. Enabling forgets what failed.
    pub(super) enabled: Option<bool>,
}

/// Which failed deliveries are tried again.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct WebhookReplay {
    /// Those that were made then or later.
    pub(super) since: DateTime<Utc>,
}

/// Which deliveries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryQuery {
    /// Only those that are `pending`, `succeeded` or `failed`.
    #[param(example = "failed")]
    pub(super) state: Option<String>,
    /// Only of this kind of event.
    pub(super) kind: Option<String>,
    /// How many, 1 to 200.
    #[param(value_type = Option<u16>, default = 50, minimum = 1, maximum = 200)]
    pub(super) limit: Limit,
    /// Where the page starts: `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    pub(super) cursor: Option<Cursor>,
}

impl TryFrom<DeliveryQuery> for ListDeliveries {
    type Error = ApiError;

    fn try_from(query: DeliveryQuery) -> Result<Self, ApiError> {
        let state = query.state.as_deref().map(str::parse).transpose();
        let state = state.map_err(|unknown: UnknownWord| {
            ApiError::new(ProblemCode::InvalidQuery).field(
                "/state",
                "invalid_value",
                format!("expected one of {}", unknown.expected.join(", ")),
            )
        })?;
        Ok(Self {
            state,
            kind: query.kind,
            limit: query.limit,
            cursor: query.cursor,
        })
    }
}
