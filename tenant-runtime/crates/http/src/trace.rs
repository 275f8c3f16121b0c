//! The trace that a request comes with goes with its work, into the outbox and what follows.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};

/// Has a request's work done as part of the trace that it comes with or that the
/// [edge](web::Edge) started for it. For [`from_fn`](actix_web::middleware::from_fn).
///
/// # Errors
/// Those of the request.
pub async fn in_trace<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let trace = web::trace(request.headers());
    tr_app::trace::within(trace, next.call(request)).await
}
