//! What the signed-in pages of a tenant's host share: who looks at them, their frame, their forms
//! and how they fail.

mod desk;
mod faults;
mod form;
mod qr;
mod steps;
mod words;

pub(super) use desk::{Architect, Seat, Section};
pub(super) use faults::{as_pages, local_target, unknown};
pub(super) use form::{Done, Faults, Submission};
pub(super) use qr::qr_svg;
pub(super) use steps::{Confirm, ShownOnce, check_typed, typed};
pub(super) use words::{chosen_name, date};

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, LOCATION},
    },
};
use askama::Template;
use ui::Nonce;
use web::ApiError;

/// An HTML answer.
pub(super) fn render(
    template: &impl Template,
    status: StatusCode,
    nonce: &Nonce,
) -> Result<HttpResponse, ApiError> {
    let body = template
        .render()
        .map_err(|error| ApiError::internal(&error))?;
    let mut answer = ui::html(status, nonce).body(body);
    // An error page is meant as it is; the edge would write a problem over it.
    answer.extensions_mut().insert(web::AsIs);
    Ok(answer)
}

/// 303 to a page of ours.
pub(super) fn see_other(path: impl Into<String>) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, path.into()))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}
