//! The page behind the link that confirms a new e-mail address.

use actix_web::{HttpRequest, HttpResponse, cookie::time::Duration, http::StatusCode};
use askama::Template;
use cp_app::{
    credentials::{EmailChangeError, confirm_email_change, find_email_change},
    sessions::hash_link_token,
};
use secrecy::{ExposeSecret as _, SecretString};
use ui::Page;
use web::{ApiError, Path};

use super::{
    browser::{Browser, Fields, cookie_value},
    place::Frame,
};
use crate::auth::{
    context::ClientInfo,
    cookies::{cookie, ended},
    pages::see_other,
    problems,
};

/// How long the page may stay open.
const LIFE: Duration = Duration::minutes(30);

const fn cookie_name(insecure: bool) -> &'static str {
    if insecure {
        "trellis-new-email"
    } else {
        "__Host-trellis-new-email"
    }
}

#[derive(Template)]
#[template(path = "auth/entrance/confirm_email.html")]
struct ConfirmEmail {
    page: Page,
    form_token: String,
    from: Option<String>,
    to: String,
}

#[derive(Template)]
#[template(path = "auth/entrance/confirm_email_spent.html")]
struct Spent {
    page: Page,
}

fn spent(frame: &Frame) -> Result<HttpResponse, ApiError> {
    let page = frame.page("This link cannot be used");
    frame.render(&Spent { page }, StatusCode::GONE)
}

/// The link: its token goes into a cookie at once and the browser to an address without it.
pub(super) async fn open(
    frame: Frame,
    Path(token): Path<String>,
) -> Result<HttpResponse, ApiError> {
    frame.place.tenant()?;
    if hash_link_token(&token).is_none() {
        return spent(&frame);
    }
    let insecure = frame.auth.settings.insecure_cookies;
    let token = SecretString::from(token);
    let mut answer = see_other("/confirm-email");
    answer
        .add_cookie(&cookie(cookie_name(insecure), &token, LIFE, insecure))
        .map_err(|error| ApiError::internal(&error))?;
    Ok(answer)
}

pub(super) async fn show(
    request: HttpRequest,
    frame: Frame,
    browser: Browser,
) -> Result<HttpResponse, ApiError> {
    frame.place.tenant()?;
    let name = cookie_name(frame.auth.settings.insecure_cookies);
    let Some(token) = cookie_value(&request, name) else {
        return spent(&frame);
    };
    let waiting = match find_email_change(&frame.auth, token.expose_secret()).await {
        Ok(waiting) => waiting,
        Err(EmailChangeError::Spent) => return spent(&frame),
        Err(error) => return Err(problem(error)),
    };
    let template = ConfirmEmail {
        page: frame.page("Confirm your new address"),
        form_token: browser.form_token(),
        from: Some(waiting.from.to_string()),
        to: waiting.to.to_string(),
    };
    browser.with(frame.render(&template, StatusCode::OK)?)
}

pub(super) async fn submit(
    request: HttpRequest,
    frame: Frame,
    ClientInfo(client): ClientInfo,
    _fields: Fields,
) -> Result<HttpResponse, ApiError> {
    frame.place.tenant()?;
    let insecure = frame.auth.settings.insecure_cookies;
    let name = cookie_name(insecure);
    let Some(token) = cookie_value(&request, name) else {
        return spent(&frame);
    };
    let email = match confirm_email_change(&frame.auth, token.expose_secret(), &client).await {
        Ok(email) => email,
        Err(EmailChangeError::Spent) => return spent(&frame),
        Err(error) => return Err(problem(error)),
    };
    let template = ConfirmEmail {
        page: frame.page("Your address is changed"),
        form_token: String::new(),
        from: None,
        to: email.to_string(),
    };
    let mut page = frame.render(&template, StatusCode::OK)?;
    page.add_cookie(&ended(name, insecure))
        .map_err(|error| ApiError::internal(&error))?;
    Ok(page)
}

fn problem(error: EmailChangeError) -> ApiError {
    match error {
        EmailChangeError::TooMany(error) => problems::too_many(error),
        EmailChangeError::Store(error) => problems::store(&error),
        error => ApiError::internal(&error),
    }
}
