//! Live events over a socket. A client that does not read is let go with a code that says so; one
//! that does not answer pings is gone.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, get, web::Payload};
use actix_ws::{AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Session};
use futures_util::StreamExt as _;
use tokio::time::{Instant, interval_at, sleep, sleep_until, timeout};
use web::{Query, stopping};

use super::{
    ear::Ear,
    ended::Ended,
    query::LiveQuery,
    rate::Rate,
    words::{Asked, Said},
};
use crate::{
    caller::{Caller, ReadItems},
    failure::Failure,
};

/// How long a client may be silent.
const SILENCE: Duration = Duration::from_secs(45);
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
/// client; `hello`, `subscribed`, `unsubscribed`, `event`, `mark`, `presence` and `invalid` to it.
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
    let (settings, now) = (ear.settings(), Instant::now());
    let conversation = Conversation {
        ear,
        session,
        patience: settings.patience,
        rate: Rate::new(settings.burst, now),
        heard_at: now,
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
    patience: Duration,
    rate: Rate,
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
            let _ = timeout(self.patience, self.session.close(Some(reason))).await;
        }
    }

    async fn talk(
        &mut self,
        hello: Vec<Said>,
        mut messages: AggregatedMessageStream,
    ) -> Result<std::convert::Infallible, Over> {
        self.say(hello).await?;
        let heartbeat = self.ear.settings().heartbeat;
        let mut beats = interval_at(Instant::now() + heartbeat, heartbeat);
        let mut stopping = Box::pin(stopping());
        loop {
            let due = self.ear.due();
            let wait = self.rate.wait(Instant::now());
            tokio::select! {
                () = &mut stopping => {
                    return Err(Over::Closed(CloseCode::Restart, "restarting"));
                }
                live = self.ear.heard() => {
                    let said = self.ear.said(&*live?).await?;
                    self.say(said).await?;
                }
                () = sleep(wait), if !wait.is_zero() => {}
                message = messages.next(), if wait.is_zero() => match message {
                    Some(Ok(message)) => self.answer(message).await?,
                    _ => return Err(Over::Gone),
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.ear.tell_due();
                }
                _ = beats.tick() => {
                    if self.heard_at.elapsed() > SILENCE {
                        return Err(Over::Gone);
                    }
                    in_time(self.patience, self.session.ping(b"")).await?;
                    let mark = self.ear.stand();
                    self.say(mark).await?;
                }
            }
        }
    }

    async fn answer(&mut self, message: AggregatedMessage) -> Result<(), Over> {
        self.heard_at = Instant::now();
        self.rate.take(self.heard_at);
        let text = match message {
            AggregatedMessage::Text(text) => text,
            AggregatedMessage::Ping(body) => {
                return in_time(self.patience, self.session.pong(&body)).await;
            }
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

    async fn say(&mut self, said: impl IntoIterator<Item = Said>) -> Result<(), Over> {
        for said in said {
            in_time(self.patience, self.session.text(said.to_json())).await?;
        }
        Ok(())
    }
}

/// Whoever does not accept something in time is too slow, whatever it is.
async fn in_time(
    patience: Duration,
    told: impl Future<Output = Result<(), actix_ws::Closed>>,
) -> Result<(), Over> {
    match timeout(patience, told).await {
        Ok(told) => Ok(told?),
        Err(_) => Err(Ended::Slow.into()),
    }
}
