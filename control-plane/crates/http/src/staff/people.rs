//! People, for staff who help them.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use cp_app::{
    Auth,
    attempts::{Lockout, Waiting},
    desk::{self, Belonging, ListedPerson, PersonPage, PersonVisit},
};
use cp_domain::FleetPermission;
use cp_staff_api as api;
use kernel::{Cursor, Page, PersonId};
use uuid::Uuid;
use web::{ApiError, Json, Path, Problem, Query, openapi::PageOf};

use super::{caller::Staff, paging::after, problems};
use crate::auth::ClientInfo;

/// People, by address.
#[utoipa::path(
    tag = "People",
    operation_id = "listPeople",
    params(api::PeopleQuery),
    responses((status = 200, description = "A page of people.", body = PageOf<api::PersonSummary>)),
)]
#[get("/staff/v1/people")]
pub(super) async fn list(
    staff: Staff,
    auth: Data<Auth>,
    query: Query<api::PeopleQuery>,
) -> Result<Json<Page<api::PersonSummary>>, ApiError> {
    staff.may(FleetPermission::SeePeople)?;
    let query = query.into_inner();
    let from: Option<String> = after(query.cursor.as_ref())?;
    let beginning = query.q.unwrap_or_default();
    let found = desk::list_people(
        &auth,
        &beginning,
        query.tenant_id,
        from.as_deref(),
        query.limit,
    )
    .await
    .map_err(|error| problems::store(&error))?;
    let page = Page::from_rows(found, query.limit, |last| Cursor::encode(&last.email));
    Ok(Json(page.map(summary)))
}

/// One person: where they belong, what they sign in with, whether they have to wait.
#[utoipa::path(
    tag = "People",
    operation_id = "getPerson",
    params(("id" = String, Path, format = Uuid, description = "The person.")),
    responses(
        (status = 200, description = "The person.", body = api::PersonView),
        (status = 404, description = "There is no such person.", body = Problem),
    ),
)]
#[get("/staff/v1/people/{id}")]
pub(super) async fn show(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<PersonId>,
) -> Result<Json<api::PersonView>, ApiError> {
    staff.may(FleetPermission::SeePeople)?;
    let page = desk::find_person(&auth, id.into_inner())
        .await
        .map_err(problems::desk)?;
    Ok(Json(view(page)))
}

/// A person's sessions, wherever, the newest first.
#[utoipa::path(
    tag = "People",
    operation_id = "listPersonSessions",
    params(("id" = String, Path, format = Uuid, description = "The person."), api::PageQuery),
    responses((status = 200, description = "A page of sessions.", body = PageOf<api::PersonSessionView>)),
)]
#[get("/staff/v1/people/{id}/sessions")]
pub(super) async fn list_sessions(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<PersonId>,
    query: Query<api::PageQuery>,
) -> Result<Json<Page<api::PersonSessionView>>, ApiError> {
    staff.may(FleetPermission::SeePeople)?;
    let query = query.into_inner();
    let before = after(query.cursor.as_ref())?;
    let found = desk::list_sessions(&auth, id.into_inner(), before, query.limit)
        .await
        .map_err(|error| problems::store(&error))?;
    let page = Page::from_rows(found, query.limit, |last| Cursor::encode(&last.id));
    Ok(Json(page.map(visit)))
}

/// Ends one session of a person.
#[utoipa::path(
    tag = "People",
    operation_id = "endPersonSession",
    params(
        ("id" = String, Path, format = Uuid, description = "The person."),
        ("session_id" = String, Path, format = Uuid, description = "The session."),
    ),
    responses(
        (status = 204, description = "It has ended."),
        (status = 404, description = "They have no such session.", body = Problem),
    ),
)]
#[delete("/staff/v1/people/{id}/sessions/{session_id}")]
pub(super) async fn end_session(
    staff: Staff,
    auth: Data<Auth>,
    path: Path<(PersonId, Uuid)>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::HelpPeople)?;
    let (id, session) = path.into_inner();
    done(desk::end_session(&auth, &staff.by(&()), id, session).await)
}

/// Ends every session of a person, wherever. Tokens go on.
#[utoipa::path(
    tag = "People",
    operation_id = "endPersonSessions",
    params(
        ("id" = String, Path, format = Uuid, description = "The person."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 204, description = "They have ended."),
        (status = 404, description = "There is no such person.", body = Problem),
    ),
)]
#[post("/staff/v1/people/{id}/end-sessions")]
pub(super) async fn end_sessions(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<PersonId>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::HelpPeople)?;
    done(desk::end_all_sessions(&auth, &staff.by(&()), id.into_inner()).await)
}

/// Forgets a person's failed attempts and opens their second factor, so that they can try again.
#[utoipa::path(
    tag = "People",
    operation_id = "clearLockout",
    params(
        ("id" = String, Path, format = Uuid, description = "The person."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    responses(
        (status = 204, description = "They need not wait."),
        (status = 404, description = "There is no such person.", body = Problem),
    ),
)]
#[post("/staff/v1/people/{id}/clear-lockout")]
pub(super) async fn clear_lockout(
    staff: Staff,
    auth: Data<Auth>,
    id: Path<PersonId>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::HelpPeople)?;
    done(desk::clear_lockout(&auth, &staff.by(&()), id.into_inner()).await)
}

/// Takes a person's authenticator, recovery codes and passkeys away and ends their sessions. They
/// hear of it by mail. First make sure of who asks.
#[utoipa::path(
    tag = "People",
    operation_id = "resetPersonFactors",
    params(
        ("id" = String, Path, format = Uuid, description = "The person."),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same again gets the same answer."),
    ),
    request_body = api::Reason,
    responses(
        (status = 204, description = "They have no second factor."),
        (status = 404, description = "There is no such person.", body = Problem),
        (status = 422, description = "The reason is missing.", body = Problem),
    ),
)]
#[post("/staff/v1/people/{id}/reset-factors")]
pub(super) async fn reset_factors(
    staff: Staff,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    id: Path<PersonId>,
    body: Json<api::Reason>,
) -> Result<HttpResponse, ApiError> {
    staff.may_now(&auth, FleetPermission::ResetFactors)?;
    let body = body.into_inner();
    let by = staff.by(&body);
    done(desk::reset_factors(&auth, &by, id.into_inner(), body.reason.trim(), &client).await)
}

fn done(outcome: Result<(), desk::DeskError>) -> Result<HttpResponse, ApiError> {
    outcome.map_err(problems::desk)?;
    Ok(HttpResponse::NoContent().finish())
}

fn summary(person: ListedPerson) -> api::PersonSummary {
    api::PersonSummary {
        id: person.id,
        email: person.email,
        name: person.name,
        created_at: person.created_at,
    }
}

fn view(page: PersonPage) -> api::PersonView {
    let PersonPage {
        person,
        belongings,
        factors,
        lockout,
    } = page;
    api::PersonView {
        id: person.id,
        email: person.email,
        name: person.name,
        created_at: person.created_at,
        tenants: belongings.into_iter().map(belonging).collect(),
        factors: api::PersonFactors {
            password: person.has_password,
            totp_since: factors.totp_since,
            totp_closed: factors.totp_closed,
            passkeys: factors.factors.passkeys,
            recovery_codes: factors.factors.recovery_codes,
        },
        lockout: lockout.map(
            |Lockout {
                 password,
                 second_factor,
             }| api::LockoutView {
                password: waiting(password),
                second_factor: waiting(second_factor),
            },
        ),
    }
}

fn belonging(belonging: Belonging) -> api::BelongingView {
    api::BelongingView {
        tenant_id: belonging.tenant,
        slug: belonging.slug,
        name: belonging.name,
        member_id: belonging.member,
        role: belonging.role.to_string(),
        external: belonging.external,
        state: belonging.state.as_str().to_owned(),
    }
}

const fn waiting(waiting: Waiting) -> api::WaitingView {
    api::WaitingView {
        failures: waiting.failures,
        until: waiting.until,
    }
}

fn visit(visit: PersonVisit) -> api::PersonSessionView {
    api::PersonSessionView {
        id: visit.id.to_string(),
        tenant_id: visit.tenant_id.map(Into::into),
        method: visit.method,
        second_factor: visit.second_factor,
        created_at: visit.created_at,
        last_seen_at: visit.last_seen_at,
        expires_at: visit.expires_at,
        address: visit.address,
        country: visit.country,
        device: visit.device,
    }
}
