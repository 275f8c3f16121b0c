//! Queues: how they are, pausing and resuming a class.

use actix_web::{get, post, web::Data};
use chrono::{DateTime, Utc};
use cp_app::{
    Auth,
    queues::{self, ListedBacklog, QueueState, ServerOutbox},
};
use cp_domain::FleetPermission;
use cp_staff_api as api;
use kernel::Page;
use web::{ApiError, Json, Path, Problem, Query, openapi::PageOf};

use super::{caller::Staff, problems};

/// How the queues are, class by class, as the workers have said within the last seconds.
#[utoipa::path(
    tag = "Queues",
    operation_id = "listQueues",
    responses((status = 200, description = "Every class that a worker ever reported.", body = PageOf<api::QueueView>)),
)]
#[get("/staff/v1/queues")]
pub(super) async fn list(
    staff: Staff,
    auth: Data<Auth>,
) -> Result<Json<Page<api::QueueView>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let states = queues::list_queues(&auth)
        .await
        .map_err(|error| problems::store(&error))?;
    Ok(Json(all(states)))
}

/// What waits in which tenant, the most first. A tenant in which nothing waits is not there.
#[utoipa::path(
    tag = "Queues",
    operation_id = "listBacklog",
    params(api::BacklogQuery),
    responses((status = 200, description = "The tenants with the most that is not done.", body = api::BacklogPage)),
)]
#[get("/staff/v1/queues/backlog")]
pub(super) async fn backlogs(
    staff: Staff,
    auth: Data<Auth>,
    query: Query<api::BacklogQuery>,
) -> Result<Json<api::BacklogPage>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let query = query.into_inner();
    let query = queues::BacklogQuery {
        tenant: query.tenant_id,
        class: query.class,
        limit: query.limit,
    };
    let found = queues::list_backlog(&auth, &query)
        .await
        .map_err(|error| problems::store(&error))?;
    let now = auth.clock.now();
    let rows = found.rows.into_iter().map(|listed| tenant(listed, now));
    Ok(Json(api::BacklogPage {
        data: rows.collect(),
        next_cursor: None,
        cut: found.cut,
    }))
}

/// What waits on which database server, the longest waiting first.
#[utoipa::path(
    tag = "Queues",
    operation_id = "listOutboxes",
    responses((status = 200, description = "Every server.", body = PageOf<api::OutboxView>)),
)]
#[get("/staff/v1/queues/outboxes")]
pub(super) async fn outboxes(
    staff: Staff,
    auth: Data<Auth>,
) -> Result<Json<Page<api::OutboxView>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let found = queues::list_outboxes(&auth)
        .await
        .map_err(|error| problems::store(&error))?;
    let now = auth.clock.now();
    Ok(Json(page(found, |outbox| server(outbox, now))))
}

/// Pauses a class: within seconds no worker takes anything new of it, also after a restart. What
/// happens meanwhile waits.
#[utoipa::path(
    tag = "Queues",
    operation_id = "pauseQueue",
    params(
        ("class" = String, Path, description = "The class."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    request_body = api::Reason,
    responses(
        (status = 200, description = "The class in every ring.", body = PageOf<api::QueueView>),
        (status = 404, description = "No worker ever reported such a class.", body = Problem),
        (status = 422, description = "The reason is missing.", body = Problem),
    ),
)]
#[post("/staff/v1/queues/{class}/pause")]
pub(super) async fn pause(
    staff: Staff,
    auth: Data<Auth>,
    class: Path<String>,
    body: Json<api::Reason>,
) -> Result<Json<Page<api::QueueView>>, ApiError> {
    staff.may_now(&auth, FleetPermission::Operate)?;
    let body = body.into_inner();
    let by = staff.by(&body);
    queues::pause_class(&auth, &by, &class.into_inner(), body.reason.trim())
        .await
        .map(|states| Json(all(states)))
        .map_err(|error| problems::pause(&error))
}

/// Resumes a class.
#[utoipa::path(
    tag = "Queues",
    operation_id = "resumeQueue",
    params(
        ("class" = String, Path, description = "The class."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 200, description = "The class in every ring.", body = PageOf<api::QueueView>),
        (status = 404, description = "No worker ever reported such a class.", body = Problem),
    ),
)]
#[post("/staff/v1/queues/{class}/resume")]
pub(super) async fn resume(
    staff: Staff,
    auth: Data<Auth>,
    class: Path<String>,
) -> Result<Json<Page<api::QueueView>>, ApiError> {
    staff.may(FleetPermission::Operate)?;
    queues::resume_class(&auth, &staff.by(&()), &class.into_inner())
        .await
        .map(|states| Json(all(states)))
        .map_err(|error| problems::pause(&error))
}

fn page<F, T>(found: Vec<F>, view: impl FnMut(F) -> T) -> Page<T> {
    Page {
        data: found.into_iter().map(view).collect(),
        next_cursor: None,
    }
}

fn all(states: Vec<QueueState>) -> Page<api::QueueView> {
    page(states, queue)
}

fn queue(state: QueueState) -> api::QueueView {
    api::QueueView {
        ready: state.depth.map(|depth| depth.ready),
        dead: state.depth.map(|depth| depth.dead),
        consumers: state.depth.map(|depth| depth.consumers),
        done_per_second: state.done_rate,
        retried_per_second: state.retry_rate,
        died_per_second: state.dead_rate,
        oldest_age_seconds: state.oldest_at.map(|at| seconds(at, state.now)),
        oldest_at: state.oldest_at,
        dead_letters: state.dead_letters,
        paused: state.paused.map(|paused| api::QueuePauseView {
            reason: paused.reason,
            paused_by: paused.paused_by.map(Into::into),
            paused_at: paused.paused_at,
        }),
        workers: state.workers,
        workers_paused: state.workers_paused,
        reported_at: state.reported_at,
        class: state.class,
        ring: state.ring,
    }
}

fn tenant(listed: ListedBacklog, now: DateTime<Utc>) -> api::BacklogView {
    let backlog = listed.backlog;
    api::BacklogView {
        tenant_id: backlog.tenant_id,
        slug: listed.slug,
        class: backlog.class,
        waiting: backlog.waiting,
        outstanding: backlog.outstanding,
        oldest_age_seconds: backlog.oldest_at.map(|at| seconds(at, now)),
        oldest_at: backlog.oldest_at,
        reported_at: listed.reported_at,
    }
}

fn server(outbox: ServerOutbox, now: DateTime<Utc>) -> api::OutboxView {
    api::OutboxView {
        server: api::ServerRef {
            id: outbox.server.id,
            name: outbox.server.name,
            host: outbox.server.host,
            port: outbox.server.port,
        },
        tenants: outbox.tenants,
        waiting: outbox.waiting,
        oldest_age_seconds: outbox.oldest_at.map(|at| seconds(at, now)),
        oldest_at: outbox.oldest_at,
        tenants_not_asked: outbox.not_asked,
        reported_at: outbox.reported_at,
    }
}

/// Clocks of several machines meet here: nothing happened in the future.
fn seconds(at: DateTime<Utc>, now: DateTime<Utc>) -> f64 {
    (now - at).to_std().unwrap_or_default().as_secs_f64()
}
