//! What the leader of a ring's timers says and asks.

use actix_web::HttpResponse;
use cp_app::timers::{self, NewTimer, Progress, TimerError, TimerRun as Run};
use cp_node_api::{
    LastSlot, RunProgress, RunProgressState, SlotClaim, SlotClaimed, TimerEntry, TimerRun,
    TimersBeat, TimersLead, TimersLed, TimersNews,
};
use kernel::TimerRunId;
use web::{ApiError, ProblemCode};

use super::caller::Caller;

type Json<T> = actix_web::web::Json<T>;

/// When to ask again while the central database is away, in seconds.
const RETRY_AFTER: u32 = 1;

pub(super) async fn lead(
    caller: Caller,
    body: Json<TimersLead>,
) -> Result<Json<TimersLed>, ApiError> {
    let told: Vec<NewTimer> = body.into_inner().timers.into_iter().map(told).collect();
    let token = timers::lead(&caller.nodes, &caller.node, &told)
        .await
        .map_err(problem)?;
    tracing::info!(node = caller.node.name, token, "a node leads the timers");
    Ok(actix_web::web::Json(TimersLed { token }))
}

pub(super) async fn beat(
    caller: Caller,
    body: Json<TimersBeat>,
) -> Result<Json<TimersNews>, ApiError> {
    let (last, open) = timers::beat(&caller.nodes, &caller.node, body.token)
        .await
        .map_err(problem)?;
    let last = last.into_iter().map(|last| LastSlot {
        timer: last.timer,
        slot: last.slot,
    });
    Ok(actix_web::web::Json(TimersNews {
        last: last.collect(),
        open: open.into_iter().map(view).collect(),
    }))
}

pub(super) async fn claim(
    caller: Caller,
    name: web::Path<String>,
    body: Json<SlotClaim>,
) -> Result<Json<SlotClaimed>, ApiError> {
    let times = (body.slot, body.next_at);
    let run = timers::claim(&caller.nodes, &caller.node, body.token, &name.0, times)
        .await
        .map_err(problem)?;
    Ok(actix_web::web::Json(SlotClaimed { run: run.map(view) }))
}

pub(super) async fn progress(
    caller: Caller,
    id: web::Path<TimerRunId>,
    body: Json<RunProgress>,
) -> Result<HttpResponse, ApiError> {
    let body = body.into_inner();
    let progress = Progress {
        token: body.token,
        after: body.after,
        jobs: body.jobs,
        state: match body.state {
            RunProgressState::Running => "running",
            RunProgressState::Done => "done",
            RunProgressState::Failed => "failed",
        },
        error: body.error,
    };
    timers::progress(&caller.nodes, &caller.node, id.into_inner(), progress)
        .await
        .map_err(problem)?;
    Ok(HttpResponse::NoContent().finish())
}

fn told(timer: TimerEntry) -> NewTimer {
    NewTimer {
        name: timer.name,
        schedule: timer.schedule,
        purpose: timer.purpose,
        next_at: timer.next_at,
    }
}

fn view(run: Run) -> TimerRun {
    TimerRun {
        id: run.id,
        timer: run.timer,
        slot: run.slot,
        asked: run.asked,
        after: run.after,
        jobs: run.jobs,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` takes")]
fn problem(error: TimerError) -> ApiError {
    match error {
        // Whoever's clock is ahead is to make room for another.
        TimerError::Deposed | TimerError::Early => {
            ApiError::new(ProblemCode::Conflict).detail(error.to_string())
        }
        TimerError::Unknown => ApiError::new(ProblemCode::NotFound).detail(error.to_string()),
        TimerError::Store(_) => ApiError::new(ProblemCode::Unavailable)
            .retry_after(RETRY_AFTER)
            .because(&error),
    }
}
