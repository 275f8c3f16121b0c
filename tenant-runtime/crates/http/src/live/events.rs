//! Live events as server-sent events.

use actix_web::{HttpRequest, HttpResponse, get};
use web::{Query, sse};

use super::{ear::Ear, query::LiveQuery, words::Said};
use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
};

/// Streams what happens, as server-sent events named `hello`, `subscribed`, `unsubscribed`, `event`
/// and `presence`. The id of an `event` is its number: a browser that connects again sends it, and
/// misses nothing.
#[utoipa::path(
    tag = "Live",
    operation_id = "streamEvents",
    params(LiveQuery, ("last-event-id" = Option<u64>, Header, description = "Instead of `since`.")),
    responses((status = 200, description = "The stream.", body = String, content_type = "text/event-stream")),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/api/v1/events")]
pub(super) async fn events(
    request: HttpRequest,
    caller: Caller<ReadItems>,
    query: Query<LiveQuery>,
) -> Result<HttpResponse, Failure> {
    let again = request
        .headers()
        .get("last-event-id")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let topics = query.0.topics()?;
    let (mut ear, hello) = Ear::open(caller.live(), topics, again.or(query.0.since)).await?;
    // The stream lasts; the call does not, so that a stopping node does not wait for it.
    drop(caller);
    Ok(sse::stream(async_stream::stream! {
        let _open = super::socket::Open::count("sse");
        for said in &hello {
            yield event(said);
        }
        while let Ok(live) = ear.heard().await {
            let Ok(said) = ear.said(&live).await else { return };
            for said in &said {
                yield event(said);
            }
        }
    }))
}

fn event(said: &Said) -> sse::Event {
    let name = match said {
        Said::Hello { .. } => "hello",
        Said::Subscribed { .. } => "subscribed",
        Said::Unsubscribed { .. } => "unsubscribed",
        Said::Event { .. } => "event",
        Said::Presence { .. } => "presence",
        Said::Invalid { .. } => "invalid",
    };
    let told = sse::Event::new(name, said.to_json());
    match said {
        Said::Event { event } => told.with_id(event["number"].to_string()),
        Said::Hello { last } => told.with_id(last.to_string()),
        _ => told,
    }
}
