//! A node comes, stays and goes.

use actix_web::HttpResponse;
use cp_app::nodes::NodeStart;
use cp_node_api::{BeatAnswer, NodeBeat, NodeRegistered, NodeRegistration};
use kernel::NodeId;
use web::{ApiError, ProblemCode};

use super::{caller::Caller, problems::problem};

type Json<T> = actix_web::web::Json<T>;

pub(super) async fn register(
    caller: Caller,
    body: Json<NodeRegistration>,
) -> Result<Json<NodeRegistered>, ApiError> {
    let body = body.into_inner();
    let ring = body.ring.parse().map_err(|error: cp_domain::UnknownRing| {
        ApiError::new(ProblemCode::RuleBroken).detail(error.to_string())
    })?;
    let start = NodeStart {
        name: body.name,
        address: body.address,
        ring,
        version: body.version,
    };
    let news = caller
        .nodes
        .register(&caller.node, &start)
        .await
        .map_err(problem)?;
    tracing::info!(
        node = start.name,
        address = start.address,
        "a node has registered"
    );
    Ok(actix_web::web::Json(NodeRegistered {
        node_id: caller.node.id,
        beat_seconds: news.beat_seconds,
        identity_keys: news.keys,
        revision: news.revision,
    }))
}

pub(super) async fn beat(
    caller: Caller,
    id: web::Path<NodeId>,
    body: Json<NodeBeat>,
) -> Result<Json<BeatAnswer>, ApiError> {
    let beat = body.into_inner();
    let news = caller
        .nodes
        .beat(&caller.node, id.into_inner(), beat.draining, beat.in_flight);
    let news = news.await.map_err(problem)?;
    Ok(actix_web::web::Json(BeatAnswer {
        identity_keys: news.keys,
        revision: news.revision,
    }))
}

pub(super) async fn leave(caller: Caller, id: web::Path<NodeId>) -> Result<HttpResponse, ApiError> {
    caller
        .nodes
        .leave(&caller.node, id.into_inner())
        .await
        .map_err(problem)?;
    tracing::info!(node = caller.node.name, "a node has left");
    Ok(HttpResponse::NoContent().finish())
}
