//! The list of operations.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Query},
};
use askama::Template;
use chrono::{DateTime, Utc};
use cp_staff_api::{OperationQuery, OperationState, OperationView};
use kernel::{Cursor, OperationId, TenantId};
use serde::Deserialize;
use ui::{Moment, Nonce, Page, Status};

use super::words;
use crate::{
    Office,
    failure::Failure,
    frame::{answer, frame},
    session,
};

/// One operation in a table.
pub(crate) struct Row {
    pub(crate) id: OperationId,
    pub(crate) kind: &'static str,
    pub(crate) tenant_id: TenantId,
    pub(crate) tenant: String,
    pub(crate) slug: String,
    pub(crate) state: Status,
    pub(crate) error: Option<String>,
    pub(crate) done: usize,
    pub(crate) steps: usize,
    pub(crate) took: String,
    pub(crate) created: Moment,
}

impl Row {
    pub(crate) fn new(operation: &OperationView, now: DateTime<Utc>) -> Self {
        let failed = operation.state == OperationState::Failed;
        let step = operation.current_step().filter(|_| failed);
        Self {
            id: operation.id,
            kind: words::operation_kind(operation.kind),
            tenant_id: operation.tenant.id,
            tenant: operation.tenant.name.clone(),
            slug: operation.tenant.slug.clone(),
            state: words::operation_state(operation.state),
            error: step.and_then(|step| step.error.clone()),
            done: operation.steps_done(),
            steps: operation.steps.len(),
            took: words::run_time(operation, now),
            created: Moment {
                at: operation.created_at,
                now,
            },
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Filter {
    state: Option<String>,
    cursor: Option<Cursor>,
}

#[derive(Template)]
#[template(path = "operations.html")]
struct OperationsPage {
    page: Page,
    rows: Vec<Row>,
    chosen: String,
    states: [(&'static str, &'static str); 7],
    next: Option<String>,
    first: bool,
}

const STATES: [(&str, &str); 7] = [
    ("queued", "Queued"),
    ("running", "Running"),
    ("paused", "Paused"),
    ("undoing", "Undoing"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("cancelled", "Cancelled"),
];

pub(crate) async fn show(
    request: HttpRequest,
    office: Data<Office>,
    filter: Query<Filter>,
) -> Result<HttpResponse, Failure> {
    let signed_in = session::signed_in(&request, &office).await?;
    let filter = filter.into_inner();
    let chosen = filter.state.unwrap_or_default();
    let first = filter.cursor.is_none();
    let query = OperationQuery {
        state: super::tenants::word(&chosen),
        cursor: filter.cursor,
        ..OperationQuery::default()
    };
    let found = signed_in.calls.operations(&query).await?;
    let now = office.clock.now();
    let nonce = Nonce::new();
    let page = OperationsPage {
        page: frame("Operations", "/operations", &[], &signed_in, &nonce),
        rows: found
            .data
            .iter()
            .map(|operation| Row::new(operation, now))
            .collect(),
        next: super::tenants::next_link(
            "/operations",
            &[("state", &chosen)],
            found.next_cursor.as_ref(),
        ),
        states: STATES,
        chosen,
        first,
    };
    answer(StatusCode::OK, &nonce, &page)
}
