//! The second factor of a sign-in.

use actix_web::{HttpResponse, post, web::Data};
use cp_app::{
    Auth,
    admission::{Admission, complete_second_factor},
    factors::FactorProof,
};
use secrecy::ExposeSecret as _;
use web::{ApiError, Json, Problem};

use super::{PendingSignIn, views::CodeRequest};
use crate::auth::{
    context::{ClientInfo, Tenant},
    problems,
    sign_in::answer,
    views::SignInAnswer,
};

/// Gives a code of the authenticator. Each is good once, whoever gives it.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "signInWithCode",
    request_body = CodeRequest,
    responses(
        (status = 200, description = "Signed in; `Set-Cookie` has the session.", body = SignInAnswer),
        (status = 401, description = "The code is wrong or was used, or no sign-in waits.", body = Problem),
        (status = 403, description = "Too many wrong codes.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/auth/v1/sign-in/totp")]
pub(super) async fn totp(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    pending: PendingSignIn,
    ClientInfo(client): ClientInfo,
    body: Json<CodeRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.into_inner();
    let proof = FactorProof::Totp(body.code.expose_secret());
    let signed_in = complete_second_factor(&auth, &pending.get()?, proof, &client)
        .await
        .map_err(problems::completion)?;
    Ok(answer(&auth, &tenant, &Admission::SignedIn(signed_in)))
}

/// Gives a recovery code in the place of the second factor. Each is good once.
#[utoipa::path(
    tag = "Sign-in",
    operation_id = "signInWithRecoveryCode",
    request_body = CodeRequest,
    responses(
        (status = 200, description = "Signed in; `Set-Cookie` has the session.", body = SignInAnswer),
        (status = 401, description = "The code is wrong or was used, or no sign-in waits.", body = Problem),
        (status = 429, description = "Too many attempts; `Retry-After` says when.", body = Problem),
    ),
)]
#[post("/auth/v1/sign-in/recovery-code")]
pub(super) async fn recovery_code(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    pending: PendingSignIn,
    ClientInfo(client): ClientInfo,
    body: Json<CodeRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.into_inner();
    let proof = FactorProof::Recovery(body.code.expose_secret());
    let signed_in = complete_second_factor(&auth, &pending.get()?, proof, &client)
        .await
        .map_err(problems::completion)?;
    Ok(answer(&auth, &tenant, &Admission::SignedIn(signed_in)))
}
