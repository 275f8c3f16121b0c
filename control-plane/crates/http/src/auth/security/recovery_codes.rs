//! Recovery codes: made anew, shown once, to be printed.

use actix_web::{HttpResponse, get, http::StatusCode, post};
use askama::Template;
use cp_app::factors::{FactorHolder, overview, renew_recovery_codes};
use secrecy::{ExposeSecret as _, SecretString};
use ui::{Banner, Nonce, Page};
use web::{ApiError, ProblemCode};

use super::{
    factors::outside,
    two_step::{DEEP, PAGE},
    views::date,
};
use crate::auth::{
    context::ClientInfo,
    pages::{Confirm, Faults, Seat, Section, Submission, render},
    problems,
};

#[get("/two-step/recovery-codes")]
pub(super) async fn ask_codes(seat: Seat) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let found = overview(&seat.auth, seat.session.person_id).await;
    let factors = found.map_err(|error| problems::store(&error))?.factors;
    if !factors.any() {
        return Err(ApiError::new(ProblemCode::NotFound));
    }
    let page = Confirm {
        title: "Make new recovery codes",
        section: Section::Own,
        way: DEEP,
        action: format!("{PAGE}/recovery-codes"),
        impact: vec![
            "You get ten codes, each good once. All codes that you have now are void then."
                .to_owned(),
        ],
        facts: vec![(
            "Left of the present ones",
            factors.recovery_codes.to_string(),
        )],
        field: None,
        verb: "Make new codes",
    };
    page.show(&seat, &Faults::default())
}

#[post("/two-step/recovery-codes")]
pub(super) async fn make_codes(
    seat: Seat,
    ClientInfo(client): ClientInfo,
    _form: Submission,
) -> Result<HttpResponse, ApiError> {
    let holder = FactorHolder::SignedIn(&seat.session);
    let codes = renew_recovery_codes(&seat.auth, holder, &client).await;
    show_codes(&seat, &codes.map_err(outside)?, None)
}

#[derive(Template)]
#[template(path = "auth/security/recovery_codes.html")]
struct Codes<'a> {
    page: Page,
    done: Option<Banner>,
    email: String,
    made: String,
    codes: Vec<&'a str>,
}

pub(super) fn show_codes(
    seat: &Seat,
    codes: &[SecretString],
    done: Option<&str>,
) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let template = Codes {
        page: seat.frame("Your recovery codes", Section::Own, DEEP, &nonce),
        done: done.map(Banner::good),
        email: seat.member.person.email.to_string(),
        made: date(seat.now()),
        codes: codes.iter().map(|code| code.expose_secret()).collect(),
    };
    render(&template, StatusCode::OK, &nonce)
}
