//! Timers of the runtime, and what tenants use.

use std::ops::RangeInclusive;

use actix_web::{get, post, web::Data};
use chrono::{Datelike as _, TimeDelta};
use cp_app::{
    Auth,
    timers::{self, ListedTimer, RunTimerError, TimerRun},
    usage::{self, UsageDay},
};
use cp_domain::{FleetPermission, Ring};
use cp_staff_api as api;
use kernel::{Page, TenantId};
use web::{ApiError, Json, Path, Problem, ProblemCode, Query, openapi::PageOf};

use super::{caller::Staff, problems, views};

/// The most days of usage in one answer.
const MAX_DAYS: i64 = 366;
/// The years that a day may be of.
const YEARS: RangeInclusive<i32> = 2000..=9999;
/// How many before the last, unless asked.
const DAYS: TimeDelta = TimeDelta::days(30);

/// Every timer of every ring: when it comes next, who leads, how its last run went.
#[utoipa::path(
    tag = "Timers",
    operation_id = "listTimers",
    responses((status = 200, description = "The timers.", body = PageOf<api::TimerView>)),
)]
#[get("/staff/v1/timers")]
pub(super) async fn list(
    staff: Staff,
    auth: Data<Auth>,
) -> Result<Json<Page<api::TimerView>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let found = timers::list_timers(&auth)
        .await
        .map_err(|error| problems::store(&error))?;
    Ok(Json(Page {
        data: found.into_iter().filter_map(view).collect(),
        next_cursor: None,
    }))
}

/// Has the leader run a timer out of turn, within seconds. While such a run waits, asking again
/// answers that one.
#[utoipa::path(
    tag = "Timers",
    operation_id = "runTimer",
    params(
        ("ring" = api::ReleaseRing, Path, description = "The release ring."),
        ("name" = String, Path, description = "The timer."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 200, description = "The run.", body = api::TimerRunView),
        (status = 404, description = "The ring has no such timer.", body = Problem),
    ),
)]
#[post("/staff/v1/timers/{ring}/{name}/run")]
pub(super) async fn run_now(
    staff: Staff,
    auth: Data<Auth>,
    path: Path<(String, String)>,
) -> Result<Json<api::TimerRunView>, ApiError> {
    staff.may_now(&auth, FleetPermission::Operate)?;
    let (ring, name) = path.into_inner();
    let ring: Ring = ring.parse().map_err(|_| ProblemCode::NotFound)?;
    let run = timers::run_timer(&auth, &staff.by(&()), ring, &name).await;
    run.map(|run| Json(run_view(run))).map_err(problem)
}

/// What a tenant used, day by day.
#[utoipa::path(
    tag = "Tenants",
    operation_id = "getTenantUsage",
    params(("id" = String, Path, format = Uuid, description = "The tenant."), api::UsageQuery),
    responses(
        (status = 200, description = "The days that were counted.", body = api::TenantUsageView),
        (status = 400, description = "The last day is before the first, or too many are between.", body = Problem),
        (status = 404, description = "There is no such tenant.", body = Problem),
    ),
)]
#[get("/staff/v1/tenants/{id}/usage")]
pub(super) async fn usage_of(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<TenantId>,
    query: Query<api::UsageQuery>,
) -> Result<Json<api::TenantUsageView>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let (tenant, query) = (id.into_inner(), query.into_inner());
    let to = query.to.unwrap_or_else(|| auth.clock.now().date_naive());
    let from = query.from.or(to.checked_sub_signed(DAYS)).unwrap_or(to);
    let known = YEARS.contains(&from.year()) && YEARS.contains(&to.year());
    if !known || !(0..MAX_DAYS).contains(&(to - from).num_days()) {
        return Err(ApiError::new(ProblemCode::InvalidQuery).field(
            "/from",
            "out_of_range",
            "At most 366 days are answered, the first before the last.",
        ));
    }
    let days = usage::list(&auth.central, tenant, (from, to))
        .await
        .map_err(|error| problems::store(&error))?
        .ok_or(ProblemCode::NotFound)?;
    Ok(Json(api::TenantUsageView {
        tenant_id: tenant,
        from,
        to,
        days: days.iter().map(day_view).collect(),
    }))
}

/// None for a ring that this release does not know.
fn view(listed: ListedTimer) -> Option<api::TimerView> {
    let timer = listed.timer;
    Some(api::TimerView {
        ring: views::ring(timer.ring.parse().ok()?),
        name: timer.name,
        schedule: timer.schedule,
        purpose: timer.purpose,
        next_at: timer.next_at,
        leader: api::TimerLeaderView {
            node: timer.leader,
            token: timer.token,
            since: timer.since,
            seen_at: timer.seen_at,
            present: listed.led,
        },
        last_run: listed.last.map(run_view),
    })
}

fn run_view(run: TimerRun) -> api::TimerRunView {
    let state = match run.state.as_str() {
        "asked" => api::TimerRunState::Asked,
        "running" => api::TimerRunState::Running,
        "done" => api::TimerRunState::Done,
        _ => api::TimerRunState::Failed,
    };
    api::TimerRunView {
        id: run.id,
        slot: run.slot,
        asked: run.asked,
        asked_by: run.asked_by,
        state,
        jobs: run.jobs,
        error: run.error,
        begun_at: run.begun_at,
        ended_at: run.ended_at,
    }
}

const fn day_view(day: &UsageDay) -> api::UsageDayView {
    api::UsageDayView {
        day: day.day,
        members: day.members,
        items: day.items,
        storage_bytes: day.storage_bytes,
        events: day.events,
        collected_at: day.collected_at,
    }
}

fn problem(error: RunTimerError) -> ApiError {
    match error {
        RunTimerError::Unknown => ApiError::new(ProblemCode::NotFound),
        RunTimerError::Key(error) => problems::key(&error),
        RunTimerError::Store(error) => problems::store(&error),
    }
}
