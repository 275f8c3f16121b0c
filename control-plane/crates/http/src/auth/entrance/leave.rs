//! Signing out, here or everywhere.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use cp_app::{people, sessions, sso::sign_out_address};
use ui::Page;
use web::{ApiError, RequestIdExt};

use super::{
    arrival::{Arrived, Person},
    place::Frame,
};
use crate::auth::{
    cookies::expired_session_cookie,
    pages::{Submission, see_other},
    problems,
};

/// Ends the session of a form that was made for it.
pub(super) async fn here(
    frame: Frame,
    arrived: Arrived,
    _form: Submission,
) -> Result<HttpResponse, ApiError> {
    let provider = provider_of(&frame, &arrived).await;
    match &arrived {
        Arrived::Nobody => Ok(()),
        Arrived::Member(member, session) => {
            sessions::sign_out(&frame.auth, *member, *session).await
        }
        Arrived::Person(person) => people::sign_out(&frame.auth, person.id).await,
    }
    .map_err(|error| problems::store(&error))?;
    match provider {
        None => left(&frame, see_other("/sign-in?notice=signed-out")),
        Some(href) => {
            let template = SignedOut {
                page: frame.page("You are signed out"),
                brand: frame.name().to_owned(),
                href,
            };
            left(&frame, frame.render(&template, StatusCode::OK)?)
        }
    }
}

/// Where the session ends at the provider that it came through.
async fn provider_of(frame: &Frame, arrived: &Arrived) -> Option<String> {
    let (_, session) = arrived.member()?;
    let tenant = frame.place.tenant().ok()?;
    let address = sign_out_address(&frame.auth, tenant, session).await?;
    Some(address.to_string())
}

#[derive(Template)]
#[template(path = "auth/entrance/signed_out.html")]
struct SignedOut {
    page: Page,
    brand: String,
    href: String,
}

/// Ends all sessions of the person, wherever.
pub(super) async fn everywhere(
    frame: Frame,
    Person { access, .. }: Person,
    RequestIdExt(request_id): RequestIdExt,
    _form: Submission,
) -> Result<HttpResponse, ApiError> {
    people::sign_out_everywhere(&frame.auth, access.person, request_id.to_string())
        .await
        .map_err(|error| problems::store(&error))?;
    left(&frame, see_other("/sign-in?notice=signed-out-everywhere"))
}

fn left(frame: &Frame, mut answer: HttpResponse) -> Result<HttpResponse, ApiError> {
    answer
        .add_cookie(&expired_session_cookie(
            frame.auth.settings.insecure_cookies,
        ))
        .map_err(|error| ApiError::internal(&error))?;
    Ok(answer)
}
