//! A forgotten password: asking for a link, and setting a new one by it. Whether somebody has the
//! address shows nowhere.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::time::Duration,
    http::{StatusCode, header::RETRY_AFTER},
};
use askama::Template;
use cp_app::{
    attempts::TooManyAttempts,
    credentials::{
        OpenReset, ResetError, ResetPassword, ResetRequest, find_reset, request_reset,
        reset_password,
    },
    sessions::hash_link_token,
};
use cp_domain::{Email, PasswordUse};
use kernel::TenantId;
use secrecy::{ExposeSecret as _, SecretString};
use ui::{ErrorSummary, Field, Page};
use web::{ApiError, Path};

use super::{
    browser::{Browser, Fields, cookie_value, remembered_email},
    place::Frame,
};
use crate::auth::{
    context::ClientInfo,
    cookies::{cookie, ended},
    pages::{Faults, see_other},
    problems,
};

/// The page behind the link, without what is secret of it.
const NEW_PASSWORD: &str = "/recover/new-password";
/// How long it may stay open.
const LIFE: Duration = Duration::minutes(30);

const fn cookie_name(insecure: bool) -> &'static str {
    if insecure {
        "trellis-recover"
    } else {
        "__Host-trellis-recover"
    }
}

fn tenant_of(frame: &Frame) -> Option<TenantId> {
    frame.place.tenant().ok().map(|tenant| tenant.tenant_id)
}

#[derive(Template)]
#[template(path = "auth/entrance/recover.html")]
struct Recover {
    page: Page,
    summary: ErrorSummary,
    form_token: String,
    email: Field,
}

pub(super) async fn show(
    request: HttpRequest,
    frame: Frame,
    browser: Browser,
) -> Result<HttpResponse, ApiError> {
    let email = remembered_email(&request).map(|email| email.to_string());
    let email = email.unwrap_or_default();
    let page = ask(&frame, &browser, &email, &Faults::default(), StatusCode::OK)?;
    browser.with(page)
}

fn ask(
    frame: &Frame,
    browser: &Browser,
    email: &str,
    faults: &Faults,
    status: StatusCode,
) -> Result<HttpResponse, ApiError> {
    let mut page = frame.page("Set a new password");
    page.failed = !faults.is_empty();
    let template = Recover {
        page,
        summary: faults.summary(),
        form_token: browser.form_token(),
        email: Field::email("email", "E-mail")
            .value(email)
            .hint("The address with which you sign in.")
            .error(faults.of("email")),
    };
    frame.render(&template, status)
}

#[derive(Template)]
#[template(path = "auth/entrance/recover_sent.html")]
struct Sent {
    page: Page,
    email: String,
}

pub(super) async fn submit(
    frame: Frame,
    browser: Browser,
    ClientInfo(client): ClientInfo,
    fields: Fields,
) -> Result<HttpResponse, ApiError> {
    let typed = fields.text("email");
    let Ok(email) = Email::parse(typed) else {
        let faults = Faults::field(
            "email",
            "This is not an e-mail address. It looks like name@company.example.",
        );
        return ask(&frame, &browser, typed, &faults, faults.status());
    };
    let request = ResetRequest {
        tenant: tenant_of(&frame),
        email: email.clone(),
        client,
    };
    if let Err(TooManyAttempts { retry_after }) = request_reset(&frame.auth, request).await {
        let fault = format!("Too many attempts. Try again in {retry_after} s.");
        let faults = Faults::field("email", fault);
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut page = ask(&frame, &browser, typed, &faults, status)?;
        page.headers_mut().insert(RETRY_AFTER, retry_after.into());
        return Ok(page);
    }
    let template = Sent {
        page: frame.page("Look into your mail"),
        email: email.to_string(),
    };
    frame.render(&template, StatusCode::OK)
}

/// The link: its token goes into a cookie at once and the browser to an address without it.
/// Looking uses nothing up: mail scanners look too.
pub(super) async fn open(
    frame: Frame,
    Path(token): Path<String>,
) -> Result<HttpResponse, ApiError> {
    if hash_link_token(&token).is_none() {
        return spent(&frame);
    }
    let insecure = frame.auth.settings.insecure_cookies;
    let token = SecretString::from(token);
    let mut answer = see_other(NEW_PASSWORD);
    answer
        .add_cookie(&cookie(cookie_name(insecure), &token, LIFE, insecure))
        .map_err(|error| ApiError::internal(&error))?;
    answer.headers_mut().insert(
        actix_web::http::header::REFERRER_POLICY,
        actix_web::http::header::HeaderValue::from_static("no-referrer"),
    );
    Ok(answer)
}

#[derive(Template)]
#[template(path = "auth/entrance/recover_spent.html")]
struct Spent {
    page: Page,
}

fn spent(frame: &Frame) -> Result<HttpResponse, ApiError> {
    let page = frame.page("This link cannot be used");
    frame.render(&Spent { page }, StatusCode::GONE)
}

#[derive(Template)]
#[template(path = "auth/entrance/recover_new.html")]
struct NewPassword {
    page: Page,
    summary: ErrorSummary,
    form_token: String,
    email: Field,
    password: Field,
}

pub(super) async fn show_new(
    request: HttpRequest,
    frame: Frame,
    browser: Browser,
) -> Result<HttpResponse, ApiError> {
    let insecure = frame.auth.settings.insecure_cookies;
    let Some(token) = cookie_value(&request, cookie_name(insecure)) else {
        return spent(&frame);
    };
    match find_reset(&frame.auth, tenant_of(&frame), token.expose_secret()).await {
        Ok(reset) => {
            let page = new_password(&frame, &browser, &reset, &Faults::default())?;
            browser.with(page)
        }
        Err(ResetError::Spent) => spent(&frame),
        Err(error) => Err(problem(error)),
    }
}

fn new_password(
    frame: &Frame,
    browser: &Browser,
    reset: &OpenReset,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let mut page = frame.page("Set a new password");
    page.failed = !faults.is_empty();
    let hint = match reset.purpose {
        PasswordUse::Alone => {
            "At least 15 characters. Several unrelated words are good and easy to keep."
        }
        PasswordUse::WithSecondFactor => {
            "At least 8 characters. Several unrelated words are good and easy to keep."
        }
    };
    let template = NewPassword {
        page,
        summary: faults.summary(),
        form_token: browser.form_token(),
        email: Field {
            readonly: true,
            ..Field::email("email", "E-mail").value(reset.person.email.as_str())
        },
        password: Field::password("password", "New password", "new-password")
            .hint(hint)
            .error(faults.of("password")),
    };
    frame.render(&template, faults.status())
}

pub(super) async fn submit_new(
    request: HttpRequest,
    frame: Frame,
    browser: Browser,
    ClientInfo(client): ClientInfo,
    fields: Fields,
) -> Result<HttpResponse, ApiError> {
    let insecure = frame.auth.settings.insecure_cookies;
    let name = cookie_name(insecure);
    let Some(token) = cookie_value(&request, name) else {
        return spent(&frame);
    };
    let tenant = tenant_of(&frame);
    let command = ResetPassword {
        tenant,
        token: token.expose_secret(),
        password: fields.secret("password"),
        client,
    };
    match reset_password(&frame.auth, command).await {
        Ok(()) => {
            let mut answer = see_other("/sign-in?notice=password-changed");
            answer
                .add_cookie(&ended(name, insecure))
                .map_err(|error| ApiError::internal(&error))?;
            Ok(answer)
        }
        Err(ResetError::Weak(weak)) => {
            let reset = find_reset(&frame.auth, tenant, token.expose_secret())
                .await
                .map_err(problem)?;
            let faults = Faults::field("password", weak.to_string());
            new_password(&frame, &browser, &reset, &faults)
        }
        Err(ResetError::Spent) => spent(&frame),
        Err(error) => Err(problem(error)),
    }
}

fn problem(error: ResetError) -> ApiError {
    match error {
        ResetError::Spent => ApiError::new(web::ProblemCode::Gone),
        ResetError::Weak(error) => problems::weak(error),
        ResetError::TooMany(error) => problems::too_many(error),
        ResetError::Password(error) => problems::password(&error),
        ResetError::Store(error) => problems::store(&error),
        error @ ResetError::Mail(_) => ApiError::internal(&error),
    }
}
