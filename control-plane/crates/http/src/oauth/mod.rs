//! OAuth 2.0 of a tenant's host: access tokens for clients of members (RFC 6749 §4.4), and what a
//! client may want to know before (RFC 8414).

mod client;
mod token;

use actix_web::{
    HttpResponse, get,
    http::header::CACHE_CONTROL,
    web::{self as actix, Data, ServiceConfig},
};
use cp_app::Auth;
use kernel::Scope;
use serde_json::json;
use web::JsonLimit;

use crate::auth::Tenant;

/// The largest request for a token.
const LIMIT: JsonLimit = JsonLimit(8 * 1024);

/// The routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(
            actix::resource("/oauth/token")
                .app_data(LIMIT)
                .route(actix::post().to(token::issue)),
        )
        .service(keys)
        .service(metadata);
}

/// The public keys by which others check what this server signs for them: none yet. The keys of
/// the gateway serve nothing else and are not among them.
#[get("/.well-known/jwks.json")]
async fn keys(Tenant(_): Tenant) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .json(json!({ "keys": [] }))
}

#[get("/.well-known/oauth-authorization-server")]
async fn metadata(auth: Data<Auth>, Tenant(tenant): Tenant) -> HttpResponse {
    let issuer = auth.links.tenant(&tenant.slug);
    let scopes = Scope::ALL.map(Scope::as_str);
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .json(json!({
            "token_endpoint": format!("{issuer}/oauth/token"),
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "issuer": issuer,
            "scopes_supported": scopes,
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }))
}
