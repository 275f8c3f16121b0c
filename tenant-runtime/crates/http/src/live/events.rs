//! Live events as server-sent events.

use actix_web::{HttpRequest, HttpResponse, get};
use tokio::time::{Instant, Interval, interval_at};
use tr_live::Mark;
use web::{ApiError, ProblemCode, Query, sse};

use super::{ear::Ear, ended::Ended, query::LiveQuery, words::Said};
use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
};

/// Streams what happens, as server-sent events named `hello`, `subscribed`, `unsubscribed`, `event`
/// and `presence`. The id of an `event` is `GENERATION-NUMBER`: a browser that connects again sends
/// it, and misses nothing. Now and then an id comes alone, when what happened was not for the client.
/// A stream that we end says why in an event named `ended`: `too slow`, `moved` or `try again`.
#[utoipa::path(
    tag = "Live",
    operation_id = "streamEvents",
    params(LiveQuery, ("last-event-id" = Option<String>, Header, description = "The id of the last event, instead of `since` and `generation`.")),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream")),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/events")]
pub(super) async fn events(
    request: HttpRequest,
    caller: Caller<ReadItems>,
    query: Query<LiveQuery>,
) -> Result<HttpResponse, Failure> {
    let since = match request.headers().get("last-event-id") {
        None => query.0.mark()?,
        Some(id) => Some(read(id.as_bytes())?),
    };
    let topics = query.0.topics()?;
    let (mut ear, hello) = Ear::open(caller.live(), topics, since).await?;
    // The stream lasts; the call does not, so that a stopping node does not wait for it.
    drop(caller);
    Ok(sse::stream(async_stream::stream! {
        let _open = super::socket::Open::count("sse");
        for said in &hello {
            yield event(&ear, said);
        }
        let heartbeat = ear.settings().heartbeat;
        let mut beats = interval_at(Instant::now() + heartbeat, heartbeat);
        let ended = loop {
            match next(&mut ear, &mut beats).await {
                Ok(said) => for said in &said {
                    yield event(&ear, said);
                },
                Err(ended) => break ended,
            }
        };
        let reason = ended.reason();
        metrics::counter!("live_closed_total", "reason" => reason).increment(1);
        yield event(&ear, &Said::Ended { reason });
    }))
}

fn read(id: &[u8]) -> Result<Mark, ApiError> {
    let mark = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok());
    mark.ok_or_else(|| {
        ApiError::new(ProblemCode::InvalidHeader).detail("`Last-Event-ID` is the id of an event")
    })
}

async fn next(ear: &mut Ear, beats: &mut Interval) -> Result<Vec<Said>, Ended> {
    tokio::select! {
        live = ear.heard() => ear.said(&*live?).await,
        _ = beats.tick() => Ok(ear.stand().into_iter().collect()),
    }
}

fn event(ear: &Ear, said: &Said) -> sse::Event {
    let name = match said {
        Said::Hello { .. } => "hello",
        Said::Subscribed { .. } => "subscribed",
        Said::Unsubscribed { .. } => "unsubscribed",
        Said::Event { .. } => "event",
        Said::Mark { last } => return sse::Event::id(ear.mark(*last).to_string()),
        Said::Presence { .. } => "presence",
        Said::Invalid { .. } => "invalid",
        Said::Ended { .. } => "ended",
    };
    let told = sse::Event::new(name, said.to_json());
    let number = match said {
        Said::Event { event } => event["number"].as_u64(),
        Said::Hello { last, .. } => Some(*last),
        _ => None,
    };
    match number {
        Some(number) => told.with_id(ear.mark(number).to_string()),
        None => told,
    }
}
