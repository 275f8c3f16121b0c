//! An access policy refuses the client: which kind of rule it was, and whom to ask.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use cp_domain::access_policy::Rule;
use ui::Page;
use web::ApiError;

use super::{browser::Asked, place::Frame};

#[derive(Template)]
#[template(path = "auth/entrance/refused.html")]
struct Refused {
    page: Page,
    brand: String,
    reason: &'static str,
    contact: Option<String>,
}

/// The page for a rule.
pub(super) fn path(rule: &str) -> String {
    format!("/access-refused?rule={rule}")
}

pub(super) async fn show(frame: Frame, asked: Asked) -> Result<HttpResponse, ApiError> {
    let template = Refused {
        page: frame.page("Access refused"),
        brand: frame.name().to_owned(),
        reason: reason(asked.get("rule").unwrap_or_default()),
        contact: frame.security.contact.clone(),
    };
    frame.render(&template, StatusCode::FORBIDDEN)
}

/// What a rule says, as far as whoever is refused may know it.
fn reason(rule: &str) -> &'static str {
    [
        Rule::Network,
        Rule::Country,
        Rule::UnknownCountry,
        Rule::Hours,
        Rule::Unreadable,
    ]
    .into_iter()
    .find(|known| known.as_str() == rule)
    .map_or(
        "It cannot be opened from where you are now.",
        Rule::explanation,
    )
}
