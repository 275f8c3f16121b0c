//! What becomes of a delivery and its webhook after an attempt.

use std::time::Duration;

use chrono::TimeDelta;
use clock::Clock;
use http::StatusCode;
use kernel::{DeliveryId, WebhookId};
use serde_json::{Value, json};
use tr_app::events::dispatch;
use tr_domain::event::{Event, EventKind, EventPayload, FieldChange, ObjectType, PLATFORM};
use tr_domain::webhook::{is_given_up, retry_in};
use tr_domain::{DeliveryState, DisabledReason};
use tr_store::StoreError;
use tr_store::outbox::{self, Entry};
use tr_store::webhooks::{
    self as store,
    deliveries::{self, DeliveryRow, Planned},
};

use crate::{Work, Writing};

/// How much of a reason is kept, in letters.
pub(super) const ERROR: usize = 200;

/// How an attempt went.
#[derive(Debug)]
pub struct Outcome {
    /// The delivery as it was before.
    pub(super) delivery: DeliveryRow,
    /// The status of the answer, if there was one.
    pub(super) status: Option<u16>,
    /// Why it failed, if it did.
    pub(super) error: Option<String>,
    /// The beginning of the answer.
    pub(super) response: Option<String>,
    /// How long it took.
    pub(super) took: Duration,
    /// How long the receiver wants us to wait.
    pub(super) asked: Option<TimeDelta>,
    /// Spreads the attempts after it.
    pub(super) chance: f64,
}

/// A webhook that was disabled since its receiver took nothing.
pub(super) struct Disabled(WebhookId, DisabledReason);

/// Writes how an attempt went, and plans the next.
pub(super) async fn record(
    on: &Writing<'_>,
    work: &Work,
    sent: &Outcome,
) -> Result<Option<Disabled>, StoreError> {
    // The webhook first, as all lock it.
    let id = sent.delivery.webhook_id;
    if store::find_locked(on.tx, id).await?.is_none() {
        return Ok(None);
    }
    let Some(mut row) = unchanged(on, &sent.delivery).await? else {
        return Ok(None);
    };
    row.attempts += 1;
    row.attempted_at = Some(on.now);
    row.next_attempt_at = None;
    row.last_status = sent.status;
    row.last_error.clone_from(&sent.error);
    row.response.clone_from(&sent.response);
    row.duration_ms = u32::try_from(sent.took.as_millis()).ok();
    let disabled = if sent.error.is_none() {
        row.state = DeliveryState::Succeeded;
        store::succeeded(on.tx, id).await?;
        None
    } else {
        failed(on, work, sent, &mut row).await?
    };
    deliveries::update(on.tx, &row).await?;
    Ok(disabled)
}

async fn failed(
    on: &Writing<'_>,
    work: &Work,
    sent: &Outcome,
    row: &mut DeliveryRow,
) -> Result<Option<Disabled>, StoreError> {
    let since = store::failed(on.tx, row.webhook_id, on.now).await?;
    let gone = sent.status == Some(StatusCode::GONE.as_u16());
    let next = retry_in(row.attempts, sent.asked, sent.chance).filter(|_| !gone);
    if let Some(wait) = next {
        let at = on.now + wait;
        row.next_attempt_at = Some(at);
        let planned = Planned {
            job: Clock::system().new_uuid(),
            delivery: row.id,
            at,
            traceparent: work.traceparent.clone(),
        };
        deliveries::schedule(on.tx, vec![planned]).await?;
        return Ok(None);
    }
    row.state = DeliveryState::Failed;
    let given_up = since.is_some_and(|since| is_given_up(since, on.now));
    let reason = match (gone, given_up) {
        (true, _) => DisabledReason::Gone,
        (false, true) => DisabledReason::Failing,
        (false, false) => return Ok(None),
    };
    let disabled = store::disable(on.tx, row.webhook_id, reason, on.now).await?;
    Ok(disabled.then_some(Disabled(row.webhook_id, reason)))
}

/// Gives up a delivery whose webhook was disabled meanwhile; it can be replayed.
pub(super) async fn drop_disabled(
    on: &Writing<'_>,
    delivery: &DeliveryRow,
) -> Result<(), StoreError> {
    match unchanged(on, delivery).await? {
        Some(row) => fail(on, row, "the webhook is disabled").await,
        None => Ok(()),
    }
}

/// Gives up a delivery whose job was hindered for the last time; it can be replayed.
pub(super) async fn give_up(
    on: &Writing<'_>,
    id: DeliveryId,
    reason: &str,
) -> Result<(), StoreError> {
    let row = deliveries::find_locked(on.tx, id).await?;
    match row.filter(|row| row.state == DeliveryState::Pending) {
        Some(row) => fail(on, row, reason).await,
        None => Ok(()),
    }
}

async fn fail(on: &Writing<'_>, mut row: DeliveryRow, reason: &str) -> Result<(), StoreError> {
    row.state = DeliveryState::Failed;
    row.next_attempt_at = None;
    row.last_error = Some(reason.chars().take(ERROR).collect());
    deliveries::update(on.tx, &row).await
}

/// The delivery, locked; none when it was replayed meanwhile, which has an attempt of its own.
async fn unchanged(
    on: &Writing<'_>,
    before: &DeliveryRow,
) -> Result<Option<DeliveryRow>, StoreError> {
    let row = deliveries::find_locked(on.tx, before.id).await?;
    Ok(row.filter(|row| row == before))
}

/// Says that webhooks were disabled.
pub(super) async fn tell(on: &Writing<'_>, disabled: Vec<Disabled>) -> Result<(), StoreError> {
    let clock = Clock::system();
    let entries = disabled.into_iter().map(|Disabled(id, reason)| {
        let event = Event {
            kind: EventKind::WebhookDisabled,
            object: ObjectType::Webhook,
            object_id: id.as_uuid(),
            grid_id: None,
            folder_id: None,
            parent_id: None,
            changes: vec![
                FieldChange::of("enabled", json!(true), json!(false)),
                FieldChange::of("disabled_reason", Value::Null, json!(reason)),
            ],
        };
        Entry {
            id: clock.new_uuid(),
            kind: event.kind,
            classes: dispatch::classes(event.kind),
            payload: EventPayload::new(event, PLATFORM, clock.new_request_id().to_string()),
        }
    });
    outbox::append(on.tx, entries.collect(), on.now, None).await
}
