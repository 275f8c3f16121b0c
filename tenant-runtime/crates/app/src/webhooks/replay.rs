//! Having things sent: once more, with the same id and body, or to see whether they arrive.

use chrono::{DateTime, Utc};
use clock::Clock;
use db::TenantDb;
use kernel::{DeliveryId, RequestContext, WebhookId};
use tr_domain::DeliveryState;
use tr_domain::webhook::{TEST, test_body};
use tr_store::StoreError;
use tr_store::webhooks::WebhookRow;
use tr_store::webhooks::deliveries::{self as store, DeliveryRow, Planned};

use super::error::WebhookError;
use super::locked;
use crate::error::Denied;
use crate::idempotency::{Keyed, Outcome};
use crate::trace;
use crate::unit::{Unit, keyed, new_id};
use crate::views::{DeliveryView, ReplayedView};

/// How many deliveries one call replays.
const MOST: usize = 1000;

/// Sends a delivery again, whatever became of it.
///
/// # Errors
/// When there is none for the caller, its webhook is disabled, or the database fails.
pub async fn replay_delivery(
    ctx: &RequestContext,
    db: &TenantDb,
    webhook: WebhookId,
    id: DeliveryId,
    key: Option<Keyed<'_, DeliveryView>>,
) -> Result<Outcome<DeliveryView>, WebhookError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        let hook = locked(unit, webhook).await?;
        let row = store::find_locked(unit.conn(), id).await?;
        let row = row.filter(|row| row.webhook_id == webhook);
        let row = row.ok_or(Denied::NotFound)?;
        is_enabled(&hook)?;
        let mut rows = [row];
        again(unit, &mut rows).await?;
        let [row] = rows;
        Ok(row.into())
    };
    keyed(ctx, db, key, async || Ok(()), work).await
}

/// Sends again what failed and was made at a time or later, some of it if it is much.
///
/// # Errors
/// When there is no such webhook for the caller, it is disabled, or the database fails.
pub async fn replay_failed(
    ctx: &RequestContext,
    db: &TenantDb,
    webhook: WebhookId,
    since: DateTime<Utc>,
    key: Option<Keyed<'_, ReplayedView>>,
) -> Result<Outcome<ReplayedView>, WebhookError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        is_enabled(&locked(unit, webhook).await?)?;
        let mut rows = store::failed_since(unit.conn(), webhook, since, MOST + 1).await?;
        let more = rows.len() > MOST;
        rows.truncate(MOST);
        let replayed = rows.len();
        again(unit, &mut rows).await?;
        Ok(ReplayedView { replayed, more })
    };
    keyed(ctx, db, key, async || Ok(()), work).await
}

/// Sends a message that is no event.
///
/// # Errors
/// When there is no such webhook for the caller, it is disabled, or the database fails.
pub async fn test_webhook(
    ctx: &RequestContext,
    db: &TenantDb,
    webhook: WebhookId,
    key: Option<Keyed<'_, DeliveryView>>,
) -> Result<Outcome<DeliveryView>, WebhookError> {
    let work = async |unit: &mut Unit<'_>, ()| {
        is_enabled(&locked(unit, webhook).await?)?;
        let (kind, at) = (TEST.to_owned(), unit.now());
        let body = test_body(webhook, at).map_err(StoreError::from)?;
        let row = DeliveryRow::new(new_id(), webhook, None, kind, body, at);
        store::insert(unit.conn(), vec![row.clone()]).await?;
        store::schedule(unit.conn(), vec![planned(row.id, at)]).await?;
        Ok(row.into())
    };
    keyed(ctx, db, key, async || Ok(()), work).await
}

const fn is_enabled(webhook: &WebhookRow) -> Result<(), WebhookError> {
    if webhook.disabled_at.is_none() {
        Ok(())
    } else {
        Err(WebhookError::Disabled)
    }
}

/// Begins deliveries anew.
async fn again(unit: &Unit<'_>, rows: &mut [DeliveryRow]) -> Result<(), StoreError> {
    let at = unit.now();
    for row in rows.iter_mut() {
        row.state = DeliveryState::Pending;
        row.attempts = 0;
        row.next_attempt_at = Some(at);
    }
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    store::renew(unit.conn(), &ids, at).await?;
    let planned = ids.into_iter().map(|id| planned(id, at));
    store::schedule(unit.conn(), planned.collect()).await
}

fn planned(delivery: DeliveryId, at: DateTime<Utc>) -> Planned {
    Planned {
        job: Clock::system().new_uuid(),
        delivery,
        at,
        traceparent: trace::current(),
    }
}
