//! Class `activity`: turns events into entries of the activity log.

use broker::{Class, Verdict};
use kernel::RequestId;
use tr_domain::event::{Event, EventKind};
use tr_store::{
    RowId, StoreError,
    activity::{self, ActivityRow},
};

use crate::{
    Effect, Work, Writing,
    webhooks::{Heard, fan_out},
};

/// Writes the activity log, and the deliveries of webhooks with it.
#[derive(Debug, Clone, Copy)]
pub struct ActivityLog;

impl Effect for ActivityLog {
    const CLASS: Class = Class::Activity;
    type Acted = ();

    fn knows(&self, kind: &str, version: u16) -> bool {
        version == Event::VERSION && EventKind::ALL.iter().any(|known| known.as_str() == kind)
    }

    async fn write(
        &self,
        on: &Writing<'_>,
        work: &[(Work, ())],
    ) -> Result<Vec<Verdict>, StoreError> {
        let mut events = Vec::with_capacity(work.len());
        let verdicts = work
            .iter()
            .map(|(work, ())| match read(work) {
                Ok(event) => {
                    events.push(event);
                    Verdict::Done
                }
                Err(dead) => dead,
            })
            .collect();
        fan_out(on, &events).await?;
        activity::write(on.tx, events.into_iter().flat_map(entries).collect()).await?;
        Ok(verdicts)
    }
}

fn read(work: &Work) -> Result<Heard, Verdict> {
    let RowId::Event(number) = work.row else {
        return Err(Verdict::Dead("the activity log knows no jobs".to_owned()));
    };
    let event = Heard {
        number,
        kind: work.kind.clone(),
        occurred_at: work.occurred_at,
        payload: work.payload()?,
        traceparent: work.traceparent.clone(),
    };
    if RequestId::parse(&event.payload.request_id).is_none() {
        return Err(Verdict::Dead("there is no proper request id".to_owned()));
    }
    Ok(event)
}

/// One entry per changed field.
fn entries(event: Heard) -> impl Iterator<Item = ActivityRow> {
    let Heard {
        number,
        kind,
        occurred_at,
        payload,
        ..
    } = event;
    let changes = payload.changes.into_iter().zip(0_u16..);
    changes.map(move |(change, ordinal)| ActivityRow {
        event_number: number,
        ordinal,
        occurred_at,
        actor_id: payload.actor_id,
        kind: kind.clone(),
        object_id: payload.object_id,
        grid_id: payload.grid_id,
        folder_id: payload.folder_id,
        field: change.field,
        old_value: change.old,
        new_value: change.new,
        request_id: payload.request_id.clone(),
    })
}
