//! The access policy of a tenant, for its architects.

use actix_web::{get, post, put, web::Data};
use cp_app::{
    Auth,
    policies::{self as app, PolicyError, PolicyWriter, TenantAccess},
};
use cp_domain::access_policy::TenantRolePolicy;
use cp_staff_api as api;
use serde::Serialize;
use utoipa::ToSchema;
use web::{ApiError, IfMatchHeader, Json, Problem, ProblemCode, Query, RequestIdExt, Revised};

use super::{
    context::{ClientInfo, SignedIn},
    problems,
};
use crate::policies::{self, Draft};

/// From where and when members may come in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TenantAccessPolicy {
    /// The policy.
    policy: api::AccessPolicyBody,
    /// There is a policy that this release cannot read: nobody comes in until it is written anew.
    unreadable: bool,
    /// Where the hours are meant unless the policy says so.
    time_zone: &'static str,
    /// What is known of the countries of addresses.
    country_data: api::CountryDataView,
}

/// The access policy of the tenant.
#[utoipa::path(
    tag = "Security",
    operation_id = "getAccessPolicy",
    responses(
        (status = 200, description = "The policy, with an `ETag`.", body = TenantAccessPolicy),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects see it.", body = Problem),
    ),
)]
#[get("/auth/v1/security/access-policy")]
pub(super) async fn show(
    auth: Data<Auth>,
    session: SignedIn,
) -> Result<Revised<TenantAccessPolicy>, ApiError> {
    session.session_id()?;
    let found = app::find_tenant_policy(&auth, &session.0).await;
    found.map(|found| view(&auth, &found)).map_err(problem)
}

/// Lays down the access policy. It holds within a second, for requests and sockets of sessions and
/// tokens that exist, too. One that refuses yourself is refused unless you say that you mean it.
#[utoipa::path(
    tag = "Security",
    operation_id = "putAccessPolicy",
    params(
        ("If-Match" = String, Header, description = "The `ETag` of what was read, or `*`."),
        api::PolicyPutQuery,
    ),
    request_body = api::AccessPolicyBody,
    responses(
        (status = 200, description = "The policy as it is now.", body = TenantAccessPolicy),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects change it.", body = Problem),
        (status = 412, description = "Changed meanwhile.", body = Problem),
        (status = 422, description = "A field or a rule.", body = Problem),
        (status = 428, description = "`If-Match` is required.", body = Problem),
    ),
)]
#[put("/auth/v1/security/access-policy")]
pub(super) async fn put(
    auth: Data<Auth>,
    session: SignedIn,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    IfMatchHeader(if_match): IfMatchHeader,
    query: Query<api::PolicyPutQuery>,
    body: Json<Draft<TenantRolePolicy>>,
) -> Result<Revised<TenantAccessPolicy>, ApiError> {
    session.session_id()?;
    let (Draft(policy), api::PolicyPutQuery { including_me }) =
        (body.into_inner(), query.into_inner());
    let by = PolicyWriter {
        session: &session.0,
        client: &client,
        request_id: &request_id,
    };
    let put = app::put_tenant_policy(&auth, by, &policy, if_match, including_me).await;
    put.map(|put| view(&auth, &put)).map_err(problem)
}

/// Tells whom a policy would refuse, if everybody came again now from where they were last. Nothing
/// changes.
#[utoipa::path(
    tag = "Security",
    operation_id = "tryAccessPolicy",
    request_body = api::AccessPolicyBody,
    responses(
        (status = 200, description = "What it would do.", body = api::DryRunView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects may.", body = Problem),
        (status = 422, description = "A field or a rule.", body = Problem),
    ),
)]
#[post("/auth/v1/security/access-policy/dry-run")]
pub(super) async fn dry_run(
    auth: Data<Auth>,
    session: SignedIn,
    ClientInfo(client): ClientInfo,
    RequestIdExt(request_id): RequestIdExt,
    body: Json<Draft<TenantRolePolicy>>,
) -> Result<Json<api::DryRunView>, ApiError> {
    session.session_id()?;
    let by = PolicyWriter {
        session: &session.0,
        client: &client,
        request_id: &request_id,
    };
    let run = app::try_tenant_policy(&auth, by, &body.into_inner().0).await;
    let run = run.map_err(problem)?;
    Ok(Json(policies::dry_run(&auth, &run)))
}

fn view(auth: &Auth, access: &TenantAccess) -> Revised<TenantAccessPolicy> {
    Revised {
        revision: access.revision,
        body: TenantAccessPolicy {
            policy: policies::shown(&access.policy),
            unreadable: access.unreadable,
            time_zone: access.zone.name(),
            country_data: policies::country_data(auth),
        },
    }
}

fn problem(error: PolicyError) -> ApiError {
    match error {
        PolicyError::Forbidden => ApiError::new(ProblemCode::Forbidden)
            .detail("Only architects see and change the access policy."),
        PolicyError::PreconditionRequired => ApiError::new(ProblemCode::PreconditionRequired),
        PolicyError::PreconditionFailed(_) => ApiError::new(ProblemCode::PreconditionFailed),
        PolicyError::Fault(fault) => policies::fault(fault),
        PolicyError::RefusesMyself(refusal) => policies::refuses_myself(refusal),
        PolicyError::Store(error) => problems::store(&error),
    }
}
