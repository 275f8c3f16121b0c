//! Webhooks, and what was sent to them.

use chrono::{DateTime, Utc};
use kernel::{DeliveryId, FolderId, MemberId, Revision, WebhookId, WorkItemId};
use serde::Serialize;
use serde_json::Value;
use tr_domain::{DeliveryState, DisabledReason};
use tr_store::webhooks::WebhookRow;
use tr_store::webhooks::deliveries::DeliveryRow;
use utoipa::ToSchema;

/// An address that hears of the tenant's events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookView {
    /// The webhook.
    #[schema(value_type = Uuid)]
    pub id: WebhookId,
    /// Where messages are sent.
    pub url: String,
    /// What it is for.
    pub description: String,
    /// The kinds of event it hears of: `work_item.completed`, `work_item.*`, `*`.
    #[schema(example = json!(["work_item.*"]))]
    pub kinds: Vec<String>,
    /// Only what happens in this grid.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub grid_id: Option<WorkItemId>,
    /// Only what happens in this folder or below.
    #[schema(value_type = Option<Uuid>, required = true)]
    pub folder_id: Option<FolderId>,
    /// Whether it hears of anything.
    pub enabled: bool,
    /// Since when it does not.
    #[schema(required = true)]
    pub disabled_at: Option<DateTime<Utc>>,
    /// Why: `person`, `gone` (its receiver answered 410), `failing` (its receiver took nothing for
    /// five days).
    #[schema(value_type = Option<String>, required = true)]
    pub disabled_reason: Option<DisabledReason>,
    /// Failed attempts since the last that succeeded.
    pub consecutive_failures: u32,
    /// When they began.
    #[schema(required = true)]
    pub failing_since: Option<DateTime<Utc>>,
    /// Until when the secret before the present one signs, too.
    #[schema(required = true)]
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// By whom it was created.
    #[schema(value_type = Uuid)]
    pub created_by: MemberId,
    /// How often it was changed; its `ETag`.
    #[schema(value_type = u32)]
    pub revision: Revision,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

impl From<WebhookRow> for WebhookView {
    fn from(row: WebhookRow) -> Self {
        Self {
            id: row.id,
            url: row.url,
            description: row.description,
            kinds: row.kinds,
            grid_id: row.grid_id,
            folder_id: row.folder_id,
            enabled: row.disabled_at.is_none(),
            disabled_at: row.disabled_at,
            disabled_reason: row.disabled_reason,
            consecutive_failures: row.failures,
            failing_since: row.failing_since,
            previous_secret_until: row.previous_until,
            created_by: row.created_by,
            revision: row.revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A webhook with its new secret.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookSecretView {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: WebhookView,
    /// What messages are signed with, `whsec_…`. Shown this once; null when the answer is
    /// repeated for an idempotency key.
    #[schema(required = true)]
    pub secret: Option<String>,
}

impl WebhookSecretView {
    /// The same as it may be kept.
    #[must_use]
    pub fn without_secret(&self) -> Self {
        Self {
            webhook: self.webhook.clone(),
            secret: None,
        }
    }
}

impl std::fmt::Debug for WebhookSecretView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSecretView")
            .field("webhook", &self.webhook)
            .finish_non_exhaustive()
    }
}

/// One event for one webhook, and how its delivery stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeliveryView {
    /// The delivery; its receiver knows it as `webhook-id`.
    #[schema(value_type = Uuid)]
    pub id: DeliveryId,
    /// The number of the event; null of a test.
    #[schema(required = true)]
    pub event_number: Option<u64>,
    /// The kind of the event.
    pub kind: String,
    /// `pending`, `succeeded` or `failed`.
    #[schema(value_type = String)]
    pub state: DeliveryState,
    /// How often it was tried since it was made, or replayed.
    pub attempts: u16,
    /// The status of the last answer.
    #[schema(required = true)]
    pub last_status: Option<u16>,
    /// Why the last attempt failed.
    #[schema(required = true)]
    pub last_error: Option<String>,
    /// How long the last attempt took.
    #[schema(required = true)]
    pub duration_ms: Option<u32>,
    /// When it is tried next.
    #[schema(required = true)]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// When it was tried last.
    #[schema(required = true)]
    pub attempted_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl From<DeliveryRow> for DeliveryView {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.id,
            event_number: row.event_number,
            kind: row.kind,
            state: row.state,
            attempts: row.attempts,
            last_status: row.last_status,
            last_error: row.last_error,
            duration_ms: row.duration_ms,
            next_attempt_at: row.next_attempt_at,
            attempted_at: row.attempted_at,
            created_at: row.created_at,
        }
    }
}

/// A delivery with what was sent and answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeliveryDetailView {
    /// How it stands.
    #[serde(flatten)]
    pub delivery: DeliveryView,
    /// The message.
    #[schema(value_type = Object)]
    pub body: Value,
    /// The beginning of the last answer.
    #[schema(required = true)]
    pub response: Option<String>,
}

impl From<DeliveryRow> for DeliveryDetailView {
    fn from(row: DeliveryRow) -> Self {
        Self {
            body: serde_json::from_str(&row.body).unwrap_or_default(),
            response: row.response.clone(),
            delivery: row.into(),
        }
    }
}

/// What came of replaying what had failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReplayedView {
    /// How many deliveries are tried again.
    pub replayed: usize,
    /// Whether there are more; ask again.
    pub more: bool,
}
