//! The tenant's decisions about signing in as a whole.

use actix_web::{get, patch, web::Data};
use cp_app::{
    Auth,
    sso::{self, SecurityChange},
};
use kernel::{Revision, Scope};
use web::{ApiError, IfMatchHeader, Json, Problem, Revised};

use super::{
    failures,
    views::{SecurityPatch, SecurityView},
};
use crate::auth::context::Acting;

/// The tenant's decisions about signing in.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "getSecurity",
    responses(
        (status = 200, description = "The decisions.", body = SecurityView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects.", body = Problem),
    ),
)]
#[get("/auth/v1/security")]
pub(super) async fn find(
    auth: Data<Auth>,
    acting: Acting,
) -> Result<Revised<SecurityView>, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    let found = sso::find_security(&auth, &by).await;
    let found = found.map_err(failures::admin)?;
    Ok(revised(SecurityView::from(&found)))
}

/// Changes them. Enforcing single sign-on ends every other session of the tenant and every token.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "changeSecurity",
    params(("If-Match" = String, Header, description = "The `ETag` of what was read, or `*`.")),
    request_body = SecurityPatch,
    responses(
        (status = 200, description = "The decisions as they are now.", body = SecurityView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects, recently confirmed.", body = Problem),
        (status = 412, description = "Changed meanwhile.", body = Problem),
        (status = 422, description = "A field, or it would lock people out.", body = Problem),
        (status = 428, description = "`If-Match` is required.", body = Problem),
    ),
)]
#[patch("/auth/v1/security")]
pub(super) async fn change(
    auth: Data<Auth>,
    acting: Acting,
    IfMatchHeader(if_match): IfMatchHeader,
    body: Json<SecurityPatch>,
) -> Result<Revised<SecurityView>, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    let patch = body.into_inner();
    let wanted = SecurityChange {
        sso_enforced: patch.sso_enforced,
        break_glass_owners: patch.break_glass_owners,
        second_factor_required: patch.second_factor_required,
        idle_minutes: patch.idle_minutes,
        absolute_minutes: patch.absolute_minutes,
        contact: patch.contact,
        colour: patch.colour,
    };
    let after = sso::change_security(&auth, &by, &wanted, if_match).await;
    let after = after.map_err(failures::admin)?;
    Ok(revised(SecurityView::from(&after)))
}

fn revised(body: SecurityView) -> Revised<SecurityView> {
    Revised {
        revision: Revision(body.revision),
        body,
    }
}
