//! What a webhook is told: that something happened, to what, by whom, and which fields changed. No
//! values: whoever wants them asks with rights of their own, and gets those of now.

use chrono::{DateTime, Utc};
use kernel::{FolderId, MemberId, WebhookId, WorkItemId};
use serde::Serialize;
use uuid::Uuid;

use super::TEST;
use crate::event::{EventPayload, ObjectType};

#[derive(Serialize)]
struct Message<'a, D> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: DateTime<Utc>,
    data: D,
}

#[derive(Serialize)]
struct Happened<'a> {
    number: u64,
    object: ObjectType,
    object_id: Uuid,
    grid_id: Option<WorkItemId>,
    folder_id: Option<FolderId>,
    actor_id: MemberId,
    changed_fields: Vec<&'a str>,
}

#[derive(Serialize)]
struct Tested {
    webhook_id: WebhookId,
}

/// The body for an event.
///
/// # Errors
/// Never, as long as these structs can be written as JSON.
pub fn body(
    kind: &str,
    number: u64,
    at: DateTime<Utc>,
    payload: &EventPayload,
) -> Result<String, serde_json::Error> {
    let changes = payload.changes.iter();
    let data = Happened {
        number,
        object: payload.object,
        object_id: payload.object_id,
        grid_id: payload.grid_id,
        folder_id: payload.folder_id,
        actor_id: payload.actor_id,
        changed_fields: changes
            .filter_map(|change| change.field.as_deref())
            .collect(),
    };
    serde_json::to_string(&Message {
        kind,
        timestamp: at,
        data,
    })
}

/// The body of a test.
///
/// # Errors
/// Never, as long as these structs can be written as JSON.
pub fn test_body(webhook_id: WebhookId, at: DateTime<Utc>) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Message {
        kind: TEST,
        timestamp: at,
        data: Tested { webhook_id },
    })
}
