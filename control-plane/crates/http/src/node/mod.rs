//! The node API: what nodes of the tenant runtime ask, on a listener of its own. Types and client
//! are in `cp-node-api`.
//!
//! Whoever serves these routes puts `actix_web::web::Data<cp_app::nodes::Nodes>` into the app's
//! data.

mod caller;
mod nodes;
mod problems;
mod queues;
mod sweep;
mod tenants;
mod timers;
mod usage;

use actix_web::web as actix;
use cp_node_api::BASE_PATH;

/// Adds the routes.
pub fn configure(cfg: &mut actix::ServiceConfig) {
    cfg.service(
        actix::scope(BASE_PATH)
            .route("/nodes/register", actix::post().to(nodes::register))
            .route("/nodes/{id}/beat", actix::post().to(nodes::beat))
            .route("/nodes/{id}", actix::delete().to(nodes::leave))
            .route("/tenants", actix::get().to(tenants::list))
            .route("/sweep", actix::get().to(sweep::list))
            .route(
                "/tenants/{id}/placement",
                actix::get().to(tenants::placement),
            )
            .route("/tenants/{id}/usage/{day}", actix::put().to(usage::report))
            .route("/queues/report", actix::post().to(queues::report))
            .route("/queues/dead-letters", actix::post().to(queues::keep))
            .route("/timers/lead", actix::post().to(timers::lead))
            .route("/timers/beat", actix::post().to(timers::beat))
            .route("/timers/{name}/slots", actix::post().to(timers::claim))
            .route("/timers/runs/{id}", actix::put().to(timers::progress))
            .route("/changes", actix::get().to(tenants::changes)),
    );
}
