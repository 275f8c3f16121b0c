//! Live events over a socket. A client that does not read is let go with a code that says so; one
//! that does not answer pings is gone.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, get, web::Payload};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Session};
use futures_util::StreamExt as _;
use tokio::time::{Instant, interval_at, sleep_until, timeout};
use web::{Query, stopping};

use super::{
    ear::Ear,
    ended::Ended,
    query::LiveQuery,
    words::{Asked, Said},
};
use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
};

/// How often a client is asked whether it lives, and how long it may be silent.
const PING: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(45);
/// How long a client may take to accept what it is told.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest message of a client.
const LARGEST: usize = 16 * 1024;
/// Closing code: the client was too slow; it comes again with its last number.
const TOO_SLOW: u16 = 4008;

/// Counts who listens.
pub(super) struct Open(&'static str);

impl Open {
    pub(super) fn count(way: &'static str) -> Self {
        metrics::gauge!("live_listeners", "way" => way).increment(1.0);
        Self(way)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!("live_listeners", "way" => self.0).decrement(1.0);
    }
}

/// Opens a socket (RFC 6455). Messages are JSON: `subscribe`, `unsubscribe` and `presence` from the
/// client; `hello`, `subscribed`, `unsubscribed`, `event`, `presence` and `invalid` to it.
#[utoipa::path(
    tag = "Live",
    operation_id = "openSocket",
    params(LiveQuery),
    responses((status = 101, description = "A socket.")),
    security(("session" = []), ("token" = ["work_items:read"])),
)]
#[get("/ws")]
pub(super) async fn socket(
    request: HttpRequest,
    body: Payload,
    caller: Caller<ReadItems>,
    query: Query<LiveQuery>,
) -> Result<HttpResponse, Failure> {
    let (ear, hello) = Ear::open(caller.live(), query.0.topics()?, query.0.mark()?).await?;
    let (response, session, messages) = actix_ws::handle(&request, body).map_err(not_a_socket)?;
    let messages = messages
        .max_frame_size(LARGEST)
        .aggregate_continuations()
        .max_continuation_size(LARGEST);
    let conversation = Conversation {
        ear,
        session,
        heard_at: Instant::now(),
    };
    actix_web::rt::spawn(conversation.hold(hello, messages));
    Ok(response)
}

fn not_a_socket(_: actix_web::Error) -> Failure {
    web::ApiError::new(web::ProblemCode::InvalidHeader)
        .detail("this is for sockets: an upgrade is needed")
        .into()
}

/// Why a conversation ends.
enum Over {
    /// The client went or fell silent.
    Gone,
    /// We end it, with this code.
    Closed(CloseCode, &'static str),
}

impl From<actix_ws::Closed> for Over {
    fn from(_: actix_ws::Closed) -> Self {
        Self::Gone
    }
}

impl From<Ended> for Over {
    fn from(ended: Ended) -> Self {
        let code = match ended {
            Ended::Slow => CloseCode::Other(TOO_SLOW),
            Ended::Moved => CloseCode::Restart,
            Ended::Unsure => CloseCode::Again,
        };
        Self::Closed(code, ended.reason())
    }
}

struct Conversation {
    ear: Ear,
    session: Session,
    heard_at: Instant,
}

impl Conversation {
    async fn hold(mut self, hello: Vec<Said>, messages: AggregatedMessageStream) {
        let _open = Open::count("socket");
        let Err(over) = self.talk(hello, messages).await;
        self.ear.leave();
        if let Over::Closed(code, reason) = over {
            metrics::counter!("live_closed_total", "reason" => reason).increment(1);
            let reason = CloseReason {
                code,
                description: Some(reason.to_owned()),
            };
            // Whoever does not read does not get this either.
            let _ = timeout(PATIENCE, self.session.close(Some(reason))).await;
        }
    }

    async fn talk(
        &mut self,
        hello: Vec<Said>,
        mut messages: AggregatedMessageStream,
    ) -> Result<std::convert::Infallible, Over> {
        self.say(hello).await?;
        let mut pings = interval_at(Instant::now() + PING, PING);
        let mut stopping = Box::pin(stopping());
        loop {
            let due = self.ear.due();
            tokio::select! {
                () = &mut stopping => {
                    return Err(Over::Closed(CloseCode::Restart, "restarting"));
                }
                live = self.ear.heard() => {
                    let said = self.ear.said(&*live?).await?;
                    self.say(said).await?;
                }
                message = messages.next() => match message {
                    Some(Ok(message)) => self.answer(message).await?,
                    _ => return Err(Over::Gone),
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.ear.tell_due();
                }
                _ = pings.tick() => {
                    if self.heard_at.elapsed() > SILENCE {
                        return Err(Over::Gone);
                    }
                    self.session.ping(b"").await?;
                }
            }
        }
    }

    async fn answer(&mut self, message: AggregatedMessage) -> Result<(), Over> {
        self.heard_at = Instant::now();
        let text = match message {
            AggregatedMessage::Text(text) => text,
            AggregatedMessage::Ping(body) => return Ok(self.session.pong(&body).await?),
            AggregatedMessage::Pong(_) => return Ok(()),
            AggregatedMessage::Close(_) => return Err(Over::Gone),
            AggregatedMessage::Binary(_) => {
                return Err(Over::Closed(CloseCode::Unsupported, "text only"));
            }
        };
        let said = match serde_json::from_str(&text) {
            Ok(Asked::Subscribe { topics }) => self.ear.subscribe(topics).await?,
            Ok(Asked::Unsubscribe { topics }) => self.ear.unsubscribe(topics),
            Ok(Asked::Presence { grid_id, state }) => {
                self.ear.present(grid_id, state);
                Vec::new()
            }
            Err(error) => vec![Said::Invalid {
                detail: error.to_string(),
            }],
        };
        self.say(said).await
    }

    async fn say(&mut self, said: Vec<Said>) -> Result<(), Over> {
        for said in said {
            match timeout(PATIENCE, self.session.text(said.to_json())).await {
                Ok(told) => told?,
                Err(_) => return Err(Ended::Slow.into()),
            }
        }
        Ok(())
    }
}
