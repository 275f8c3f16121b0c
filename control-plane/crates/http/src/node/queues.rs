//! How the queues are, and what is to be done with them.

use actix_web::HttpResponse;
use cp_app::{nodes::NodeError, queues};
use cp_node_api::{DeadLetters, QueueOrders, QueueReport};
use web::ApiError;

use super::{caller::Caller, problems::problem};

type Json<T> = actix_web::web::Json<T>;

pub(super) async fn report(
    caller: Caller,
    body: Json<QueueReport>,
) -> Result<Json<QueueOrders>, ApiError> {
    queues::report(&caller.nodes, &caller.node, body.into_inner())
        .await
        .map(actix_web::web::Json)
        .map_err(|error| problem(NodeError::Store(error)))
}

pub(super) async fn keep(
    caller: Caller,
    body: Json<DeadLetters>,
) -> Result<HttpResponse, ApiError> {
    let letters = body.into_inner().letters;
    queues::keep_letters(&caller.nodes, &caller.node, letters)
        .await
        .map_err(|error| problem(NodeError::Store(error)))?;
    Ok(HttpResponse::NoContent().finish())
}
