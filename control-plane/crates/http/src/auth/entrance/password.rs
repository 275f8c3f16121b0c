//! The second page: the password. Whatever is wrong, the answer is one.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
};
use askama::Template;
use cp_domain::{Email, LocalPath};
use ui::{ErrorSummary, Field, Page};
use web::ApiError;

use super::{
    arrival::{Arrived, Outcome},
    browser::{Asked, Browser, Fields, remembered_email},
    place::Frame,
    prove::{Refusal, by_password},
};
use crate::auth::{
    context::ClientInfo,
    pages::{Faults, local_target, see_other},
};

#[derive(Template)]
#[template(path = "auth/entrance/password.html")]
struct Password {
    page: Page,
    summary: ErrorSummary,
    form_token: String,
    return_to: LocalPath,
    email: Field,
    password: Field,
    other: String,
    sso: bool,
}

pub(super) async fn show(
    request: HttpRequest,
    frame: Frame,
    browser: Browser,
    asked: Asked,
) -> Result<HttpResponse, ApiError> {
    let return_to = asked.return_to();
    let Some(email) = remembered_email(&request) else {
        return Ok(see_other(local_target("/sign-in", return_to.as_str())));
    };
    let page = page(&frame, &browser, &email, return_to, &Refused::default())?;
    browser.with(page)
}

/// What was wrong with the last try.
#[derive(Default)]
struct Refused {
    faults: Faults,
    status: Option<StatusCode>,
    sso: bool,
}

fn page(
    frame: &Frame,
    browser: &Browser,
    email: &Email,
    return_to: LocalPath,
    refused: &Refused,
) -> Result<HttpResponse, ApiError> {
    let mut page = frame.page(format!("Sign in to {}", frame.name()));
    page.failed = !refused.faults.is_empty();
    let template = Password {
        page,
        summary: refused.faults.summary(),
        form_token: browser.form_token(),
        email: Field {
            readonly: true,
            ..Field::email("email", "E-mail").value(email.as_str())
        },
        password: Field::password("password", "Password", "current-password")
            .error(refused.faults.of("password")),
        other: local_target("/sign-in", return_to.as_str()),
        sso: refused.sso,
        return_to,
    };
    frame.render(&template, refused.status.unwrap_or(StatusCode::OK))
}

pub(super) async fn submit(
    request: HttpRequest,
    frame: Frame,
    arrived: Arrived,
    browser: Browser,
    ClientInfo(client): ClientInfo,
    fields: Fields,
) -> Result<HttpResponse, ApiError> {
    let return_to = fields.return_to();
    let Ok(email) = Email::parse(fields.text("email")) else {
        return Ok(see_other(local_target("/sign-in", return_to.as_str())));
    };
    let password = fields.secret("password");
    let proven = by_password(&frame, &arrived, &email, password, client).await;
    let outcome: Outcome = match proven {
        Ok(outcome) => outcome,
        Err(refusal) => {
            return refuse(&frame, &browser, &email, return_to, refusal);
        }
    };
    outcome.onwards(&request, &frame, &return_to)
}

fn refuse(
    frame: &Frame,
    browser: &Browser,
    email: &Email,
    return_to: LocalPath,
    refusal: Refusal,
) -> Result<HttpResponse, ApiError> {
    let again = |status, message: String, sso| Refused {
        faults: Faults::field("password", message),
        status: Some(status),
        sso,
    };
    let (refused, wait) = match refusal {
        Refusal::Wrong | Refusal::Over | Refusal::Closed => (
            again(
                StatusCode::UNPROCESSABLE_ENTITY,
                "E-mail or password is wrong.".to_owned(),
                false,
            ),
            None,
        ),
        Refusal::TooMany(wait) => (
            again(
                StatusCode::TOO_MANY_REQUESTS,
                format!("Too many attempts. Try again in {wait} s."),
                false,
            ),
            Some(wait),
        ),
        Refusal::SsoOnly => (
            again(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!(
                    "{} lets people in through its own sign-in only.",
                    frame.name()
                ),
                true,
            ),
            None,
        ),
        Refusal::Policy(rule) => return Ok(see_other(super::refused::path(rule))),
        Refusal::Fault(error) => return Err(error),
    };
    let mut answer = page(frame, browser, email, return_to, &refused)?;
    if let Some(wait) = wait {
        answer.headers_mut().insert(RETRY_AFTER, wait.into());
    }
    Ok(answer)
}
