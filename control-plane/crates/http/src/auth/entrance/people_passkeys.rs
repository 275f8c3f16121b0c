//! Passkeys on the host of people, for the script of its pages: as second factor where a sign-in
//! waits for one, else with nothing else.

use actix_web::{HttpRequest, HttpResponse};
use cp_app::{
    factors::{FactorProof, passkeys},
    people,
};
use serde_json::json;
use web::{ApiError, Json};

use super::{
    arrival::{Arrived, MaybeWaiting, Outcome, Waiting},
    place::Frame,
    prove::by_factor,
};
use crate::auth::{
    context::ClientInfo,
    credentials::{BrowserCookie, PasskeyRequest, ceremony, given},
    problems,
};

/// Where a ceremony begins.
pub(super) const BEGIN: &str = "/auth/people/v1/passkey/start";
/// Where it ends.
pub(super) const FINISH: &str = "/auth/people/v1/passkey";

pub(super) async fn begin(
    request: HttpRequest,
    frame: Frame,
    MaybeWaiting(waiting): MaybeWaiting,
    browser: BrowserCookie,
) -> Result<HttpResponse, ApiError> {
    web::csrf::guard_cookie(&request)?;
    frame.place.people()?;
    let begun = match waiting {
        Some(Waiting::Person(pending)) => {
            let person = pending.access.person;
            passkeys::begin_second_factor(&frame.auth, person, &browser.hash).await
        }
        _ => passkeys::begin_sign_in(&frame.auth, &browser.hash).await,
    };
    Ok(ceremony(&browser, begun.map_err(problems::passkey)?))
}

pub(super) async fn finish(
    request: HttpRequest,
    frame: Frame,
    arrived: Arrived,
    MaybeWaiting(waiting): MaybeWaiting,
    browser: BrowserCookie,
    ClientInfo(client): ClientInfo,
    body: Json<PasskeyRequest>,
) -> Result<HttpResponse, ApiError> {
    web::csrf::guard_cookie(&request)?;
    frame.place.people()?;
    let answer = given(&browser, body.into_inner());
    let outcome: Outcome = match waiting {
        Some(waiting) => {
            let proof = FactorProof::Passkey(&answer);
            by_factor(&frame, &waiting, proof, &client)
                .await
                .map_err(ApiError::from)?
        }
        None => people::sign_in_with_passkey(&frame.auth, &answer, &client, arrived.person())
            .await
            .map_err(problems::sign_in)?
            .into(),
    };
    let mut response = HttpResponse::Ok();
    response.insert_header(("cache-control", "no-store"));
    for cookie in outcome.cookies(&request, &frame) {
        response.cookie(cookie);
    }
    Ok(response.json(json!({ "status": "signed_in" })))
}
