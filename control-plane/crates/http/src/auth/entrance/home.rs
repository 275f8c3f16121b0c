//! Where one arrives who is signed in.

use actix_web::{FromRequest as _, HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use ui::{Nonce, Page};
use web::ApiError;

use super::place::{Frame, Place};
use crate::auth::pages::{Seat, Section, render, see_other};

#[derive(Template)]
#[template(path = "auth/entrance/home.html")]
struct Home {
    page: Page,
    brand: String,
    name: String,
    architect: bool,
    accounts: String,
}

pub(super) async fn show(request: HttpRequest, frame: Frame) -> Result<HttpResponse, ApiError> {
    if matches!(frame.place, Place::People) {
        return Ok(see_other("/accounts"));
    }
    let seat = Seat::extract(&request).await?;
    let nonce = Nonce::new();
    let template = Home {
        page: seat.frame("You are signed in", Section::Home, &[], &nonce),
        brand: frame.name().to_owned(),
        name: seat.member.person.name.clone(),
        architect: seat.is_architect(),
        accounts: format!("{}/accounts", frame.auth.links.people()),
    };
    render(&template, StatusCode::OK, &nonce)
}
