//! The REST API of a tenant under `/api/v1`: thin handlers over the use cases of `tr_app`.
//!
//! A handler reads the request, calls one use case and shapes the answer. Who may do what, and in
//! which order things are checked, is decided below; this crate only says it in HTTP.

mod activity;
mod body;
mod caller;
mod dependencies;
mod failure;
mod folders;
mod grants;
mod grids;
mod groups;
mod labels;
mod live;
mod maybe;
mod members;
mod notifications;
mod openapi;
mod paging;
mod reply;
mod routes;
mod schema;
mod trace;
mod webhooks;
mod work_items;

pub use caller::Api;
pub use openapi::{openapi, openapi_json};
pub use trace::in_trace;

use actix_web::web::ServiceConfig;

/// Adds the API to an app, whose data must hold an [`Api`].
pub fn configure(cfg: &mut ServiceConfig) {
    routes::all(&mut utoipa_actix_web::service_config::ServiceConfig::new(
        cfg,
    ));
}
