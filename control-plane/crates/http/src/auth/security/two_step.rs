//! The second factor: what there is, and the way to change it.

use actix_web::{HttpResponse, get, http::StatusCode};
use askama::Template;
use cp_app::factors::overview;
use ui::{Banner, Moment, Nonce, Page, Tabs};
use web::ApiError;

use super::{WAY, tabs};
use crate::auth::{
    pages::{Done, Seat, Section, render},
    problems,
};

pub(super) const PAGE: &str = "/security/two-step";
/// The way to the pages below it.
pub(super) const DEEP: &[(&str, &str)] =
    &[("Your security", "/security"), ("Two-step sign-in", PAGE)];
const DONE: &[(&str, &str)] = &[
    (
        "on",
        "Your authenticator app is on. Sign-in asks for its codes from now on.",
    ),
    ("removed", "Your authenticator app is removed."),
];

#[derive(Template)]
#[template(path = "auth/security/two_step.html")]
struct TwoStep {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    form_token: String,
    required: bool,
    totp_since: Option<Moment>,
    closed: bool,
    has_factor: bool,
    codes: u32,
    passkeys: u32,
}

#[get("/two-step")]
pub(super) async fn show(seat: Seat, done: Done) -> Result<HttpResponse, ApiError> {
    let found = overview(&seat.auth, seat.session.person_id).await;
    let found = found.map_err(|error| problems::store(&error))?;
    let nonce = Nonce::new();
    let template = TwoStep {
        page: seat.frame("Two-step sign-in", Section::Own, WAY, &nonce),
        tabs: tabs(PAGE),
        done: done.banner(DONE),
        form_token: seat.form_token.clone(),
        required: seat.security.second_factor_required,
        totp_since: found.totp_since.map(|at| seat.moment(at)),
        closed: found.totp_closed,
        has_factor: found.factors.any(),
        codes: found.factors.recovery_codes,
        passkeys: found.factors.passkeys,
    };
    render(&template, StatusCode::OK, &nonce)
}
