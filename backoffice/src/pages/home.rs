//! What needs attention, and the latest operations.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use cp_staff_api::{OperationQuery, OperationState, OperationView};
use kernel::Limit;
use ui::{Nonce, Page};

use super::operations::Row;
use crate::{
    Office,
    failure::Failure,
    frame::{answer, frame},
    session,
};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    page: Page,
    attention: Vec<Row>,
    recent: Vec<Row>,
}

pub(crate) async fn show(
    request: HttpRequest,
    office: Data<Office>,
) -> Result<HttpResponse, Failure> {
    let signed_in = session::signed_in(&request, &office).await?;
    let of_state = |state, limit| OperationQuery {
        state,
        limit: Limit::new(limit).unwrap_or_default(),
        ..OperationQuery::default()
    };
    let (failed, running, recent) = (
        of_state(Some(OperationState::Failed), 20),
        of_state(Some(OperationState::Running), 20),
        of_state(None, 10),
    );
    let (failed, running, recent) = tokio::try_join!(
        signed_in.calls.operations(&failed),
        signed_in.calls.operations(&running),
        signed_in.calls.operations(&recent),
    )?;
    let now = office.clock.now();
    let stuck = running
        .data
        .into_iter()
        .filter(|operation| is_slow(operation, now));
    let nonce = Nonce::new();
    let page = HomePage {
        page: frame("Home", "/", &[], &signed_in, &nonce),
        attention: failed
            .data
            .into_iter()
            .chain(stuck)
            .map(|o| Row::new(&o, now))
            .collect(),
        recent: recent
            .data
            .iter()
            .map(|operation| Row::new(operation, now))
            .collect(),
    };
    answer(StatusCode::OK, &nonce, &page)
}

/// Whether an operation has run more than three times as long as usual, a minute at least.
pub(crate) fn is_slow(operation: &OperationView, now: DateTime<Utc>) -> bool {
    let usual = operation.usual_seconds.unwrap_or(20.0);
    operation.finished_at.is_none()
        && operation.started_at.is_some_and(|start| {
            let age = now - start;
            age > TimeDelta::minutes(1) && age.as_seconds_f64() > 3.0 * usual
        })
}
