//! The outermost middleware: every request gets an id and a trace, every error becomes a problem,
//! every answer one log line and one measurement.
//!
//! It is on the path of every request, so it makes no more than it must: one span with the
//! request id, no allocation for what is not logged, handles of metrics kept per thread.

mod measure;

use std::{
    any::Any,
    future::{Ready, ready},
    panic::AssertUnwindSafe,
    rc::Rc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    http::{
        Method, StatusCode,
        header::{
            CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
        },
    },
};
use clock::Clock;
use futures_util::{FutureExt as _, future::LocalBoxFuture};
use kernel::{RequestId, TenantId, Traceparent};
use tracing::Instrument as _;

use crate::{ApiError, ProblemCode, problem::MEDIA_TYPE};

/// `traceparent` of W3C Trace Context.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// `X-Request-Id`.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Mark of a response (in its extensions) whose error body is meant: a proxied answer, the
/// reasons of `/readyz`. The edge leaves it alone.
#[derive(Debug, Clone, Copy)]
pub struct AsIs;

/// Mark of a request (in its extensions) with the tenant that it is for, so that the access log
/// names it.
#[derive(Debug, Clone, Copy)]
pub struct Tenant(pub TenantId);

/// Wraps every app.
#[derive(Debug, Clone)]
pub struct Edge {
    clock: Clock,
}

impl Edge {
    /// The edge, with the clock that makes the ids of requests and traces.
    #[must_use]
    pub const fn new(clock: Clock) -> Self {
        Self { clock }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Edge
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = EdgeService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(EdgeService {
            service: Rc::new(service),
            clock: self.clock.clone(),
        }))
    }
}

/// The middleware of one worker.
#[derive(Debug)]
pub struct EdgeService<S> {
    service: Rc<S>,
    clock: Clock,
}

impl<S, B> Service<ServiceRequest> for EdgeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let visit = Visit {
            started: Instant::now(),
            method: request.method().clone(),
            trace: self.trace_of(&mut request),
            id: inbound_id(request.headers()).unwrap_or_else(|| self.clock.new_request_id()),
        };
        request.extensions_mut().insert(visit.id.clone());
        let span = tracing::info_span!("request", request_id = visit.id.as_str());
        let service = Rc::clone(&self.service);
        let work = AssertUnwindSafe(async move { service.call(request).await }).catch_unwind();
        Box::pin(
            async move {
                match work.await {
                    Ok(Ok(response)) => Ok(visit.finish(response)),
                    Ok(Err(error)) => Err(visit.fail(&error)),
                    Err(panic) => Err(visit.panicked(panic.as_ref())),
                }
            }
            .instrument(span),
        )
    }
}

impl<S> EdgeService<S> {
    /// The trace that the request comes with; else one that starts here, which the request then
    /// comes with for all that looks at it and for every server that it is passed on to.
    fn trace_of(&self, request: &mut ServiceRequest) -> Traceparent {
        if let Some(given) = trace(request.headers()) {
            return given;
        }
        let started = self.clock.new_trace();
        if let Ok(value) = HeaderValue::from_str(started.as_str()) {
            request.headers_mut().insert(TRACEPARENT, value);
        }
        started
    }
}

/// What the edge remembers of a request while it is served.
struct Visit {
    started: Instant,
    method: Method,
    trace: Traceparent,
    id: RequestId,
}

impl Visit {
    fn finish<B: MessageBody>(
        &self,
        response: ServiceResponse<B>,
    ) -> ServiceResponse<EitherBody<B>> {
        let route = response.request().match_pattern();
        let route = route.as_deref().unwrap_or("-");
        let tenant = response
            .request()
            .extensions()
            .get::<Tenant>()
            .map(|mark| mark.0);
        let status = response.status();
        let mut response = if status.as_u16() < 400 {
            self.log(status, route, tenant, None);
            response.map_into_left_body()
        } else {
            let error = response.response().error();
            let api = error.and_then(Error::as_error::<ApiError>);
            match (api, error) {
                (Some(api), _) => self.log(status, route, tenant, api.cause()),
                (None, Some(other)) => self.log(status, route, tenant, Some(&other.to_string())),
                (None, None) => self.log(status, route, tenant, None),
            }
            self.as_problem(response)
        };
        if let Ok(id) = HeaderValue::from_str(self.id.as_str()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    /// The answer, with a problem for a body unless it has one that is meant.
    fn as_problem<B: MessageBody>(
        &self,
        response: ServiceResponse<B>,
    ) -> ServiceResponse<EitherBody<B>> {
        let error = response.response().error();
        let replacement = if let Some(api) = error.and_then(Error::as_error::<ApiError>) {
            api.response(self.id.as_str())
        } else if is_meant(response.response()) {
            return response.map_into_left_body();
        } else {
            let general = ApiError::new(ProblemCode::of_status(response.status()));
            let general = match error {
                Some(error) if response.status().is_client_error() => {
                    general.detail(error.to_string())
                }
                _ => general,
            };
            let mut plain = general.response(self.id.as_str());
            *plain.status_mut() = response.status();
            plain
        };
        let (request, old) = response.into_parts();
        let mut replacement = replacement;
        for (name, value) in old.headers() {
            let of_body = [CONTENT_TYPE, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name);
            if !of_body && !replacement.headers().contains_key(name) {
                replacement
                    .headers_mut()
                    .append(name.clone(), value.clone());
            }
        }
        ServiceResponse::new(request, replacement.map_into_right_body())
    }

    /// An error that no handler made an answer of, such as a middleware's.
    fn fail(&self, error: &Error) -> Error {
        let failure = if let Some(api) = error.as_error::<ApiError>() {
            self.log(api.code().status(), "-", None, api.cause());
            api.response(self.id.as_str())
        } else {
            let status = error.as_response_error().status_code();
            self.log(status, "-", None, Some(&error.to_string()));
            let mut response =
                ApiError::new(ProblemCode::of_status(status)).response(self.id.as_str());
            *response.status_mut() = status;
            response
        };
        self.answer(failure)
    }

    fn panicked(&self, panic: &(dyn Any + Send)) -> Error {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        let cause = format!("panic: {message}");
        self.log(StatusCode::INTERNAL_SERVER_ERROR, "-", None, Some(&cause));
        self.answer(ApiError::new(ProblemCode::Internal).response(self.id.as_str()))
    }

    fn answer(&self, mut response: HttpResponse) -> Error {
        if let Ok(id) = HeaderValue::from_str(self.id.as_str()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        actix_web::error::InternalError::from_response("answered at the edge", response).into()
    }

    fn log(&self, status: StatusCode, route: &str, tenant: Option<TenantId>, cause: Option<&str>) {
        let elapsed: Duration = self.started.elapsed();
        measure::request(&self.method, route, status, elapsed);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "access",
                    method = self.method.as_str(),
                    route,
                    status = status.as_u16(),
                    micros,
                    tenant = tenant.map(tracing::field::display),
                    trace_id = self.trace.trace_id(),
                    cause,
                )
            };
        }
        if status.is_server_error() {
            line!(error);
        } else {
            line!(info);
        }
    }
}

fn inbound_id(headers: &HeaderMap) -> Option<RequestId> {
    RequestId::parse(headers.get(REQUEST_ID)?.to_str().ok()?)
}

/// The trace that a request with these headers is part of, when they name one properly.
#[must_use]
pub fn trace(headers: &HeaderMap) -> Option<Traceparent> {
    Traceparent::parse(headers.get(TRACEPARENT)?.to_str().ok()?)
}

/// Whether the body of an error was chosen by who answered.
fn is_meant<B>(response: &HttpResponse<B>) -> bool {
    if response.extensions().get::<AsIs>().is_some() {
        return true;
    }
    let Some(media_type) = response.headers().get(CONTENT_TYPE) else {
        return false;
    };
    let media_type = media_type.to_str().unwrap_or_default();
    media_type.starts_with(MEDIA_TYPE) || media_type.starts_with("text/html")
}
