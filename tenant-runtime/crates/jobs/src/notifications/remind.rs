//! Reminders of when something is due: a job for each person, thing and time, made when any of
//! them changes. When it comes it looks whether they are still the same.

use broker::Verdict;
use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use serde_json::json;
use tr_domain::event::{EventKind, EventPayload};
use tr_domain::notifications::Trigger;
use tr_store::{
    StoreError, jobs,
    notifications::{self as store, About, Object},
};

use super::jobs::RemindJob;
use super::tell::{News, Teller};
use crate::Work;

/// Whether an event may change who is to be reminded of what.
fn matters(kind: EventKind, event: &EventPayload) -> bool {
    match kind {
        EventKind::WorkItemCreated | EventKind::WorkItemReopened | EventKind::WorkItemUndeleted => {
            true
        }
        EventKind::WorkItemChanged => event.changes.iter().any(|change| {
            matches!(
                change.field.as_deref(),
                Some("assignee_id" | "deadline" | "finish")
            )
        }),
        _ => false,
    }
}

/// Has whoever an item is assigned to reminded of when it is due. What is due already, nobody has
/// to be.
pub(super) async fn schedule<C: ConnectionTrait>(
    teller: &Teller<'_, C>,
    kind: EventKind,
    event: &EventPayload,
    item: &About,
    trace: Option<&str>,
) -> Result<(), StoreError> {
    let present = &item.present;
    let (Some(member), Some(due)) = (present.assignee, present.due()) else {
        return Ok(());
    };
    let at = teller.facts.zone.instant(due.as_naive());
    if !matters(kind, event) || present.completed || at <= teller.now {
        return Ok(());
    }
    let ahead = TimeDelta::hours(teller.tenant.remind_hours.into());
    let job = RemindJob {
        member,
        item: event.object_id.into(),
        due,
    };
    let job = job.due((at - ahead).max(teller.now))?;
    jobs::schedule(teller.conn, job, trace).await
}

/// Reminds, if there is still something to remind of, and nobody did.
pub(super) async fn remind<C: ConnectionTrait>(
    teller: &mut Teller<'_, C>,
    work: &Work,
) -> Result<Verdict, StoreError> {
    let RemindJob { member, item, due } = match work.payload() {
        Ok(job) => job,
        Err(dead) => return Ok(dead),
    };
    let Some(about) = store::about(teller.conn, item).await? else {
        return Ok(Verdict::Done);
    };
    let detail = json!({ "due": due });
    let object_id = item.as_uuid();
    let holds = Trigger::DueSoon.holds(member, &detail, &about.present)
        && !store::was_reminded(teller.conn, member, object_id, &due.to_string()).await?;
    if holds {
        let news = News {
            trigger: Trigger::DueSoon,
            object: Object::WorkItem,
            object_id,
            event_number: None,
            actor: None,
            detail,
            occurred_at: work.occurred_at,
            traceparent: work.traceparent.clone(),
        };
        let scope = about.grid_id.as_uuid();
        teller.tell_who_sees(&[member], scope, &news).await?;
    }
    Ok(Verdict::Done)
}
