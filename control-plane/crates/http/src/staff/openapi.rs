//! Routes and their document, from one list.

use std::sync::OnceLock;

use actix_web::{App, HttpResponse, get, http::header::CACHE_CONTROL};
use utoipa::{OpenApi as _, openapi::OpenApi};
use utoipa_actix_web::{AppExt as _, service_config::ServiceConfig};

use super::{
    access_policies, accounts, approvals, audit, connections, dead_letters, events, groups, links,
    operations, people, queues, servers, support, tenants, timers,
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Trellis: staff API",
        description = "For the back office and staff's own programs, on an internal listener. \
            Staff sign in with a password and a code of their authenticator; the session is a \
            cookie. What changes a tenant is an operation, which is answered with 202 and can be \
            followed. Errors are `application/problem+json` (RFC 9457); branch on `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "Sign-in", description = "In and out."),
        (name = "Tenants", description = "Customers' tenants."),
        (name = "Operations", description = "What is being done to tenants, step by step."),
        (name = "Servers", description = "MariaDB servers that hold tenants' databases."),
        (name = "Placement groups", description = "Sets of tenants kept together."),
        (name = "Staff", description = "Accounts of staff, their roles and sessions."),
        (name = "Access policies", description = "From where people and staff may come in."),
        (name = "Support access", description = "Looking into a tenant with its consent."),
        (name = "People", description = "Who cannot get in, and why; helping them."),
        (name = "Approvals", description = "What waits until a second member of staff agrees."),
        (name = "Queues", description = "The runtime's queues, and messages that found no effect."),
        (name = "Timers", description = "What the runtime does by the clock."),
        (name = "Audit", description = "Who did what."),
        (name = "Meta", description = "About this API."),
    ),
    servers((url = "/", description = "The staff listener.")),
    components(schemas(web::Problem, web::FieldError)),
)]
struct Document;

/// The routes of the staff listener.
pub fn configure(config: &mut actix_web::web::ServiceConfig) {
    documented(&mut ServiceConfig::new(config));
}

fn documented(config: &mut ServiceConfig<'_>) {
    crate::staff_auth::documented_routes(config);
    config
        .service(tenants::list)
        .service(tenants::create)
        .service(tenants::show)
        .service(tenants::suspend)
        .service(tenants::resume)
        .service(timers::usage_of)
        .service(operations::list)
        .service(operations::show)
        .service(operations::retry)
        .service(operations::cancel)
        .service(events::watch)
        .service(servers::list)
        .service(servers::create)
        .service(groups::list)
        .service(groups::create)
        .service(accounts::list)
        .service(links::invite)
        .service(accounts::show)
        .service(accounts::change_role)
        .service(accounts::disable)
        .service(accounts::enable)
        .service(links::reset)
        .service(accounts::list_sessions)
        .service(accounts::end_session)
        .service(accounts::list_own_sessions)
        .service(accounts::end_own_session)
        .service(links::list)
        .service(links::withdraw)
        .service(links::open)
        .service(links::use_up)
        .service(access_policies::list_countries)
        .service(access_policies::put_country)
        .service(access_policies::remove_country)
        .service(access_policies::show_people)
        .service(access_policies::put_people)
        .service(access_policies::show_staff)
        .service(access_policies::put_staff)
        .service(access_policies::dry_run)
        .service(support::list)
        .service(support::show)
        .service(support::request)
        .service(support::enter)
        .service(support::end)
        .service(people::list)
        .service(people::show)
        .service(people::list_sessions)
        .service(people::end_session)
        .service(people::end_sessions)
        .service(people::clear_lockout)
        .service(people::reset_factors)
        .service(connections::list)
        .service(connections::stop)
        .service(approvals::list)
        .service(approvals::show)
        .service(approvals::approve)
        .service(approvals::decline)
        .service(timers::list)
        .service(timers::run_now)
        .service(queues::list)
        .service(queues::backlogs)
        .service(queues::outboxes)
        .service(dead_letters::list)
        .service(dead_letters::how_many)
        .service(dead_letters::groups)
        .service(dead_letters::redrive_all)
        .service(dead_letters::discard_all)
        .service(dead_letters::show)
        .service(dead_letters::redrive)
        .service(dead_letters::discard)
        .service(queues::pause)
        .service(queues::resume)
        .service(audit::list)
        .service(audit::head)
        .service(document);
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

/// The document as it is served and checked in.
#[must_use]
pub fn openapi_json() -> String {
    let mut text = openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Gives this document.
#[utoipa::path(
    tag = "Meta",
    operation_id = "getOpenApi",
    responses((status = 200, description = "The OpenAPI document.", body = serde_json::Value)),
)]
#[get("/staff/v1/openapi.json")]
async fn document() -> HttpResponse {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(openapi_json);
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(text.as_str())
}
