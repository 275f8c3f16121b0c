//! The page before a tenant's provider. It leads on by itself, as a form's policy would stop a
//! redirect to another host; and it says what else can be done when the provider failed.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use cp_app::people::ways_in;
use kernel::ConnectionId;
use ui::Page;
use web::{ApiError, Path, ProblemCode};

use super::{
    browser::{Asked, remembered_email},
    place::Frame,
};
use crate::auth::{pages::local_target, problems};

#[derive(Template)]
#[template(path = "auth/entrance/sso.html")]
struct Sso {
    page: Page,
    brand: String,
    provider: String,
    href: String,
    failure: Option<&'static str>,
    reference: Option<String>,
    password: Option<String>,
    other: String,
}

pub(super) async fn show(
    request: HttpRequest,
    frame: Frame,
    Path(id): Path<ConnectionId>,
    asked: Asked,
) -> Result<HttpResponse, ApiError> {
    let tenant = frame.place.tenant()?;
    let ways = ways_in(&frame.auth, tenant.tenant_id)
        .await
        .map_err(|error| problems::store(&error))?;
    // One that is off, or another tenant's, does not exist.
    let way = ways.into_iter().find(|way| way.connection == id);
    let way = way.ok_or(ProblemCode::NotFound)?;
    let return_to = asked.return_to();
    let failure = asked.get("failure").map(why);
    let reference = asked.get("reference").filter(|text| is_reference(text));
    let email = remembered_email(&request);
    let mut href = local_target(&format!("/auth/sso/{id}/start"), return_to.as_str());
    if let Some(email) = &email {
        let hint = form_urlencoded::byte_serialize(email.as_str().as_bytes());
        href.extend(["&login_hint="].into_iter().chain(hint));
    }
    let mut page = frame.page(format!("Sign in with {}", way.name));
    page.failed = failure.is_some();
    let template = Sso {
        page,
        brand: frame.name().to_owned(),
        provider: way.name,
        href,
        failure,
        reference: reference.map(str::to_owned),
        password: email
            .is_some()
            .then(|| local_target("/sign-in/password", return_to.as_str())),
        other: local_target("/sign-in", return_to.as_str()),
    };
    frame.render(&template, StatusCode::OK)
}

/// What a word of ours in the address means. Nothing that a provider wrote is repeated.
fn why(word: &str) -> &'static str {
    match word {
        "off" => "This way in is switched off.",
        "denied" => "Your provider did not let you in.",
        "away" => "Your provider could not be reached, or did not answer as it should.",
        "expired" => "That took too long, or the answer was used before.",
        "not-admitted" => "Your provider knows you, but you are no member here.",
        "address" => "Your provider gave an address that it may not speak for.",
        _ => "Signing in with your provider did not work.",
    }
}

/// Whether a text of the address can be the number of a request.
fn is_reference(text: &str) -> bool {
    kernel::RequestId::parse(text).is_some()
}
