//! Dead letters.

use actix_web::{get, post, web::Data};
use cp_app::{
    Auth,
    queues::{self, DeadLetter, DeadLetterFilter, LetterFate, LetterGroup, Selection},
};
use cp_domain::FleetPermission;
use cp_staff_api as api;
use kernel::{Cursor, Page};
use uuid::Uuid;
use web::{ApiError, Json, Path, Problem, Query, openapi::PageOf};

use super::{caller::Staff, paging::after, problems};

/// Messages that found no effect, the newest first.
#[utoipa::path(
    tag = "Queues",
    operation_id = "listDeadLetters",
    params(api::DeadLetterQuery),
    responses((status = 200, description = "A page of dead letters.", body = PageOf<api::DeadLetterSummary>)),
)]
#[get("/staff/v1/queues/dead-letters")]
pub(super) async fn list(
    staff: Staff,
    auth: Data<Auth>,
    query: Query<api::DeadLetterQuery>,
) -> Result<Json<Page<api::DeadLetterSummary>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let query = query.into_inner();
    let (before, limit) = (after(query.cursor.as_ref())?, query.limit);
    let found = queues::list_letters(&auth, &filter(query), before, limit)
        .await
        .map_err(|error| problems::store(&error))?;
    let page = Page::from_rows(found, limit, |last| Cursor::encode(&last.id));
    Ok(Json(page.map(summary)))
}

/// How many there are; `limit` and `cursor` change nothing.
#[utoipa::path(
    tag = "Queues",
    operation_id = "countDeadLetters",
    params(api::DeadLetterQuery),
    responses((status = 200, description = "How many.", body = api::DeadLetterCount)),
)]
#[get("/staff/v1/queues/dead-letters/count")]
pub(super) async fn how_many(
    staff: Staff,
    auth: Data<Auth>,
    query: Query<api::DeadLetterQuery>,
) -> Result<Json<api::DeadLetterCount>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let counted = queues::count_letters(&auth, &filter(query.into_inner())).await;
    let count = counted.map_err(|error| problems::store(&error))?;
    Ok(Json(api::DeadLetterCount { count }))
}

/// What they have in common: class, kind and error; the fifty groups with the most. `limit` and
/// `cursor` change nothing.
#[utoipa::path(
    tag = "Queues",
    operation_id = "groupDeadLetters",
    params(api::DeadLetterQuery),
    responses((status = 200, description = "The groups, the largest first.", body = PageOf<api::DeadLetterGroup>)),
)]
#[get("/staff/v1/queues/dead-letters/groups")]
pub(super) async fn groups(
    staff: Staff,
    auth: Data<Auth>,
    query: Query<api::DeadLetterQuery>,
) -> Result<Json<Page<api::DeadLetterGroup>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let found = queues::group_letters(&auth, &filter(query.into_inner())).await;
    let found = found.map_err(|error| problems::store(&error))?;
    Ok(Json(Page {
        data: found.into_iter().map(group).collect(),
        next_cursor: None,
    }))
}

/// One of them, with what it said.
#[utoipa::path(
    tag = "Queues",
    operation_id = "getDeadLetter",
    params(("id" = String, Path, format = Uuid, description = "The dead letter.")),
    responses(
        (status = 200, description = "The dead letter.", body = api::DeadLetterView),
        (status = 404, description = "There is none such.", body = Problem),
    ),
)]
#[get("/staff/v1/queues/dead-letters/{id}")]
pub(super) async fn show(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<Uuid>,
) -> Result<Json<api::DeadLetterView>, ApiError> {
    staff.may(FleetPermission::Operate)?;
    queues::find_letter(&auth, id.into_inner())
        .await
        .map(|found| Json(view(found)))
        .map_err(|error| problems::dead_letter(&error))
}

/// Has a message sent again, as if it came for the first time; a worker does so within seconds.
#[utoipa::path(
    tag = "Queues",
    operation_id = "redriveDeadLetter",
    params(
        ("id" = String, Path, format = Uuid, description = "The dead letter."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 200, description = "The dead letter.", body = api::DeadLetterView),
        (status = 404, description = "There is none such.", body = Problem),
        (status = 409, description = "It is no envelope, or neither dead nor discarded.", body = Problem),
    ),
)]
#[post("/staff/v1/queues/dead-letters/{id}/redrive")]
pub(super) async fn redrive(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<Uuid>,
) -> Result<Json<api::DeadLetterView>, ApiError> {
    staff.may(FleetPermission::Operate)?;
    let (by, id) = (staff.by(&()), id.into_inner());
    queues::decide_letter(&auth, &by, LetterFate::Redrive, id, "")
        .await
        .map(|found| Json(view(found)))
        .map_err(|error| problems::dead_letter(&error))
}

/// Lets a message be, also one that waits to be sent again. For thirty days it can still be sent
/// again.
#[utoipa::path(
    tag = "Queues",
    operation_id = "discardDeadLetter",
    params(
        ("id" = String, Path, format = Uuid, description = "The dead letter."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    request_body = api::Reason,
    responses(
        (status = 200, description = "The dead letter.", body = api::DeadLetterView),
        (status = 404, description = "There is none such.", body = Problem),
        (status = 409, description = "It was sent again or discarded before.", body = Problem),
    ),
)]
#[post("/staff/v1/queues/dead-letters/{id}/discard")]
pub(super) async fn discard(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<Uuid>,
    body: Json<api::Reason>,
) -> Result<Json<api::DeadLetterView>, ApiError> {
    staff.may_now(&auth, FleetPermission::Operate)?;
    let body = body.into_inner();
    let (by, id) = (staff.by(&body), id.into_inner());
    queues::decide_letter(&auth, &by, LetterFate::Discard, id, body.reason.trim())
        .await
        .map(|found| Json(view(found)))
        .map_err(|error| problems::dead_letter(&error))
}

/// Has every dead message sent again that is selected; those that are no envelopes stay, and count
/// where the number is confirmed.
#[utoipa::path(
    tag = "Queues",
    operation_id = "redriveDeadLetters",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer.")),
    request_body = api::DeadLetterSelection,
    responses(
        (status = 200, description = "How many.", body = api::DeadLetterCount),
        (status = 409, description = "There are not as many as was confirmed.", body = Problem),
    ),
)]
#[post("/staff/v1/queues/dead-letters/redrive")]
pub(super) async fn redrive_all(
    staff: Staff,
    auth: Data<Auth>,
    body: Json<api::DeadLetterSelection>,
) -> Result<Json<api::DeadLetterCount>, ApiError> {
    staff.may(FleetPermission::Operate)?;
    let body = body.into_inner();
    let by = staff.by(&body);
    let count = queues::decide_letters(&auth, &by, LetterFate::Redrive, &selection(body))
        .await
        .map_err(|error| problems::dead_letter(&error))?;
    Ok(Json(api::DeadLetterCount { count }))
}

/// Lets every dead message be that is selected. How many there are has to be confirmed.
#[utoipa::path(
    tag = "Queues",
    operation_id = "discardDeadLetters",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer.")),
    request_body = api::DeadLetterSelection,
    responses(
        (status = 200, description = "How many.", body = api::DeadLetterCount),
        (status = 409, description = "There are not as many as was confirmed.", body = Problem),
        (status = 422, description = "The number is missing.", body = Problem),
    ),
)]
#[post("/staff/v1/queues/dead-letters/discard")]
pub(super) async fn discard_all(
    staff: Staff,
    auth: Data<Auth>,
    body: Json<api::DeadLetterSelection>,
) -> Result<Json<api::DeadLetterCount>, ApiError> {
    staff.may_now(&auth, FleetPermission::Operate)?;
    let body = body.into_inner();
    if body.confirm.is_none() {
        let detail = "Say how many dead letters are to be discarded.";
        return Err(ApiError::invalid("/confirm", "not_confirmed", detail));
    }
    let by = staff.by(&body);
    let count = queues::decide_letters(&auth, &by, LetterFate::Discard, &selection(body))
        .await
        .map_err(|error| problems::dead_letter(&error))?;
    Ok(Json(api::DeadLetterCount { count }))
}

fn filter(query: api::DeadLetterQuery) -> DeadLetterFilter {
    DeadLetterFilter {
        state: query.state.map(|state| word(state).to_owned()),
        class: query.class,
        tenant: query.tenant_id,
        kind: query.kind,
        error: query.error,
        since: query.since,
        until: query.until,
    }
}

fn selection(body: api::DeadLetterSelection) -> Selection {
    Selection {
        expected: body.confirm,
        reason: body.reason.trim().to_owned(),
        filter: DeadLetterFilter {
            state: None,
            class: body.class,
            tenant: body.tenant_id,
            kind: body.kind,
            error: body.error,
            since: body.since,
            until: body.until,
        },
    }
}

const fn word(state: api::DeadLetterState) -> &'static str {
    match state {
        api::DeadLetterState::Dead => "dead",
        api::DeadLetterState::Redriving => "redriving",
        api::DeadLetterState::Redriven => "redriven",
        api::DeadLetterState::Discarded => "discarded",
    }
}

fn state(word: &str) -> api::DeadLetterState {
    match word {
        "redriving" => api::DeadLetterState::Redriving,
        "redriven" => api::DeadLetterState::Redriven,
        "discarded" => api::DeadLetterState::Discarded,
        _ => api::DeadLetterState::Dead,
    }
}

fn summary(letter: DeadLetter) -> api::DeadLetterSummary {
    api::DeadLetterSummary {
        id: letter.id.to_string(),
        state: state(&letter.state),
        class: letter.class,
        ring: letter.ring,
        tenant_id: letter.tenant_id.map(Into::into),
        tenant_slug: letter.tenant_slug,
        kind: letter.kind,
        event_number: letter.event_number,
        error: letter.error,
        attempts: letter.attempts,
        traceparent: letter.traceparent,
        died_at: letter.died_at,
        redrivable: letter.event_id.is_some(),
        changed_at: letter.changed_at,
        changed_by: letter.changed_by.map(Into::into),
        failure: letter.failure,
    }
}

fn group(group: LetterGroup) -> api::DeadLetterGroup {
    api::DeadLetterGroup {
        class: group.class,
        kind: group.kind,
        error: group.error,
        count: u64::try_from(group.letters).unwrap_or_default(),
        tenants: u64::try_from(group.tenants).unwrap_or_default(),
        first_died_at: group.first_at,
        last_died_at: group.last_at,
    }
}

fn view((letter, body): (DeadLetter, Vec<u8>)) -> api::DeadLetterView {
    api::DeadLetterView {
        generation: letter.generation,
        event_id: letter.event_id.map(|id| id.to_string()),
        occurred_at: letter.occurred_at,
        message_id: letter.message_id.clone(),
        body_bytes: letter.body_bytes,
        body_cut: letter.body_bytes > body.len() as u64,
        body: String::from_utf8_lossy(&body).into_owned(),
        kept_at: letter.kept_at,
        letter: summary(letter),
    }
}
