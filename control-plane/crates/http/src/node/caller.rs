//! The node that calls, known by its secret.

use actix_web::{
    FromRequest, HttpRequest, dev::Payload, http::header::AUTHORIZATION, web as actix,
};
use cp_app::nodes::{NodeError, Nodes};
use cp_domain::Node;
use futures_util::future::LocalBoxFuture;
use web::{ApiError, ProblemCode};

use super::problems::problem;

/// The node, and what it asks.
pub(super) struct Caller {
    pub(super) node: Node,
    pub(super) nodes: actix::Data<Nodes>,
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let nodes = request.app_data::<actix::Data<Nodes>>().cloned();
        let secret = request.headers().get(AUTHORIZATION).and_then(|value| {
            let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
            scheme
                .eq_ignore_ascii_case("bearer")
                .then(|| secret.trim().to_owned())
        });
        Box::pin(async move {
            let nodes = nodes.ok_or(ProblemCode::Internal)?;
            let secret = secret.ok_or_else(|| problem(NodeError::Unauthenticated))?;
            let node = nodes.authenticate(&secret).await.map_err(problem)?;
            Ok(Self { node, nodes })
        })
    }
}
