//! Every route of the tenant's REST API.

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds all routes, and what they say of themselves.
pub(crate) fn all(cfg: &mut ServiceConfig<'_>) {
    cfg.service(crate::openapi::get)
        .configure(crate::folders::routes)
        .configure(crate::work_items::routes)
        .configure(crate::grids::routes)
        .configure(crate::labels::routes)
        .configure(crate::dependencies::routes)
        .configure(crate::members::routes)
        .configure(crate::groups::routes)
        .configure(crate::grants::routes)
        .configure(crate::activity::routes)
        .configure(crate::webhooks::routes)
        .configure(crate::notifications::routes)
        .configure(crate::live::routes);
}
