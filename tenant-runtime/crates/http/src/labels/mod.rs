//! `/labels`: coloured tags of the tenant. Everybody reads them; architects and builders keep them.

mod body;
mod read;
mod write;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the routes.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(read::list)
        .service(write::create)
        .service(read::get)
        .service(write::patch)
        .service(write::delete);
}
