//! The REST API of a tenant under `/api/v1`: thin handlers over the use cases of `tr_app`.
//!
//! A handler reads the request, calls one use case and shapes the answer. Who may do what, and in
//! which order things are checked, is decided below; this crate only says it in HTTP.

mod caller;
mod maybe;
mod openapi;
mod routes;
pub mod schema;

pub use caller::{Callers, IDENTITY_HEADER};
pub use openapi::{openapi, openapi_json};

use actix_web::web::ServiceConfig;

/// Adds the API to an app, whose data must hold [`Callers`].
pub fn configure(cfg: &mut ServiceConfig) {
    routes::all(&mut utoipa_actix_web::service_config::ServiceConfig::new(
        cfg,
    ));
}
