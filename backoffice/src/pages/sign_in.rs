//! Signing in: e-mail and password, then a code, always; and out again.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Form},
};
use askama::Template;
use cp_staff_api::{SecondFactor, StaffApiError, StaffSignIn, StaffSignInAnswer};
use serde::Deserialize;
use ui::{ErrorSummary, Field, Nonce, Page};

use crate::{
    Office,
    failure::Failure,
    frame::{BRAND, answer, see_other},
    session,
};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    summary: ErrorSummary,
    fields: Vec<Field>,
    action: &'static str,
    verb: &'static str,
    again: bool,
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    email: String,
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct Code {
    code: String,
}

pub(crate) async fn show(
    request: HttpRequest,
    office: Data<Office>,
) -> Result<HttpResponse, Failure> {
    if session::signed_in(&request, &office).await.is_ok() {
        return Ok(see_other("/"));
    }
    credentials_page(StatusCode::OK, String::new(), None)
}

pub(crate) async fn submit(
    request: HttpRequest,
    office: Data<Office>,
    form: Form<Credentials>,
) -> Result<HttpResponse, Failure> {
    session::same_origin(request.headers())?;
    let Credentials { email, password } = form.into_inner();
    let body = StaffSignIn {
        email: email.trim().to_owned(),
        password,
    };
    let calls = session::calls(&request, &office, None);
    match calls.sign_in(&body).await {
        Ok(signed_in) => {
            let next = match signed_in.answer {
                StaffSignInAnswer::SecondFactorRequired { .. } => "/sign-in/code",
                StaffSignInAnswer::SignedIn { .. } => "/",
            };
            let mut response = see_other(next);
            set_session(&mut response, &office, signed_in.session)?;
            Ok(response)
        }
        Err(error) => {
            let message = refusal(error, "The e-mail address or the password is not right.")?;
            credentials_page(StatusCode::UNPROCESSABLE_ENTITY, body.email, Some(message))
        }
    }
}

pub(crate) async fn show_code(
    request: HttpRequest,
    office: Data<Office>,
) -> Result<HttpResponse, Failure> {
    session::session_of(&request, &office).ok_or(Failure::SignInNeeded)?;
    code_page(StatusCode::OK, None)
}

pub(crate) async fn submit_code(
    request: HttpRequest,
    office: Data<Office>,
    form: Form<Code>,
) -> Result<HttpResponse, Failure> {
    session::same_origin(request.headers())?;
    let pending = session::session_of(&request, &office).ok_or(Failure::SignInNeeded)?;
    let code: String = form
        .code
        .chars()
        .filter(char::is_ascii_digit)
        .take(8)
        .collect();
    if code.len() < 6 {
        let message = "Enter the six digits that your authenticator shows.".to_owned();
        return code_page(StatusCode::UNPROCESSABLE_ENTITY, Some(message));
    }
    let calls = session::calls(&request, &office, Some(pending));
    match calls.confirm_totp(&SecondFactor { code }).await {
        Ok(signed_in) => {
            let mut response = see_other("/");
            set_session(&mut response, &office, signed_in.session)?;
            Ok(response)
        }
        Err(error) => {
            let message = refusal(error, "That code is not right, or was used already.")?;
            code_page(StatusCode::UNPROCESSABLE_ENTITY, Some(message))
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct SignOut {
    form_token: String,
}

pub(crate) async fn sign_out(
    request: HttpRequest,
    office: Data<Office>,
    form: Form<SignOut>,
) -> Result<HttpResponse, Failure> {
    session::same_origin(request.headers())?;
    let signed_in = session::signed_in(&request, &office).await?;
    session::own_form(&signed_in, &form.form_token)?;
    signed_in.calls.sign_out().await?;
    let mut response = see_other("/sign-in");
    set_session(&mut response, &office, String::new())?;
    Ok(response)
}

fn set_session(response: &mut HttpResponse, office: &Office, value: String) -> Result<(), Failure> {
    response
        .add_cookie(&session::cookie(office, value))
        .map_err(|error| Failure::Broken(error.to_string()))
}

/// The sentence for a refused step. Only problems of the step itself stay on its page.
fn refusal(error: StaffApiError, wrong: &str) -> Result<String, Failure> {
    match error.problem() {
        Some(problem) if problem.code == "unauthenticated" => Err(Failure::SignInNeeded),
        Some(problem) if problem.status == 401 || problem.status == 422 => Ok(wrong.to_owned()),
        Some(problem) if problem.status == 429 => {
            Ok("Too many tries. Wait a moment, then try again.".to_owned())
        }
        _ => Err(Failure::Api(error)),
    }
}

fn credentials_page(
    status: StatusCode,
    email: String,
    wrong: Option<String>,
) -> Result<HttpResponse, Failure> {
    let fields = vec![
        Field::email("email", "E-mail").value(email),
        Field::password("password", "Password", "current-password"),
    ];
    sign_in_page(status, "Sign in", "/sign-in", "Continue", fields, wrong)
}

fn code_page(status: StatusCode, wrong: Option<String>) -> Result<HttpResponse, Failure> {
    let field = Field::one_time_code("code", "Code")
        .hint("The six digits that your authenticator shows for Trellis.");
    sign_in_page(
        status,
        "Enter your code",
        "/sign-in/code",
        "Verify",
        vec![field],
        wrong,
    )
}

fn sign_in_page(
    status: StatusCode,
    title: &str,
    action: &'static str,
    verb: &'static str,
    fields: Vec<Field>,
    wrong: Option<String>,
) -> Result<HttpResponse, Failure> {
    let nonce = Nonce::new();
    let field = fields
        .first()
        .map(|field| field.name.to_owned())
        .unwrap_or_default();
    let page = SignInPage {
        page: Page {
            narrow: true,
            failed: wrong.is_some(),
            ..Page::new(title, BRAND, &nonce)
        },
        summary: ErrorSummary {
            title: "You are not signed in yet".to_owned(),
            errors: wrong
                .into_iter()
                .map(|message| (field.clone(), message))
                .collect(),
        },
        again: action != "/sign-in",
        fields,
        action,
        verb,
    };
    answer(status, &nonce, &page)
}
