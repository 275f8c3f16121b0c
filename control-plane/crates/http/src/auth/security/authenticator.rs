//! An authenticator app: set up by a picture or a typed key, and removed.

use actix_web::{HttpResponse, get, post};
use askama::Template;
use cp_app::factors::{
    FactorChangeError, FactorError, FactorHolder, NewAuthenticator, begin_totp, confirm_totp,
    overview, remove_totp, waiting_totp,
};
use cp_domain::Factor;
use qrcode::{QrCode, render::svg};
use secrecy::ExposeSecret as _;
use ui::{ErrorSummary, Field, Nonce, Page};
use web::{ApiError, ProblemCode};

use super::{
    factors::{outside, password_for_removal, removal_faults, with_cookies},
    recovery_codes::show_codes,
    two_step::{DEEP, PAGE},
};
use crate::auth::{
    context::ClientInfo,
    pages::{Confirm, Faults, Seat, Section, Submission, render, see_other},
    problems,
};

const SET_UP: &str = "/security/two-step/authenticator";

#[derive(Template)]
#[template(path = "auth/security/authenticator.html")]
struct SetUp {
    page: Page,
    summary: ErrorSummary,
    form_token: String,
    picture: String,
    secret: String,
    code: Field,
}

#[post("/two-step/authenticator")]
pub(super) async fn begin(seat: Seat, _form: Submission) -> Result<HttpResponse, ApiError> {
    match begin_totp(&seat.auth, FactorHolder::SignedIn(&seat.session)).await {
        // Shown by a page of its own, which can be opened again.
        Ok(_) => Ok(see_other(SET_UP)),
        Err(error) => Err(outside(error)),
    }
}

#[get("/two-step/authenticator")]
pub(super) async fn set_up(seat: Seat) -> Result<HttpResponse, ApiError> {
    set_up_page(&seat, &Faults::default()).await
}

async fn set_up_page(seat: &Seat, faults: &Faults) -> Result<HttpResponse, ApiError> {
    let waiting = waiting_totp(&seat.auth, FactorHolder::SignedIn(&seat.session)).await;
    let authenticator = match waiting {
        Ok(authenticator) => authenticator,
        Err(FactorChangeError::NotFound) => return Ok(see_other(PAGE)),
        Err(error) => return Err(outside(error)),
    };
    let nonce = Nonce::new();
    let mut page = seat.frame("Set up an authenticator app", Section::Own, DEEP, &nonce);
    page.failed = !faults.is_empty();
    let template = SetUp {
        page,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        picture: picture(&authenticator)?,
        secret: grouped(authenticator.secret_base32.expose_secret()),
        code: Field::one_time_code("code", "Code")
            .hint("The six digits that the app shows now.")
            .error(faults.of("code")),
    };
    render(&template, faults.status(), &nonce)
}

/// The address as a picture for cameras. Black on white whatever the theme: apps read that best.
fn picture(authenticator: &NewAuthenticator) -> Result<String, ApiError> {
    let code = QrCode::new(authenticator.otpauth_url.expose_secret())
        .map_err(|error| ApiError::internal(&error))?;
    let drawn = code
        .render::<svg::Color<'_>>()
        .min_dimensions(208, 208)
        .dark_color(svg::Color("#000000"))
        .light_color(svg::Color("#ffffff"))
        .build();
    let drawing = drawn.split_once("<svg").map_or("", |(_, drawing)| drawing);
    Ok(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"QR code with the key below\"{drawing}"
    ))
}

/// In groups of four, so that it can be typed.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}

#[post("/two-step/authenticator/confirm")]
pub(super) async fn confirm(
    seat: Seat,
    ClientInfo(client): ClientInfo,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    let holder = FactorHolder::SignedIn(&seat.session);
    match confirm_totp(&seat.auth, holder, form.text("code"), &client).await {
        Ok(enrolled) => {
            let answer = match &enrolled.recovery_codes {
                Some(codes) => show_codes(
                    &seat,
                    codes,
                    Some("Your authenticator app is on. These codes let you in without it."),
                )?,
                None => see_other(format!("{PAGE}?done=on")),
            };
            with_cookies(&seat, &enrolled.signed_in, answer)
        }
        Err(FactorChangeError::NotFound) => Ok(see_other(PAGE)),
        Err(FactorChangeError::Factor(FactorError::Wrong)) => {
            let fault = "This is not the code of this moment. Look whether the time of your phone \
                         is right, and enter the code that is shown now.";
            set_up_page(&seat, &Faults::field("code", fault)).await
        }
        Err(error) => Err(outside(error)),
    }
}

#[get("/two-step/authenticator/remove")]
pub(super) async fn ask_remove(seat: Seat) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    remove_page(&seat, &Faults::default()).await
}

async fn remove_page(seat: &Seat, faults: &Faults) -> Result<HttpResponse, ApiError> {
    let found = overview(&seat.auth, seat.session.person_id).await;
    let factors = found.map_err(|error| problems::store(&error))?.factors;
    if !factors.totp {
        return Err(ApiError::new(ProblemCode::NotFound));
    }
    let last = factors.only(Factor::Totp);
    let mut impact = vec!["The app's codes are not accepted any more.".to_owned()];
    if last {
        impact.push(
            "It is your only second factor: your recovery codes go with it, and your password \
             alone lets in whoever knows it."
                .to_owned(),
        );
    }
    let page = Confirm {
        title: "Remove the authenticator app",
        section: Section::Own,
        way: DEEP,
        action: format!("{SET_UP}/remove"),
        impact,
        facts: Vec::new(),
        field: password_for_removal(seat, last, faults),
        verb: "Remove app",
    };
    page.show(seat, faults)
}

#[post("/two-step/authenticator/remove")]
pub(super) async fn remove(
    seat: Seat,
    ClientInfo(client): ClientInfo,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    let holder = FactorHolder::SignedIn(&seat.session);
    let password = form.given("password").map(|_| form.secret("password"));
    match remove_totp(&seat.auth, holder, password.as_ref(), &client).await {
        Ok(()) => Ok(see_other(format!("{PAGE}?done=removed"))),
        Err(error) => {
            let faults = removal_faults(error)?;
            remove_page(&seat, &faults).await
        }
    }
}
