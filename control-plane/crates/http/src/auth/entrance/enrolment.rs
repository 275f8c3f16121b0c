//! The tenant wants a second factor and the person has none: setting one up on the way in.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use cp_app::{
    admission::PendingSession,
    factors::{
        Enrolled, FactorChangeError, FactorError, FactorHolder, NewAuthenticator, begin_totp,
        confirm_totp, waiting_totp,
    },
};
use cp_domain::LocalPath;
use secrecy::ExposeSecret as _;
use ui::{ErrorSummary, Field, Page};
use web::{ApiError, ProblemCode};

use super::{
    arrival::{MaybeWaiting, Outcome, Waiting},
    browser::{Asked, Browser, Fields},
    passkeys::PasskeyButton,
    place::Frame,
};
use crate::auth::{
    context::ClientInfo,
    pages::{Faults, local_target, qr_svg, see_other},
    problems,
};

#[derive(Template)]
#[template(path = "auth/entrance/enrolment.html")]
struct Enrolment {
    page: Page,
    brand: String,
    summary: ErrorSummary,
    form_token: String,
    return_to: LocalPath,
    picture: String,
    secret: String,
    code: Field,
    passkey: PasskeyButton,
}

/// Who has to set one up; everybody else is led elsewhere.
fn enrolling(waiting: MaybeWaiting, return_to: &LocalPath) -> Result<PendingSession, String> {
    match waiting.0 {
        Some(Waiting::Member(pending)) if pending.is_enrolment() => Ok(*pending),
        Some(_) => Err(local_target("/sign-in/code", return_to.as_str())),
        None => Err(local_target("/sign-in", return_to.as_str())),
    }
}

pub(super) async fn show(
    frame: Frame,
    waiting: MaybeWaiting,
    browser: Browser,
    asked: Asked,
) -> Result<HttpResponse, ApiError> {
    let return_to = asked.return_to();
    let pending = match enrolling(waiting, &return_to) {
        Ok(pending) => pending,
        Err(elsewhere) => return Ok(see_other(elsewhere)),
    };
    let page = page(&frame, &browser, &pending, return_to, &Faults::default()).await?;
    browser.with(page)
}

/// The secret that was shown before, so that a page that is opened again is good.
async fn authenticator(
    frame: &Frame,
    pending: &PendingSession,
) -> Result<NewAuthenticator, FactorChangeError> {
    let holder = FactorHolder::Enrolling(pending);
    match waiting_totp(&frame.auth, holder).await {
        Err(FactorChangeError::NotFound) => begin_totp(&frame.auth, holder).await,
        other => other,
    }
}

async fn page(
    frame: &Frame,
    browser: &Browser,
    pending: &PendingSession,
    return_to: LocalPath,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let new = authenticator(frame, pending).await.map_err(problem)?;
    let mut page = frame.page("Set up a second factor");
    page.failed = !faults.is_empty();
    page.passkeys = true;
    let template = Enrolment {
        page,
        brand: frame.name().to_owned(),
        summary: faults.summary(),
        form_token: browser.form_token(),
        picture: qr_svg(
            new.otpauth_url.expose_secret(),
            "QR code for your authenticator app",
        )?,
        secret: grouped(new.secret_base32.expose_secret()),
        code: Field::one_time_code("code", "Code")
            .hint("The six digits that the app shows for Trellis.")
            .error(faults.of("code")),
        passkey: PasskeyButton::enrol(&return_to),
        return_to,
    };
    frame.render(&template, faults.status())
}

/// In groups of four, which is easier to type.
fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    let groups = letters.chunks(4).map(|group| group.iter().collect());
    groups.collect::<Vec<String>>().join(" ")
}

pub(super) async fn submit(
    request: HttpRequest,
    frame: Frame,
    waiting: MaybeWaiting,
    browser: Browser,
    ClientInfo(client): ClientInfo,
    fields: Fields,
) -> Result<HttpResponse, ApiError> {
    let return_to = fields.return_to();
    let pending = match enrolling(waiting, &return_to) {
        Ok(pending) => pending,
        Err(elsewhere) => return Ok(see_other(elsewhere)),
    };
    let holder = FactorHolder::Enrolling(&pending);
    match confirm_totp(&frame.auth, holder, fields.text("code"), &client).await {
        Ok(enrolled) => enrolled_page(&request, &frame, enrolled, &return_to),
        Err(FactorChangeError::Factor(FactorError::Wrong)) => {
            let fault = "This code is wrong. Look whether the clock of your phone is right.";
            let faults = Faults::field("code", fault);
            page(&frame, &browser, &pending, return_to, &faults).await
        }
        Err(error) => Err(problem(error)),
    }
}

fn problem(error: FactorChangeError) -> ApiError {
    match error {
        FactorChangeError::NoSession => ApiError::new(ProblemCode::Unauthenticated),
        FactorChangeError::ByProvider(error) => problems::by_provider(error),
        FactorChangeError::Factor(error) => problems::factor(error),
        FactorChangeError::Store(error) => problems::store(&error),
        error => ApiError::internal(&error),
    }
}

#[derive(Template)]
#[template(path = "auth/entrance/recovery_codes.html")]
struct RecoveryCodes {
    page: Page,
    codes: Vec<String>,
    return_to: LocalPath,
}

/// Signed in; recovery codes are shown this one time.
fn enrolled_page(
    request: &HttpRequest,
    frame: &Frame,
    enrolled: Enrolled,
    return_to: &LocalPath,
) -> Result<HttpResponse, ApiError> {
    let signed_in = enrolled.signed_in;
    let outcome = Outcome::signed_in(signed_in.cookie, signed_in.device);
    let onwards = outcome.onwards(request, frame, return_to)?;
    let Some(codes) = enrolled.recovery_codes else {
        return Ok(onwards);
    };
    let template = RecoveryCodes {
        page: frame.page("Keep your recovery codes"),
        codes: codes
            .iter()
            .map(|code| code.expose_secret().to_owned())
            .collect(),
        return_to: return_to.clone(),
    };
    let mut page = frame.render(&template, StatusCode::OK)?;
    for cookie in onwards.cookies() {
        page.add_cookie(&cookie)
            .map_err(|error| ApiError::internal(&error))?;
    }
    Ok(page)
}
