//! Database servers.

use actix_web::{get, post, web::Data};
use cp_app::fleet::{self, AddServer, Fleet};
use cp_domain::FleetPermission;
use cp_staff_api as api;
use kernel::Page;
use secrecy::SecretString;
use web::{ApiError, Created, Json, Problem, openapi::PageOf};

use super::{caller::Staff, problems, views};

/// Every database server, by name, with how full it is.
#[utoipa::path(
    tag = "Servers",
    operation_id = "listServers",
    responses((status = 200, description = "The servers.", body = PageOf<api::ServerView>)),
)]
#[get("/staff/v1/servers")]
pub(super) async fn list(
    staff: Staff,
    fleet: Data<Fleet>,
) -> Result<Json<Page<api::ServerView>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let servers = fleet::list_servers(&fleet)
        .await
        .map_err(|error| problems::store(&error))?;
    let data = servers.iter().map(views::server).collect();
    Ok(Json(Page {
        data,
        next_cursor: None,
    }))
}

/// Adds a database server. Its password is sealed at once and never answered.
#[utoipa::path(
    tag = "Servers",
    operation_id = "createServer",
    request_body = api::ServerCreate,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer.")),
    responses(
        (status = 201, description = "The server.", body = api::ServerView),
        (status = 409, description = "The name is taken.", body = Problem),
        (status = 422, description = "A field is not what it should be.", body = Problem),
    ),
)]
#[post("/staff/v1/servers")]
pub(super) async fn create(
    staff: Staff,
    fleet: Data<Fleet>,
    body: Json<api::ServerCreate>,
) -> Result<Created<api::ServerView>, ApiError> {
    staff.may(FleetPermission::Extend)?;
    let body = body.into_inner();
    let (requester, keyed) = (staff.requester(), staff.keyed(&body));
    let command = AddServer {
        name: body.name,
        placement_group: body.placement_group,
        host: body.host,
        port: body.port,
        admin_user: body.admin_user,
        admin_password: SecretString::from(body.admin_password),
        max_tenants: body.max_tenants,
    };
    let added = fleet::add_server(&fleet, &requester, command, keyed.as_ref())
        .await
        .map_err(|error| problems::add_server(&error))?;
    Ok(Created {
        location: format!("/staff/v1/servers/{}", added.server.id),
        etag: None,
        body: views::server(&added),
    })
}
