//! Passkeys: signing in with one, and looking after one's own.

use actix_web::{HttpResponse, delete, patch, post, web::Data};
use cp_app::{
    Auth,
    admission::{Admission, complete_second_factor},
    factors::{FactorProof, PasskeyAnswer, passkeys as app},
};
use kernel::PasskeyId;
use web::{ApiError, Json, OptionalJson, Path, Problem};

use super::{
    BrowserCookie, Holder, PendingSignIn,
    factors::enrolled,
    views::{
        CeremonyView, EnrolledView, FactorRemoval, PasskeyCreate, PasskeyPatch, PasskeyRequest,
    },
};
use crate::auth::{
    context::{ClientInfo, Tenant, Visitor},
    problems,
    sign_in::answer,
    views::SignInAnswer,
};

/// Begins to sign in with a passkey: as second factor where a sign-in waits for one, else with
/// nothing else.
#[utoipa::path(
    tag = "Passkeys",
    operation_id = "beginPasskeySignIn",
    responses(
        (status = 200, description = "What the browser takes.", body = CeremonyView),
        (status = 401, description = "The person has no passkey.", body = Problem),
    ),
)]
#[post("/auth/v1/sign-in/passkey/start")]
pub(super) async fn begin_sign_in(
    auth: Data<Auth>,
    _tenant: Tenant,
    PendingSignIn(pending): PendingSignIn,
    browser: BrowserCookie,
) -> Result<HttpResponse, ApiError> {
    let begun = match pending {
        Some(pending) => {
            let person = pending.session.person;
            app::begin_second_factor(&auth, person, &browser.hash).await
        }
        None => app::begin_sign_in(&auth, &browser.hash).await,
    };
    Ok(ceremony(&browser, begun.map_err(problems::passkey)?))
}

/// Signs in with a passkey.
#[utoipa::path(
    tag = "Passkeys",
    operation_id = "signInWithPasskey",
    request_body = PasskeyRequest,
    responses(
        (status = 200, description = "How far it leads; `Set-Cookie` has the session.", body = SignInAnswer),
        (status = 401, description = "The passkey is refused.", body = Problem),
        (status = 403, description = "Single sign-on is enforced, or an access policy refuses.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/auth/v1/sign-in/passkey")]
pub(super) async fn sign_in(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    visitor: Visitor,
    PendingSignIn(pending): PendingSignIn,
    browser: BrowserCookie,
    ClientInfo(client): ClientInfo,
    body: Json<PasskeyRequest>,
) -> Result<HttpResponse, ApiError> {
    let given = given(&browser, body.into_inner());
    let admission = match pending {
        Some(pending) => {
            let proof = FactorProof::Passkey(&given);
            complete_second_factor(&auth, &pending, proof, &client)
                .await
                .map(Admission::SignedIn)
                .map_err(problems::completion)?
        }
        None => {
            let (tenant, replaced) = (tenant.tenant_id, visitor.replaced());
            app::sign_in_with_passkey(&auth, tenant, &given, &client, replaced)
                .await
                .map_err(problems::sign_in)?
        }
    };
    Ok(answer(&auth, &tenant, &admission))
}

/// Begins to add a passkey. Needs a recent confirmation of who one is.
#[utoipa::path(
    tag = "Passkeys",
    operation_id = "beginPasskeyRegistration",
    responses(
        (status = 200, description = "What the browser takes.", body = CeremonyView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Confirm who you are first.", body = Problem),
    ),
)]
#[post("/auth/v1/passkeys/start")]
pub(super) async fn begin_registration(
    auth: Data<Auth>,
    holder: Holder,
    browser: BrowserCookie,
) -> Result<HttpResponse, ApiError> {
    let begun = app::begin_registration(&auth, holder.get(), &browser.hash)
        .await
        .map_err(problems::factor_change)?;
    Ok(ceremony(&browser, begun))
}

/// Adds a passkey. The session goes on with another cookie.
#[utoipa::path(
    tag = "Passkeys",
    operation_id = "addPasskey",
    request_body = PasskeyCreate,
    responses(
        (status = 201, description = "It was added.", body = EnrolledView),
        (status = 401, description = "Nobody is signed in, or the passkey is refused.", body = Problem),
        (status = 403, description = "Confirm who you are first.", body = Problem),
        (status = 409, description = "The passkey is known already.", body = Problem),
    ),
)]
#[post("/auth/v1/passkeys")]
pub(super) async fn register(
    auth: Data<Auth>,
    holder: Holder,
    browser: BrowserCookie,
    ClientInfo(client): ClientInfo,
    body: Json<PasskeyCreate>,
) -> Result<HttpResponse, ApiError> {
    let PasskeyCreate {
        ceremony,
        name,
        credential,
    } = body.into_inner();
    let given = given(
        &browser,
        PasskeyRequest {
            ceremony,
            credential,
        },
    );
    let done = app::finish_registration(&auth, holder.get(), &given, name.trim(), &client)
        .await
        .map_err(problems::factor_change)?;
    Ok(enrolled(&auth, HttpResponse::Created(), &done))
}

/// Gives a passkey another name.
#[utoipa::path(
    tag = "Passkeys",
    operation_id = "renamePasskey",
    params(("id" = uuid::Uuid, Path, description = "The passkey.")),
    request_body = PasskeyPatch,
    responses(
        (status = 204, description = "It has the name."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 404, description = "It is not one's own.", body = Problem),
    ),
)]
#[patch("/auth/v1/passkeys/{id}")]
pub(super) async fn rename(
    auth: Data<Auth>,
    holder: Holder,
    Path(id): Path<PasskeyId>,
    body: Json<PasskeyPatch>,
) -> Result<HttpResponse, ApiError> {
    let name = body.into_inner().name;
    app::rename_passkey(&auth, holder.get(), id, name.trim())
        .await
        .map_err(problems::factor_change)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Removes a passkey. Needs a recent confirmation of who one is, and for the last second factor
/// the password.
#[utoipa::path(
    tag = "Passkeys",
    operation_id = "removePasskey",
    params(("id" = uuid::Uuid, Path, description = "The passkey.")),
    request_body = FactorRemoval,
    responses(
        (status = 204, description = "It was removed."),
        (status = 401, description = "Nobody is signed in, or the password is wrong.", body = Problem),
        (status = 403, description = "Confirm who you are first.", body = Problem),
        (status = 404, description = "It is not one's own.", body = Problem),
        (status = 422, description = "A tenant requires it, or the password cannot stand alone.", body = Problem),
    ),
)]
#[delete("/auth/v1/passkeys/{id}")]
pub(super) async fn remove(
    auth: Data<Auth>,
    holder: Holder,
    Path(id): Path<PasskeyId>,
    ClientInfo(client): ClientInfo,
    body: OptionalJson<FactorRemoval>,
) -> Result<HttpResponse, ApiError> {
    let password = body.0.unwrap_or_default().password;
    app::remove_passkey(&auth, holder.get(), id, password.as_ref(), &client)
        .await
        .map_err(problems::factor_change)?;
    Ok(HttpResponse::NoContent().finish())
}

/// What the use cases take.
pub(in crate::auth) fn given(browser: &BrowserCookie, body: PasskeyRequest) -> PasskeyAnswer {
    PasskeyAnswer {
        ceremony: body.ceremony,
        browser: browser.hash,
        credential: body.credential,
    }
}

/// The first half of a ceremony, and the cookie that the second is known by.
pub(in crate::auth) fn ceremony(
    browser: &BrowserCookie,
    begun: app::BegunCeremony,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header(("cache-control", "no-store"));
    if let Some(cookie) = browser.to_set() {
        response.cookie(cookie);
    }
    response.json(CeremonyView::from(begun))
}
