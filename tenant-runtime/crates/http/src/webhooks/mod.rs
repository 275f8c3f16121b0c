//! `/webhooks`: addresses that hear of the tenant's events. Architects keep them.

mod body;
mod deliveries;
mod read;
mod replay;
mod secret;
mod write;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the routes.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(read::list)
        .service(write::create)
        .service(read::get)
        .service(write::patch)
        .service(write::delete)
        .service(secret::rotate)
        .service(replay::test)
        .service(replay::failed)
        .service(deliveries::list)
        .service(deliveries::get)
        .service(replay::one);
}
