//! Links that are sent to staff, and what their readers do with them.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web::Data};
use cp_app::{
    Auth,
    staff::{self as app, InviteStaff, UseLink},
};
use cp_domain::{Email, FleetPermission};
use cp_staff_api as api;
use kernel::{Cursor, Page, StaffId};
use secrecy::SecretString;
use uuid::Uuid;
use web::{
    ApiError, Created, Json, Path, Problem, ProblemCode, Query, RequestIdExt, openapi::PageOf,
};

use super::{account_views as views, caller::Staff, paging::after, problems};
use crate::auth::{ClientInfo, problems as auth_problems};

/// Sends somebody a link to a new account of staff. One that was sent before ends.
#[utoipa::path(
    tag = "Staff",
    operation_id = "inviteStaff",
    request_body = api::StaffInvite,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer.")),
    responses(
        (status = 201, description = "The link was sent.", body = api::StaffLinkView),
        (status = 409, description = "An account has this address.", body = Problem),
        (status = 422, description = "A field is not what it should be.", body = Problem),
    ),
)]
#[post("/staff/v1/staff")]
pub(super) async fn invite(
    staff: Staff,
    auth: Data<Auth>,
    body: Json<api::StaffInvite>,
) -> Result<Created<api::StaffLinkView>, ApiError> {
    staff.may_now(&auth, FleetPermission::ManageStaff)?;
    let body = body.into_inner();
    let by = staff.by(&body);
    let email = Email::parse(&body.email).map_err(auth_problems::email)?;
    let name = body.name.trim().to_owned();
    if name.is_empty() {
        return Err(ApiError::invalid("/name", "required", "The name is empty."));
    }
    let invite = InviteStaff {
        email,
        name,
        role: views::role_of(body.role),
    };
    let link = app::invite_staff(&auth, &by, invite)
        .await
        .map_err(problems::staff_link)?;
    Ok(created(link))
}

/// Closes a member of staff's second factor, ends their sessions and sends them a link by which
/// they set both factors anew.
#[utoipa::path(
    tag = "Staff",
    operation_id = "resetStaffFactors",
    params(
        ("id" = String, Path, format = Uuid, description = "The account."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 201, description = "The link was sent.", body = api::StaffLinkView),
        (status = 404, description = "There is no such account.", body = Problem),
        (status = 422, description = "It is one's own.", body = Problem),
    ),
)]
#[post("/staff/v1/staff/{id}/reset-factors")]
pub(super) async fn reset(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<StaffId>,
) -> Result<Created<api::StaffLinkView>, ApiError> {
    staff.may_now(&auth, FleetPermission::ManageStaff)?;
    let link = app::reset_staff(&auth, &staff.by(&()), id.into_inner())
        .await
        .map_err(problems::staff_link)?;
    Ok(created(link))
}

fn created(link: app::StaffLink) -> Created<api::StaffLinkView> {
    let body = views::link(link);
    Created {
        location: format!("/staff/v1/links/{}", body.id),
        etag: None,
        body,
    }
}

/// Links to staff that may still be used, the newest first.
#[utoipa::path(
    tag = "Staff",
    operation_id = "listStaffLinks",
    params(api::PageQuery),
    responses((status = 200, description = "A page of links.", body = PageOf<api::StaffLinkView>)),
)]
#[get("/staff/v1/links")]
pub(super) async fn list(
    staff: Staff,
    auth: Data<Auth>,
    query: Query<api::PageQuery>,
) -> Result<Json<Page<api::StaffLinkView>>, ApiError> {
    staff.may(FleetPermission::SeeStaff)?;
    let query = query.into_inner();
    let before = after(query.cursor.as_ref())?;
    let found = app::list_links(&auth, before, query.limit)
        .await
        .map_err(|error| problems::store(&error))?;
    let page = Page::from_rows(found, query.limit, |last| Cursor::encode(&last.id));
    Ok(Json(page.map(views::link)))
}

/// Withdraws a link.
#[utoipa::path(
    tag = "Staff",
    operation_id = "withdrawStaffLink",
    params(("id" = String, Path, format = Uuid, description = "The link.")),
    responses(
        (status = 204, description = "It is good no more."),
        (status = 404, description = "There is no such link.", body = Problem),
    ),
)]
#[delete("/staff/v1/links/{id}")]
pub(super) async fn withdraw(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::ManageStaff)?;
    let withdrawn = app::withdraw_link(&auth, &staff.requester(), id.into_inner())
        .await
        .map_err(|error| problems::store(&error))?;
    if withdrawn {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::new(ProblemCode::NotFound))
    }
}

/// What a link is for, and the secret for the authenticator. Does not use it up.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "openStaffLink",
    request_body = api::LinkToken,
    responses(
        (status = 200, description = "What it is for.", body = api::OpenedStaffLink),
        (status = 404, description = "It may not be used.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/staff/v1/links/open")]
pub(super) async fn open(
    request: HttpRequest,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    body: Json<api::LinkToken>,
) -> Result<HttpResponse, ApiError> {
    web::csrf::guard_cookie(&request)?;
    let opened = app::open_link(&auth, &body.into_inner().token, &client)
        .await
        .map_err(problems::staff_link)?;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(views::opened(&opened)))
}

/// Uses a link: makes the account, or sets its factors anew. Then sign in with another code.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "useStaffLink",
    request_body = api::UseStaffLink,
    responses(
        (status = 204, description = "Password and second factor are set."),
        (status = 401, description = "The code is wrong.", body = Problem),
        (status = 404, description = "It may not be used.", body = Problem),
        (status = 422, description = "The password is too weak.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/staff/v1/links/use")]
pub(super) async fn use_up(
    request: HttpRequest,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    body: Json<api::UseStaffLink>,
) -> Result<HttpResponse, ApiError> {
    web::csrf::guard_cookie(&request)?;
    let body = body.into_inner();
    let command = UseLink {
        token: &body.token,
        password: SecretString::from(body.password),
        code: &body.code,
        client,
        request_id: RequestIdExt::of(&request),
    };
    app::use_link(&auth, command)
        .await
        .map_err(problems::staff_link)?;
    Ok(HttpResponse::NoContent().finish())
}
