//! `/groups`: internal members read them, architects keep the custom ones.

mod body;
mod members;
mod read;
mod write;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the routes.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(read::list)
        .service(write::create)
        .service(read::get)
        .service(write::patch)
        .service(write::delete)
        .service(members::list)
        .service(members::put)
        .service(members::delete);
}
