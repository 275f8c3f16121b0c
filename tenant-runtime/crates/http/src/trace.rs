//! The trace that a request comes with goes with its work, into the outbox and what follows.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};

/// Has a request's work done as part of the trace that its `traceparent` names. For
/// [`from_fn`](actix_web::middleware::from_fn).
///
/// # Errors
/// Those of the request.
pub async fn in_trace<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let given = request.headers().get("traceparent");
    let given = given.and_then(|value| value.to_str().ok().map(str::to_owned));
    tr_app::trace::within(given.as_deref(), next.call(request)).await
}
