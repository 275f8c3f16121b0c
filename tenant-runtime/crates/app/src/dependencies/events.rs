//! Events of a dependency: one for each end, which says nothing of the other, since who sees one
//! end may not see the other.

use serde_json::{Value, json};
use tr_domain::event::{Event, EventKind, FieldChange, ObjectType};
use tr_store::dependencies::{DependencyRow, EndRow};

/// The events of a dependency that came or went.
pub(super) fn events(kind: EventKind, row: &DependencyRow) -> [Event; 2] {
    [
        (&row.predecessor, "predecessor"),
        (&row.successor, "successor"),
    ]
    .map(|(end, role)| event(kind, row, end, role))
}

fn event(kind: EventKind, row: &DependencyRow, end: &EndRow, role: &str) -> Event {
    let what = json!({
        "id": row.id, "kind": row.kind, "lag_minutes": row.lag_minutes, "as": role,
    });
    let (old, new) = match kind {
        EventKind::DependencyDeleted => (what, Value::Null),
        _ => (Value::Null, what),
    };
    Event {
        kind,
        object: ObjectType::WorkItem,
        object_id: end.id.as_uuid(),
        grid_id: Some(end.grid_id),
        folder_id: None,
        parent_id: None,
        changes: vec![FieldChange::of("dependencies", old, new)],
    }
}
