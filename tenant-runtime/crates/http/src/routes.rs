//! Every route of the tenant's REST API.

use utoipa_actix_web::service_config::ServiceConfig;

/// Adds all routes, and what they say of themselves.
pub(crate) fn all(cfg: &mut ServiceConfig<'_>) {
    cfg.service(crate::openapi::get);
}
