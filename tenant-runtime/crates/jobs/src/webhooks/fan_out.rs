//! From an event to the webhooks that want to hear of it, in the transaction of the activity log:
//! what is in the log was told to every webhook that there was, once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clock::Clock;
use kernel::{FolderId, WorkItemId};
use sea_orm::DatabaseTransaction;
use tr_domain::event::EventPayload;
use tr_domain::webhook::body;
use tr_store::StoreError;
use tr_store::webhooks::{
    Subscription,
    deliveries::{self, DeliveryRow, Planned},
    folders_above, subscriptions,
};

use crate::Writing;

/// An event that has been read.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) number: u64,
    pub(crate) kind: String,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) payload: EventPayload,
    pub(crate) traceparent: Option<String>,
}

/// Writes the deliveries of events, and has them sent.
pub(crate) async fn fan_out(on: &Writing<'_>, events: &[Heard]) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let wanted = subscriptions(on.tx).await?;
    if wanted.is_empty() {
        return Ok(());
    }
    let mut places = Places::default();
    let (mut rows, mut planned) = (Vec::new(), Vec::new());
    for event in events {
        for subscription in &wanted {
            if subscription.kinds.include(&event.kind)
                && places.take(on.tx, subscription, &event.payload).await?
            {
                let row = delivery(on, subscription, event)?;
                planned.push(Planned {
                    job: Clock::system().new_uuid(),
                    delivery: row.id,
                    at: on.now,
                    traceparent: event.traceparent.clone(),
                });
                rows.push(row);
            }
        }
    }
    deliveries::schedule(on.tx, planned).await?;
    deliveries::insert(on.tx, rows).await
}

fn delivery(
    on: &Writing<'_>,
    subscription: &Subscription,
    event: &Heard,
) -> Result<DeliveryRow, StoreError> {
    let (number, kind) = (event.number, event.kind.clone());
    let body = body(&kind, number, event.occurred_at, &event.payload)?;
    let id = Clock::system().new_id();
    Ok(DeliveryRow::new(
        id,
        subscription.id,
        Some(number),
        kind,
        body,
        on.now,
    ))
}

/// Where things are, looked up once, and only if a webhook asks for a folder.
#[derive(Default)]
struct Places(BTreeMap<(Option<WorkItemId>, Option<FolderId>), Vec<FolderId>>);

impl Places {
    async fn take(
        &mut self,
        tx: &DatabaseTransaction,
        subscription: &Subscription,
        event: &EventPayload,
    ) -> Result<bool, StoreError> {
        if subscription.grid.is_some() {
            return Ok(subscription.grid == event.grid_id);
        }
        let Some(folder) = subscription.folder else {
            return Ok(true);
        };
        let place = (event.grid_id, event.folder_id);
        if let Some(known) = self.0.get(&place) {
            return Ok(known.contains(&folder));
        }
        let above = folders_above(tx, event.grid_id, event.folder_id).await?;
        let taken = above.contains(&folder);
        self.0.insert(place, above);
        Ok(taken)
    }
}
