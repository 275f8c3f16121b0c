//! Accounts of staff.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use cp_app::{
    Auth,
    staff::{self as app, StaffChange},
};
use cp_domain::FleetPermission;
use cp_staff_api as api;
use kernel::{Cursor, Page, StaffId, StaffSessionId};
use web::{ApiError, Json, Path, Problem, ProblemCode, Query, openapi::PageOf};

use super::{account_views as views, caller::Staff, paging::after, problems};

/// Accounts of staff, by address.
#[utoipa::path(
    tag = "Staff",
    operation_id = "listStaff",
    params(api::StaffQuery),
    responses((status = 200, description = "A page of accounts.", body = PageOf<api::StaffAccountView>)),
)]
#[get("/staff/v1/staff")]
pub(super) async fn list(
    staff: Staff,
    auth: Data<Auth>,
    query: Query<api::StaffQuery>,
) -> Result<Json<Page<api::StaffAccountView>>, ApiError> {
    staff.may(FleetPermission::SeeStaff)?;
    let query = query.into_inner();
    let after: Option<String> = after(query.cursor.as_ref())?;
    let beginning = query.q.unwrap_or_default();
    let found = app::list_accounts(&auth, beginning.trim(), after.as_deref(), query.limit)
        .await
        .map_err(|error| problems::store(&error))?;
    let page = Page::from_rows(found, query.limit, |last| {
        Cursor::encode(&last.email.as_str())
    });
    Ok(Json(page.map(views::account)))
}

/// One account of staff.
#[utoipa::path(
    tag = "Staff",
    operation_id = "getStaff",
    params(("id" = String, Path, format = Uuid, description = "The account.")),
    responses(
        (status = 200, description = "The account.", body = api::StaffAccountView),
        (status = 404, description = "There is no such account.", body = Problem),
    ),
)]
#[get("/staff/v1/staff/{id}")]
pub(super) async fn show(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<StaffId>,
) -> Result<Json<api::StaffAccountView>, ApiError> {
    staff.may(FleetPermission::SeeStaff)?;
    let found = app::find_account(&auth, id.into_inner())
        .await
        .map_err(|error| problems::store(&error))?;
    let account = found.ok_or_else(|| ApiError::new(ProblemCode::NotFound))?;
    Ok(Json(views::account(account)))
}

/// Gives a member of staff another role, at once.
#[utoipa::path(
    tag = "Staff",
    operation_id = "changeStaffRole",
    params(
        ("id" = String, Path, format = Uuid, description = "The account."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    request_body = api::StaffRoleChange,
    responses(
        (status = 200, description = "The account.", body = api::StaffAccountView),
        (status = 404, description = "There is no such account.", body = Problem),
        (status = 422, description = "It is one's own, or the last owner's.", body = Problem),
    ),
)]
#[post("/staff/v1/staff/{id}/role")]
pub(super) async fn change_role(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<StaffId>,
    body: Json<api::StaffRoleChange>,
) -> Result<Json<api::StaffAccountView>, ApiError> {
    staff.may_now(&auth, FleetPermission::ManageStaff)?;
    let body = body.into_inner();
    let change = StaffChange::Role(views::role_of(body.role));
    changed(&auth, staff.by(&body), id.into_inner(), change).await
}

/// Closes an account: its sessions and links end at once.
#[utoipa::path(
    tag = "Staff",
    operation_id = "disableStaff",
    params(
        ("id" = String, Path, format = Uuid, description = "The account."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 200, description = "The account.", body = api::StaffAccountView),
        (status = 404, description = "There is no such account.", body = Problem),
        (status = 422, description = "It is one's own, or the last owner's.", body = Problem),
    ),
)]
#[post("/staff/v1/staff/{id}/disable")]
pub(super) async fn disable(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<StaffId>,
) -> Result<Json<api::StaffAccountView>, ApiError> {
    staff.may_now(&auth, FleetPermission::ManageStaff)?;
    changed(&auth, staff.by(&()), id.into_inner(), StaffChange::Disable).await
}

/// Opens a closed account again.
#[utoipa::path(
    tag = "Staff",
    operation_id = "enableStaff",
    params(
        ("id" = String, Path, format = Uuid, description = "The account."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 200, description = "The account.", body = api::StaffAccountView),
        (status = 404, description = "There is no such account.", body = Problem),
        (status = 422, description = "It is one's own.", body = Problem),
    ),
)]
#[post("/staff/v1/staff/{id}/enable")]
pub(super) async fn enable(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<StaffId>,
) -> Result<Json<api::StaffAccountView>, ApiError> {
    staff.may_now(&auth, FleetPermission::ManageStaff)?;
    changed(&auth, staff.by(&()), id.into_inner(), StaffChange::Enable).await
}

async fn changed(
    auth: &Auth,
    by: app::By,
    id: StaffId,
    change: StaffChange,
) -> Result<Json<api::StaffAccountView>, ApiError> {
    app::change_account(auth, &by, id, change)
        .await
        .map(|account| Json(views::account(account)))
        .map_err(|error| problems::staff_change(&error))
}

/// The sessions of a member of staff, the newest first.
#[utoipa::path(
    tag = "Staff",
    operation_id = "listStaffSessions",
    params(("id" = String, Path, format = Uuid, description = "The account."), api::PageQuery),
    responses((status = 200, description = "A page of sessions.", body = PageOf<api::ListedSessionView>)),
)]
#[get("/staff/v1/staff/{id}/sessions")]
pub(super) async fn list_sessions(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<StaffId>,
    query: Query<api::PageQuery>,
) -> Result<Json<Page<api::ListedSessionView>>, ApiError> {
    staff.may(FleetPermission::SeeStaff)?;
    sessions(&auth, &staff, id.into_inner(), query.into_inner()).await
}

/// Ends a session of a member of staff.
#[utoipa::path(
    tag = "Staff",
    operation_id = "endStaffSession",
    params(
        ("id" = String, Path, format = Uuid, description = "The account."),
        ("session_id" = String, Path, format = Uuid, description = "The session."),
    ),
    responses(
        (status = 204, description = "It has ended."),
        (status = 404, description = "There is no such session.", body = Problem),
    ),
)]
#[delete("/staff/v1/staff/{id}/sessions/{session_id}")]
pub(super) async fn end_session(
    staff: Staff,
    auth: Data<Auth>,
    path: Path<(StaffId, StaffSessionId)>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::ManageStaff)?;
    let (id, session) = path.into_inner();
    ended(&auth, &staff, id, session).await
}

/// One's own sessions, the newest first.
#[utoipa::path(
    tag = "Staff",
    operation_id = "listOwnStaffSessions",
    params(api::PageQuery),
    responses((status = 200, description = "A page of sessions.", body = PageOf<api::ListedSessionView>)),
)]
#[get("/staff/v1/sessions")]
pub(super) async fn list_own_sessions(
    staff: Staff,
    auth: Data<Auth>,
    query: Query<api::PageQuery>,
) -> Result<Json<Page<api::ListedSessionView>>, ApiError> {
    sessions(&auth, &staff, staff.id(), query.into_inner()).await
}

/// Ends one of one's own sessions.
#[utoipa::path(
    tag = "Staff",
    operation_id = "endOwnStaffSession",
    params(("id" = String, Path, format = Uuid, description = "The session.")),
    responses(
        (status = 204, description = "It has ended."),
        (status = 404, description = "There is no such session.", body = Problem),
    ),
)]
#[delete("/staff/v1/sessions/{id}")]
pub(super) async fn end_own_session(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<StaffSessionId>,
) -> Result<HttpResponse, ApiError> {
    ended(&auth, &staff, staff.id(), id.into_inner()).await
}

async fn sessions(
    auth: &Auth,
    staff: &Staff,
    of: StaffId,
    query: api::PageQuery,
) -> Result<Json<Page<api::ListedSessionView>>, ApiError> {
    let before = after(query.cursor.as_ref())?;
    let found = app::list_sessions(auth, of, before, query.limit)
        .await
        .map_err(|error| problems::store(&error))?;
    let page = Page::from_rows(found, query.limit, |last| Cursor::encode(&last.id));
    Ok(Json(
        page.map(|session| views::session(session, staff.session())),
    ))
}

async fn ended(
    auth: &Auth,
    staff: &Staff,
    of: StaffId,
    session: StaffSessionId,
) -> Result<HttpResponse, ApiError> {
    let ended = app::end_session(auth, &staff.requester(), of, session)
        .await
        .map_err(|error| problems::store(&error))?;
    if ended {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(ApiError::new(ProblemCode::NotFound))
    }
}
