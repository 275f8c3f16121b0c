//! One request to one node, or to another when that is safe.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, dev::Payload, http::Method};
use cp_domain::Ring;
use futures_util::future::LocalBoxFuture;
use http::HeaderValue;
use hyper::{Request, Response, body::Incoming, client::conn::TrySendError};
use kernel::NodeId;
use web::{ApiError, ProblemCode};

use super::{
    answer::{self, Begun, Carried, NotPassed},
    body::{Passed, Progress, Sent},
    headers::{self, Said},
    outgoing::{self, Outgoing},
    pool::{Connection, Pool},
    tunnel::Tunnel,
};
use crate::{
    limit::{Limit, Permit},
    nodes::{NoNode, NodeTable, Seat, Target},
    paths,
    settings::GatewaySettings,
    streams::{Full, Listener, Streams},
};

/// How many nodes are asked at most.
const ATTEMPTS: usize = 3;
/// When to come again, in seconds.
const RETRY_AFTER: u32 = 1;
/// When to come again with a tunnel or stream of events: others last longer than requests.
const STREAM_RETRY_AFTER: u32 = 5;

/// What all threads share.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) nodes: NodeTable,
    pub(crate) limit: Limit,
    pub(crate) streams: Streams,
    pub(crate) settings: GatewaySettings,
    /// `http` or `https`: what clients use.
    pub(crate) proto: &'static str,
}

/// Passes requests on, in one thread.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    relay: Arc<Relay>,
    pool: Pool,
}

/// What a request is about.
pub(crate) struct Errand<'a> {
    /// The ring of the tenant.
    pub(crate) ring: Ring,
    /// For whom it is.
    pub(crate) identity: HeaderValue,
    /// Whose tunnel or stream of events it would be.
    pub(crate) listener: Listener,
    /// The host that the client asked.
    pub(crate) host: &'a str,
    /// The request's id.
    pub(crate) request_id: &'a str,
    /// Makes what is done when a tunnel or a stream of events has to end.
    pub(crate) over: &'a dyn Fn() -> LocalBoxFuture<'static, ()>,
}

/// Why an attempt brought no answer.
enum Failed {
    /// The node never got the request; here is its body.
    Unsent(Sent),
    /// The node may have got it.
    Lost,
    /// The node took too long.
    TimedOut,
    /// The client's side failed while the body was passed on.
    Body(ApiError),
}

impl Proxy {
    pub(crate) fn new(relay: Arc<Relay>) -> Self {
        Self {
            relay,
            pool: Pool::default(),
        }
    }

    /// Passes a request to a node of the ring, and the answer back.
    ///
    /// # Errors
    /// When there is no node, or none that answers, or the body may not be passed on.
    pub(crate) async fn forward(
        &self,
        request: &HttpRequest,
        payload: Payload,
        errand: Errand<'_>,
    ) -> Result<HttpResponse<Passed>, ApiError> {
        let mut permit = self.relay.limit.take().ok_or_else(busy)?;
        if let Some(protocol) = headers::upgrade(request.headers()) {
            return self
                .tunnel(request, payload, errand, protocol, permit)
                .await;
        }
        let mut outgoing = Outgoing::read(request, payload, &self.relay.settings).await?;
        let mut tried: Vec<NodeId> = Vec::new();
        let mut last = no_node();
        while tried.len() < ATTEMPTS {
            let (target, seat) = match self.relay.nodes.choose(errand.ring, &tried) {
                Ok(chosen) => chosen,
                Err(NoNode::Busy) => return Err(busy()),
                Err(NoNode::None) => break,
            };
            let Some(body) = outgoing.take() else { break };
            let outcome = self.attempt(request, body, &errand, &target).await;
            let failed = match outcome {
                Ok((response, connection)) => {
                    self.relay.nodes.reached(&target);
                    let carried = Carried {
                        connection,
                        seat,
                        permit,
                    };
                    let passed = self.pass(request, response, carried, &errand, &target);
                    match passed.await {
                        Ok(answer) => return Ok(answer),
                        Err(NotPassed::BrokenOff(back)) => {
                            permit = back;
                            Failed::Lost
                        }
                        Err(NotPassed::Full(back, Full::Node)) if outgoing.repeatable => {
                            permit = back;
                            last = too_many(Full::Node);
                            tried.push(target.id);
                            continue;
                        }
                        Err(NotPassed::Full(_, full)) => return Err(too_many(full)),
                    }
                }
                Err(failed) => failed,
            };
            last = match failed {
                Failed::Unsent(body) => {
                    outgoing.give_back(body);
                    no_node()
                }
                Failed::Lost if outgoing.repeatable => lost(request.method()),
                Failed::Lost => {
                    self.relay.nodes.pass_over(&target);
                    return Err(lost(request.method()));
                }
                Failed::TimedOut => return Err(ApiError::new(ProblemCode::GatewayTimeout)),
                Failed::Body(problem) => return Err(problem),
            };
            self.relay.nodes.pass_over(&target);
            metrics::counter!("gateway_retries_total").increment(1);
            tried.push(target.id);
        }
        Err(last)
    }

    /// Sends the request to a node, over a connection that was used before when there is one.
    async fn attempt(
        &self,
        request: &HttpRequest,
        mut body: Sent,
        errand: &Errand<'_>,
        target: &Target,
    ) -> Result<(Response<Incoming>, Connection), Failed> {
        if let Some(connection) = self.pool.idle(&target.address).await {
            match self.send(request, body, errand, target, connection).await {
                // It was closed just now; that says nothing of the node.
                Err(Failed::Unsent(back)) => body = back,
                other => return other,
            }
        }
        let patience = self.relay.settings.connect_timeout();
        match self.pool.connect(&target.address, patience).await {
            Ok(connection) => self.send(request, body, errand, target, connection).await,
            Err(error) => {
                tracing::debug!(node = target.name, %error, "a node was not reached");
                Err(Failed::Unsent(body))
            }
        }
    }

    async fn send(
        &self,
        request: &HttpRequest,
        body: Sent,
        errand: &Errand<'_>,
        target: &Target,
        mut connection: Connection,
    ) -> Result<(Response<Incoming>, Connection), Failed> {
        let progress = match &body {
            Sent::Streamed(body) => Some(body.progress()),
            Sent::Empty | Sent::Whole(_) => None,
        };
        let outbound = self
            .outbound(request, body, errand, target, None)
            .map_err(Failed::Body)?;
        let mut sending = std::pin::pin!(connection.sender.try_send_request(outbound));
        let patience = self.relay.settings.first_byte_timeout();
        let sent = loop {
            match tokio::time::timeout(patience, &mut sending).await {
                Ok(sent) => break sent,
                // The node waits for the client, who has a time limit of their own.
                Err(_)
                    if progress
                        .as_ref()
                        .is_some_and(|progress| !progress.done.get()) => {}
                Err(_) => return Err(Failed::TimedOut),
            }
        };
        match sent {
            Ok(response) => Ok((response, connection)),
            Err(error) => Err(self.why(error, progress.as_deref())),
        }
    }

    fn why(&self, mut error: TrySendError<Request<Sent>>, progress: Option<&Progress>) -> Failed {
        if let Some(unsent) = error.take_message() {
            return Failed::Unsent(unsent.into_body());
        }
        if let Some(fault) = progress.and_then(|progress| progress.fault.get()) {
            return Failed::Body(outgoing::explain(fault, self.relay.settings.body_limit));
        }
        tracing::debug!(error = %error.into_error(), "a node was lost with a request");
        Failed::Lost
    }

    async fn pass(
        &self,
        request: &HttpRequest,
        response: Response<Incoming>,
        carried: Carried,
        errand: &Errand<'_>,
        target: &Target,
    ) -> Result<HttpResponse<Passed>, NotPassed> {
        let settings = &self.relay.settings;
        let to_head = *request.method() == Method::HEAD;
        let patience = answer::Patience {
            whole_up_to: settings.answer_buffer,
            idle: settings.idle_timeout(),
        };
        let begin = || {
            Ok(Begun {
                place: self.relay.streams.take(errand.listener)?,
                seat: self.relay.nodes.seat_stream(target).ok_or(Full::Node)?,
                over: (errand.over)(),
            })
        };
        answer::pass(response, to_head, carried, patience, &begin).await
    }

    /// Opens a tunnel, when the node agrees to the upgrade. Until then it is a request, too.
    async fn tunnel(
        &self,
        request: &HttpRequest,
        payload: Payload,
        errand: Errand<'_>,
        protocol: &str,
        permit: Permit,
    ) -> Result<HttpResponse<Passed>, ApiError> {
        let place = self.relay.streams.take(errand.listener).map_err(too_many)?;
        let (target, connection, seat) = self.dial_for_upgrade(errand.ring).await?;
        let stream = self.relay.nodes.seat_stream(&target);
        let stream = stream.ok_or_else(|| too_many(Full::Node))?;
        let outbound = self.outbound(request, Sent::Empty, &errand, &target, Some(protocol))?;
        let mut connection = connection;
        let sending = connection.sender.try_send_request(outbound);
        let patience = self.relay.settings.first_byte_timeout();
        let sent = tokio::time::timeout(patience, sending).await;
        let sent = sent.map_err(|_| ApiError::new(ProblemCode::GatewayTimeout))?;
        let mut response = sent.map_err(|_| ApiError::new(ProblemCode::BadGateway))?;
        if response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
            let carried = Carried {
                connection,
                seat,
                permit,
            };
            drop((place, stream));
            let passed = self.pass(request, response, carried, &errand, &target);
            return passed.await.map_err(|failed| match failed {
                NotPassed::BrokenOff(_) => ApiError::new(ProblemCode::BadGateway),
                NotPassed::Full(_, full) => too_many(full),
            });
        }
        let node = hyper::upgrade::on(&mut response).await;
        let node = node.map_err(|error| ApiError::new(ProblemCode::BadGateway).because(&error))?;
        let tunnel = Tunnel::open(node, payload, (errand.over)(), stream, place);
        let (parts, _) = response.into_parts();
        Ok(answer::switch(&parts, protocol, Passed::tunnelled(tunnel)))
    }

    async fn dial_for_upgrade(
        &self,
        ring: Ring,
    ) -> Result<(Arc<Target>, Connection, Seat), ApiError> {
        let mut tried = Vec::new();
        while tried.len() < ATTEMPTS {
            let (target, seat) = match self.relay.nodes.choose_for_stream(ring, &tried) {
                Ok(chosen) => chosen,
                Err(NoNode::Busy) => return Err(busy()),
                Err(NoNode::None) => break,
            };
            let patience = self.relay.settings.connect_timeout();
            match self
                .pool
                .connect_for_upgrade(&target.address, patience)
                .await
            {
                Ok(connection) => return Ok((target, connection, seat)),
                Err(error) => {
                    tracing::debug!(node = target.name, %error, "a node was not reached");
                    self.relay.nodes.pass_over(&target);
                    tried.push(target.id);
                }
            }
        }
        Err(no_node())
    }

    fn outbound(
        &self,
        request: &HttpRequest,
        body: Sent,
        errand: &Errand<'_>,
        target: &Target,
        upgrade: Option<&str>,
    ) -> Result<Request<Sent>, ApiError> {
        let bad =
            || ApiError::new(ProblemCode::BadRequest).detail("the request target is malformed");
        let said = Said {
            identity: &errand.identity,
            request_id: errand.request_id,
            host: errand.host,
            proto: self.relay.proto,
            node: &target.address,
        };
        let mut outbound = Request::new(body);
        let method = request.method().as_str().as_bytes();
        *outbound.method_mut() = http::Method::from_bytes(method).map_err(|_| bad())?;
        *outbound.uri_mut() = headers::target(request).ok_or_else(bad)?;
        *outbound.headers_mut() = headers::to_node(request, &said, upgrade);
        Ok(outbound)
    }
}

fn busy() -> ApiError {
    ApiError::new(ProblemCode::Busy)
        .detail("too many requests at a time")
        .retry_after(RETRY_AFTER)
}

/// The problem of a tunnel or stream of events that may not be opened.
fn too_many(full: Full) -> ApiError {
    let code = match full {
        Full::Credential | Full::Tenant => ProblemCode::TooManyRequests,
        Full::Node | Full::Gateway => ProblemCode::Busy,
    };
    ApiError::new(code)
        .detail(full.to_string())
        .retry_after(STREAM_RETRY_AFTER)
}

fn no_node() -> ApiError {
    ApiError::new(ProblemCode::Unavailable)
        .detail("no node can take the request now")
        .retry_after(RETRY_AFTER)
}

/// The problem of a request that a node was lost with.
fn lost(method: &Method) -> ApiError {
    if paths::is_safe(method) {
        return ApiError::new(ProblemCode::BadGateway).retry_after(RETRY_AFTER);
    }
    ApiError::new(ProblemCode::OutcomeUnknown)
}
