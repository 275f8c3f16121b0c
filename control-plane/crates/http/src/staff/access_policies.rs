//! What the platform lays down: unsafe countries, rules for all tenants' people, rules for staff.

use actix_web::{HttpResponse, delete, get, post, put, web::Data};
use cp_app::{
    Auth,
    policies::{self as app, PlatformChange, PlatformError, UnsafeCountry},
};
use cp_domain::{
    Country, CountrySet, FleetPermission,
    access_policy::{StaffPolicy, TenantRolePolicy},
};
use cp_staff_api as api;
use kernel::{Page, RequestId};
use serde::Deserialize;
use web::{
    ApiError, IfMatchHeader, Json, Path, Problem, ProblemCode, Query, RequestIdExt, Revised,
    openapi::PageOf,
};

use super::{caller::Staff, problems};
use crate::{
    auth::ClientInfo,
    policies::{self, Draft},
};

/// Countries from which nobody comes in, by code.
#[utoipa::path(
    tag = "Access policies",
    operation_id = "listUnsafeCountries",
    responses((status = 200, description = "The list.", body = PageOf<api::UnsafeCountryView>)),
)]
#[get("/staff/v1/access-policies/countries")]
pub(super) async fn list_countries(
    staff: Staff,
    auth: Data<Auth>,
) -> Result<Json<Page<api::UnsafeCountryView>>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let listed = app::list_unsafe_countries(&auth).await;
    let listed = listed.map_err(|error| problems::store(&error))?;
    Ok(Json(Page {
        data: listed.into_iter().map(view).collect(),
        next_cursor: None,
    }))
}

/// Puts a country on the list, or changes why it is on it. Nobody comes in from there within a
/// second, tenants' people, programs and staff.
#[utoipa::path(
    tag = "Access policies",
    operation_id = "putUnsafeCountry",
    params(
        ("country" = String, Path, description = "Two letters (ISO 3166-1)."),
        api::PolicyPutQuery,
    ),
    request_body = api::UnsafeCountryPut,
    responses(
        (status = 200, description = "It was on the list.", body = api::UnsafeCountryView),
        (status = 201, description = "It is on the list now.", body = api::UnsafeCountryView),
        (status = 422, description = "No country, no reason, or it would refuse yourself.", body = Problem),
    ),
)]
#[put("/staff/v1/access-policies/countries/{country}")]
pub(super) async fn put_country(
    staff: Staff,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    Path(country): Path<String>,
    query: Query<api::PolicyPutQuery>,
    body: Json<api::UnsafeCountryPut>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::ChangePolicies)?;
    let country = read_country(&country)?;
    let including_me = query.into_inner().including_me;
    let by = change(&staff, &client, &request_id, including_me);
    let reason = body.into_inner().reason;
    let new = app::list_unsafe_country(&auth, by, country, reason.trim()).await;
    let new = new.map_err(problem)?;
    let listed = app::list_unsafe_countries(&auth).await;
    let listed = listed.map_err(|error| problems::store(&error))?;
    let put = listed.into_iter().find(|listed| listed.country == country);
    let put = put.ok_or(ProblemCode::Conflict)?;
    let mut answer = if new {
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    Ok(answer.json(view(put)))
}

/// Takes a country off the list.
#[utoipa::path(
    tag = "Access policies",
    operation_id = "removeUnsafeCountry",
    params(("country" = String, Path, description = "Two letters (ISO 3166-1).")),
    responses(
        (status = 204, description = "It is not on the list any more."),
        (status = 404, description = "It was not on the list.", body = Problem),
    ),
)]
#[delete("/staff/v1/access-policies/countries/{country}")]
pub(super) async fn remove_country(
    staff: Staff,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    Path(country): Path<String>,
) -> Result<HttpResponse, ApiError> {
    staff.may(FleetPermission::ChangePolicies)?;
    let country = Country::parse(&country).map_err(|_| ProblemCode::NotFound)?;
    let by = change(&staff, &client, &request_id, true);
    let removed = app::remove_unsafe_country(&auth, by, country).await;
    removed.map_err(problem)?;
    Ok(HttpResponse::NoContent().finish())
}

/// The policy for all tenants' people.
#[utoipa::path(
    tag = "Access policies",
    operation_id = "getPeoplePolicy",
    responses((status = 200, description = "The policy, with an `ETag`.", body = api::PlatformPolicyView)),
)]
#[get("/staff/v1/access-policies/people")]
pub(super) async fn show_people(
    staff: Staff,
    auth: Data<Auth>,
) -> Result<Revised<api::PlatformPolicyView>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let kept = app::find_people_policy(&auth).await;
    let kept = kept.map_err(|error| problems::store(&error))?;
    Ok(policy_view(&auth, &kept))
}

/// Lays down the policy for all tenants' people, within a second.
#[utoipa::path(
    tag = "Access policies",
    operation_id = "putPeoplePolicy",
    params(("If-Match" = String, Header, description = "The `ETag` of what was read, or `*`.")),
    request_body = api::AccessPolicyBody,
    responses(
        (status = 200, description = "The policy as it is now.", body = api::PlatformPolicyView),
        (status = 412, description = "Changed meanwhile.", body = Problem),
        (status = 422, description = "A field or a rule.", body = Problem),
        (status = 428, description = "`If-Match` is required.", body = Problem),
    ),
)]
#[put("/staff/v1/access-policies/people")]
pub(super) async fn put_people(
    staff: Staff,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    IfMatchHeader(if_match): IfMatchHeader,
    body: Json<Draft<TenantRolePolicy>>,
) -> Result<Revised<api::PlatformPolicyView>, ApiError> {
    staff.may(FleetPermission::ChangePolicies)?;
    let by = change(&staff, &client, &request_id, true);
    let put = app::put_people_policy(&auth, by, &body.into_inner().0, if_match).await;
    let kept = put.map_err(problem)?;
    Ok(policy_view(&auth, &kept))
}

/// The policy for staff.
#[utoipa::path(
    tag = "Access policies",
    operation_id = "getStaffPolicy",
    responses((status = 200, description = "The policy, with an `ETag`.", body = api::PlatformPolicyView)),
)]
#[get("/staff/v1/access-policies/staff")]
pub(super) async fn show_staff(
    staff: Staff,
    auth: Data<Auth>,
) -> Result<Revised<api::PlatformPolicyView>, ApiError> {
    staff.may(FleetPermission::Read)?;
    let kept = app::find_staff_policy(&auth).await;
    let kept = kept.map_err(|error| problems::store(&error))?;
    Ok(policy_view(&auth, &kept))
}

/// Lays down the policy for staff. One that refuses yourself is refused unless you say that you mean
/// it.
#[utoipa::path(
    tag = "Access policies",
    operation_id = "putStaffPolicy",
    params(
        ("If-Match" = String, Header, description = "The `ETag` of what was read, or `*`."),
        api::PolicyPutQuery,
    ),
    request_body = api::AccessPolicyBody,
    responses(
        (status = 200, description = "The policy as it is now.", body = api::PlatformPolicyView),
        (status = 412, description = "Changed meanwhile.", body = Problem),
        (status = 422, description = "A field or a rule.", body = Problem),
        (status = 428, description = "`If-Match` is required.", body = Problem),
    ),
)]
#[put("/staff/v1/access-policies/staff")]
pub(super) async fn put_staff(
    staff: Staff,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    IfMatchHeader(if_match): IfMatchHeader,
    query: Query<api::PolicyPutQuery>,
    body: Json<Draft<StaffPolicy>>,
) -> Result<Revised<api::PlatformPolicyView>, ApiError> {
    staff.may(FleetPermission::ChangePolicies)?;
    let including_me = query.into_inner().including_me;
    let by = change(&staff, &client, &request_id, including_me);
    let put = app::put_staff_policy(&auth, by, &body.into_inner().0, if_match).await;
    let kept = put.map_err(problem)?;
    Ok(policy_view(&auth, &kept))
}

/// What is to be tried, read as what it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Trial {
    people: Option<TenantRolePolicy>,
    staff: Option<StaffPolicy>,
    unsafe_countries: Option<CountrySet>,
}

/// Tells whom drafts would refuse, if everybody came again now from where they were last. Nothing
/// changes.
#[utoipa::path(
    tag = "Access policies",
    operation_id = "tryPlatformPolicies",
    request_body = api::PolicyDraft,
    responses(
        (status = 200, description = "What they would do.", body = api::PlatformDryRunView),
        (status = 422, description = "A field or a rule.", body = Problem),
    ),
)]
#[post("/staff/v1/access-policies/dry-run")]
pub(super) async fn dry_run(
    staff: Staff,
    auth: Data<Auth>,
    ClientInfo(client): ClientInfo,
    body: Json<Draft<Trial>>,
) -> Result<Json<api::PlatformDryRunView>, ApiError> {
    staff.may(FleetPermission::ChangePolicies)?;
    let Draft(trial) = body.into_inner();
    let change = |policies: &mut cp_domain::access_policy::PlatformPolicies| {
        if let Some(people) = &trial.people {
            policies.people = people.clone();
        }
        if let Some(staff) = &trial.staff {
            policies.staff = staff.clone();
        }
        if let Some(countries) = trial.unsafe_countries {
            policies.unsafe_countries = countries;
        }
    };
    let people = app::try_platform_policy(&auth, &change)
        .await
        .map_err(problem)?;
    let me = (staff.role(), &client);
    let on_staff = app::try_staff_policy(&auth, me, &change)
        .await
        .map_err(problem)?;
    Ok(Json(api::PlatformDryRunView {
        people: policies::dry_run(&auth, &people),
        staff: policies::dry_run(&auth, &on_staff),
    }))
}

fn change<'a>(
    staff: &Staff,
    client: &'a cp_app::Client,
    request_id: &'a RequestId,
    including_me: bool,
) -> PlatformChange<'a> {
    PlatformChange {
        staff: staff.id(),
        role: staff.role(),
        client,
        request_id,
        including_me,
    }
}

/// A country of the standard: what nobody has is a slip.
fn read_country(code: &str) -> Result<Country, ApiError> {
    let country = Country::parse(code).ok();
    country
        .filter(|country| country.name().is_some())
        .ok_or_else(|| {
            ApiError::new(ProblemCode::RuleBroken)
                .detail("The path names no country of ISO 3166-1, by two letters.")
        })
}

fn view(listed: UnsafeCountry) -> api::UnsafeCountryView {
    api::UnsafeCountryView {
        country: listed.country.to_string(),
        name: listed.country.name().map(str::to_owned),
        reason: listed.reason,
        since: listed.since,
        staff_id: listed.staff,
        staff_name: listed.staff_name,
    }
}

fn policy_view<P: serde::Serialize>(
    auth: &Auth,
    kept: &app::KeptPolicy<P>,
) -> Revised<api::PlatformPolicyView> {
    Revised {
        revision: kept.revision,
        body: api::PlatformPolicyView {
            policy: policies::shown(&kept.policy),
            country_data: policies::country_data(auth),
        },
    }
}

fn problem(error: PlatformError) -> ApiError {
    match error {
        PlatformError::NotListed => ApiError::new(ProblemCode::NotFound),
        PlatformError::PreconditionRequired => ApiError::new(ProblemCode::PreconditionRequired),
        PlatformError::PreconditionFailed(_) => ApiError::new(ProblemCode::PreconditionFailed),
        PlatformError::Fault(fault) => policies::fault(fault),
        PlatformError::RefusesMyself(refusal) => policies::refuses_myself(refusal),
        PlatformError::Store(error) => problems::store(&error),
    }
}
