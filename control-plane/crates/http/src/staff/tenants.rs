//! Tenants.

use actix_web::{HttpResponse, get, http::header::LOCATION, post, web::Data};
use cp_app::{
    Auth,
    fleet::{
        self, Accepted, Architect, CreateTenant, DEFAULT_GROUP, DEFAULT_PLAN, Fleet, Suspend,
        Suspension, TenantFilter,
    },
};
use cp_domain::{Email, FleetPermission, Slug};
use cp_staff_api as api;
use kernel::{Cursor, Page, TenantId};
use web::{ApiError, Json, Path, Problem, ProblemCode, Query, openapi::PageOf};

use super::{caller::Staff, problems, views};

/// Tenants by slug. Purged ones are listed only when asked for by state.
#[utoipa::path(
    tag = "Tenants",
    operation_id = "listTenants",
    params(api::TenantQuery),
    responses((status = 200, description = "A page of tenants.", body = PageOf<api::TenantSummary>)),
)]
#[get("/staff/v1/tenants")]
pub(super) async fn list(
    staff: Staff,
    fleet: Data<Fleet>,
    query: Query<api::TenantQuery>,
) -> Result<Json<Page<api::TenantSummary>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let query = query.into_inner();
    let after = query
        .cursor
        .as_ref()
        .map(Cursor::decode::<String>)
        .transpose();
    let filter = TenantFilter {
        prefix: query.q.filter(|q| !q.is_empty()),
        state: query.state.map(views::tenant_state_of),
        after: after.map_err(|_| ApiError::new(ProblemCode::InvalidCursor))?,
    };
    let (tenants, servers) = fleet::list_tenants(&fleet, &filter, query.limit)
        .await
        .map_err(|error| problems::store(&error))?;
    let page = Page::from_rows(tenants, query.limit, |last| {
        Cursor::encode(&last.tenant.slug)
    });
    Ok(Json(page.map(|listed| {
        views::tenant(&listed, &servers, &fleet.links)
    })))
}

/// One tenant: where it lives, its schema, its people, its last operations.
#[utoipa::path(
    tag = "Tenants",
    operation_id = "getTenant",
    params(("id" = String, Path, format = Uuid, description = "The tenant.")),
    responses(
        (status = 200, description = "The tenant.", body = api::TenantDetail),
        (status = 404, description = "There is no such tenant.", body = Problem),
    ),
)]
#[get("/staff/v1/tenants/{id}")]
pub(super) async fn show(
    staff: Staff,
    fleet: Data<Fleet>,
    id: Path<TenantId>,
) -> Result<Json<api::TenantDetail>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let found = fleet::find_tenant(&fleet, id.into_inner()).await;
    let page = found.map_err(|error| problems::store(&error))?;
    let page = page.ok_or_else(|| ApiError::new(ProblemCode::NotFound))?;
    Ok(Json(views::tenant_detail(&page, &fleet.links)))
}

/// Asks for a tenant. An operation makes it; follow that.
#[utoipa::path(
    tag = "Tenants",
    operation_id = "createTenant",
    request_body = api::TenantCreate,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer.")),
    responses(
        (status = 202, description = "The operation is written down. `Location` is its address.", body = api::Accepted),
        (status = 409, description = "The slug is taken, or there is no room.", body = Problem),
        (status = 422, description = "A field is not what it should be.", body = Problem),
    ),
)]
#[post("/staff/v1/tenants")]
pub(super) async fn create(
    staff: Staff,
    fleet: Data<Fleet>,
    body: Json<api::TenantCreate>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::Operate)?;
    let body = body.into_inner();
    let requester = staff.requester();
    let keyed = staff.keyed(&body);
    let command = command(body)?;
    let accepted = fleet::create_tenant(&fleet, &requester, command, keyed.as_ref())
        .await
        .map_err(|error| problems::create_tenant(&error))?;
    Ok(answer(accepted))
}

/// Takes a tenant out of service: at the gateway, then at its database.
#[utoipa::path(
    tag = "Tenants",
    operation_id = "suspendTenant",
    params(
        ("id" = String, Path, format = Uuid, description = "The tenant."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    request_body = api::SuspendTenant,
    responses(
        (status = 202, description = "The operation is written down.", body = api::Accepted),
        (status = 404, description = "There is no such tenant.", body = Problem),
        (status = 409, description = "It is not in service, is being changed, or so many people would be put out that another member of staff has to agree first.", body = Problem),
        (status = 422, description = "The reason is missing, or the slug was typed wrong.", body = Problem),
    ),
)]
#[post("/staff/v1/tenants/{id}/suspend")]
pub(super) async fn suspend(
    staff: Staff,
    fleet: Data<Fleet>,
    auth: Data<Auth>,
    id: Path<TenantId>,
    body: Json<api::SuspendTenant>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::Operate)?;
    let body = body.into_inner();
    let (requester, keyed) = (staff.requester(), staff.keyed(&body));
    let command = Suspend {
        tenant: id.into_inner(),
        reason: &body.reason,
        confirm: body.confirm.as_deref(),
        second_person_from: auth.staff.second_person_from,
    };
    let suspended = fleet::suspend(&fleet, &requester, command, keyed.as_ref())
        .await
        .map_err(|error| problems::approval(&error))?;
    match suspended {
        Suspension::Accepted(accepted) => Ok(answer(accepted)),
        Suspension::Waits(approval) => Err(ApiError::new(ProblemCode::SecondPersonRequired)
            .detail(format!(
                "Another member of staff has to agree: /staff/v1/approvals/{}.",
                approval.id
            ))),
    }
}

/// Puts a suspended tenant back into service, as it was.
#[utoipa::path(
    tag = "Tenants",
    operation_id = "resumeTenant",
    params(
        ("id" = String, Path, format = Uuid, description = "The tenant."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 202, description = "The operation is written down.", body = api::Accepted),
        (status = 404, description = "There is no such tenant.", body = Problem),
        (status = 409, description = "It is not suspended, or is being changed.", body = Problem),
    ),
)]
#[post("/staff/v1/tenants/{id}/resume")]
pub(super) async fn resume(
    staff: Staff,
    fleet: Data<Fleet>,
    id: Path<TenantId>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::Operate)?;
    let (requester, keyed) = (staff.requester(), staff.keyed(&()));
    let accepted = fleet::resume_tenant(&fleet, &requester, id.into_inner(), keyed.as_ref()).await;
    accepted
        .map(answer)
        .map_err(|error| problems::service(&error))
}

fn answer(accepted: Accepted) -> HttpResponse {
    let location = format!("/staff/v1/operations/{}", accepted.operation_id);
    HttpResponse::Accepted()
        .insert_header((LOCATION, location))
        .json(api::Accepted {
            tenant_id: accepted.tenant_id,
            operation_id: accepted.operation_id,
        })
}

/// Reads what garde cannot say; every wrong field is named.
fn command(body: api::TenantCreate) -> Result<CreateTenant, ApiError> {
    let slug = Slug::parse(body.slug.trim());
    let email = Email::parse(&body.architect.email);
    let mut wrong = ApiError::new(ProblemCode::ValidationFailed);
    if let Err(error) = &slug {
        wrong = wrong.field("/slug", error.code(), format!("{error}."));
    }
    if email.is_err() {
        wrong = wrong.field(
            "/architect/email",
            "invalid",
            "This is not an e-mail address.",
        );
    }
    if body.name.trim().is_empty() {
        wrong = wrong.field("/name", "required", "The name is empty.");
    }
    if body.architect.name.trim().is_empty() {
        wrong = wrong.field("/architect/name", "required", "The name is empty.");
    }
    let (Ok(slug), Ok(email), []) = (slug, email, wrong.fields()) else {
        return Err(wrong);
    };
    Ok(CreateTenant {
        slug,
        name: body.name.trim().to_owned(),
        placement_group: body
            .placement_group
            .unwrap_or_else(|| DEFAULT_GROUP.to_owned()),
        plan: body.plan.unwrap_or_else(|| DEFAULT_PLAN.to_owned()),
        architect: Architect {
            name: body.architect.name.trim().to_owned(),
            email,
        },
    })
}
