//! `/grants`: who may do what on a folder or grid, for those who manage it.

mod body;
mod read;
mod write;

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds the routes.
pub(crate) fn routes(cfg: &mut ServiceConfig<'_>) {
    cfg.service(read::list)
        .service(write::create)
        .service(read::get)
        .service(write::delete);
}
