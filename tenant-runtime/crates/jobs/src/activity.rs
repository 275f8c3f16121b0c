//! Class `activity`: turns events into entries of the activity log.

use broker::{Class, Verdict};
use kernel::RequestId;
use tr_domain::event::{Event, EventKind, EventPayload};
use tr_store::{
    RowId, StoreError,
    activity::{self, ActivityRow},
};

use crate::{Effect, Work, Writing};

/// Writes the activity log.
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
        let mut rows = Vec::with_capacity(work.len());
        let verdicts = work
            .iter()
            .map(|(work, ())| match entries(work) {
                Ok(entries) => {
                    rows.extend(entries);
                    Verdict::Done
                }
                Err(dead) => dead,
            })
            .collect();
        activity::write(on.tx, rows).await?;
        Ok(verdicts)
    }
}

/// One entry per changed field.
fn entries(work: &Work) -> Result<Vec<ActivityRow>, Verdict> {
    let RowId::Event(number) = work.row else {
        return Err(Verdict::Dead("the activity log knows no jobs".to_owned()));
    };
    let payload: EventPayload = work.payload()?;
    if RequestId::parse(&payload.request_id).is_none() {
        return Err(Verdict::Dead("there is no proper request id".to_owned()));
    }
    let changes = payload.changes.into_iter().zip(0_u16..);
    Ok(changes
        .map(|(change, ordinal)| ActivityRow {
            event_number: number,
            ordinal,
            occurred_at: work.occurred_at,
            actor_id: payload.actor_id,
            kind: work.kind.clone(),
            object_id: payload.object_id,
            grid_id: payload.grid_id,
            folder_id: payload.folder_id,
            field: change.field,
            old_value: change.old,
            new_value: change.new,
            request_id: payload.request_id.clone(),
        })
        .collect())
}
