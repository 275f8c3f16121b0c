//! `/ws` and `/api/v1/events`: live events over a socket, and for those who cannot have one, as
//! server-sent events. Both hear the same through an [`Ear`].

mod ear;
mod ended;
mod events;
mod hearing;
mod presence;
mod query;
mod rate;
mod socket;
mod words;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the routes.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(events::events);
    cfg.service(socket::socket);
}
