//! Routes and their document, from one list.

use std::sync::OnceLock;

use actix_web::{App, HttpResponse, get};
use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_actix_web::{AppExt as _, service_config::ServiceConfig};

use super::{
    access_policy, admin_security, client_secrets, credentials, directory_groups, directory_tokens,
    entrance, invitations, invite_page, members, own_sessions, own_tokens, pages, security,
    sign_in, sso, support,
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Trellis: sign-in and members",
        description = "Sessions are cookies; personal access tokens are sent as \
            `Authorization: Bearer`. Errors are `application/problem+json` (RFC 9457); branch on \
            `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "Sign-in", description = "In and out."),
        (name = "Second factors", description = "Authenticator apps and recovery codes."),
        (name = "Passkeys", description = "WebAuthn credentials, as first or second factor."),
        (name = "Password", description = "Changing it, and replacing a forgotten one."),
        (name = "E-mail address", description = "Moving to another one."),
        (name = "Confirmation", description = "Confirming who one is, before something dangerous."),
        (name = "Sessions", description = "Where one is signed in."),
        (name = "Tokens", description = "Personal access tokens."),
        (name = "Client secrets", description = "By which programs get access tokens at `/oauth/token`."),
        (name = "Directory", description = "The tenant's directory, which speaks SCIM at `/scim/v2`."),
        (name = "Invitations", description = "Coming in for the first time."),
        (name = "Security", description = "How members sign in and from where."),
        (name = "Support access", description = "The platform's staff in a tenant that consented."),
        (name = "Single sign-on", description = "Identity providers, mail domains, and who has to come in by them."),
        (name = "Members", description = "Who belongs to the tenant. Read at the tenant's API."),
    ),
    servers((url = "/", description = "The tenant's own host.")),
    components(schemas(web::Problem, web::FieldError)),
)]
struct Document;

/// The routes of a tenant's host that the control plane answers. Comes after
/// [`web::configure_app`]: what no route takes is answered here.
pub fn configure(config: &mut actix_web::web::ServiceConfig) {
    documented(&mut ServiceConfig::new(config));
    config
        .service(invite_page::open)
        .service(invite_page::show)
        .service(invite_page::submit);
    config.service(document);
    crate::scim::configure(config);
    crate::oauth::configure(config);
    entrance::configure(config);
    sso::configure(config);
    security::configure(config);
    ui::configure_brand(config);
    admin_security::configure(config);
    ui::configure_assets(config);
    config.default_service(actix_web::web::to(pages::unknown));
}

fn documented(config: &mut ServiceConfig<'_>) {
    sso::documented(config);
    config
        .service(sign_in::sign_in)
        .service(sign_in::sign_out)
        .service(sign_in::current);
    credentials::documented(config);
    config
        .service(own_sessions::list)
        .service(own_sessions::revoke)
        .service(own_sessions::revoke_others)
        .service(own_tokens::list)
        .service(own_tokens::create)
        .service(own_tokens::revoke)
        .service(client_secrets::list)
        .service(client_secrets::create)
        .service(client_secrets::revoke)
        .service(directory_tokens::list)
        .service(directory_tokens::create)
        .service(directory_tokens::revoke)
        .service(directory_groups::list)
        .service(directory_groups::map)
        .service(invitations::accept)
        .service(members::invite)
        .service(members::invite_again)
        .service(members::change)
        .service(access_policy::show)
        .service(access_policy::put)
        .service(access_policy::dry_run)
        .service(members::archive)
        .service(support::enter)
        .service(support::enter_by_form)
        .service(support::current)
        .service(support::leave);
}

/// The document.
#[must_use]
pub fn openapi() -> OpenApi {
    let app = App::new()
        .into_utoipa_app()
        .openapi(Document::openapi())
        .configure(documented);
    app.split_for_parts().1
}

#[get("/auth/v1/openapi.json")]
async fn document() -> HttpResponse {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| openapi().to_pretty_json().unwrap_or_default());
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("cache-control", "public, max-age=300"))
        .body(text.as_str())
}
