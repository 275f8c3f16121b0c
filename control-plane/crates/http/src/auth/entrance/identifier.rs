//! The first page: the address, then the way that belongs to it. What it does with an address
//! depends on its domain only, never on whether somebody has an account.

use actix_web::{HttpRequest, HttpResponse, cookie::Cookie, http::StatusCode};
use askama::Template;
use cp_app::people::{WayIn, ways_in, ways_of_email};
use cp_domain::{Email, LocalPath};
use ui::{ErrorSummary, Field, Page};
use web::ApiError;

use super::{
    arrival::Arrived,
    browser::{Asked, Browser, Fields, email_cookie, remembered_email},
    passkeys::PasskeyButton,
    place::{Frame, Place},
};
use crate::auth::{
    pages::{Faults, local_target, see_other},
    problems,
};

/// A way in beside the password.
pub(super) struct Way {
    pub(super) label: String,
    pub(super) href: String,
}

#[derive(Template)]
#[template(path = "auth/entrance/identifier.html")]
struct Identifier {
    page: Page,
    brand: String,
    notice: Option<&'static str>,
    summary: ErrorSummary,
    form_token: String,
    return_to: LocalPath,
    email: Field,
    ways: Vec<Way>,
    sso_enforced: bool,
    passkey: PasskeyButton,
}

pub(super) async fn show(
    request: HttpRequest,
    frame: Frame,
    arrived: Arrived,
    browser: Browser,
    asked: Asked,
) -> Result<HttpResponse, ApiError> {
    let return_to = asked.return_to();
    if arrived.is_somebody() && asked.get("notice").is_none() {
        return Ok(see_other(return_to.as_str()));
    }
    let email = remembered_email(&request).map(|email| email.as_str().to_owned());
    let form = Form {
        return_to,
        email: email.unwrap_or_default(),
        notice: asked.get("notice").and_then(notice),
        faults: Faults::default(),
    };
    browser.with(page(&frame, &browser, form).await?)
}

/// What is told to somebody who was led here.
fn notice(word: &str) -> Option<&'static str> {
    match word {
        "signed-out" => Some("You are signed out."),
        "signed-out-everywhere" => Some("You are signed out on every device."),
        "sso" => Some("Sign in through your organisation: it asks for that here."),
        "no-account" => Some("Your account does not belong here. Sign in with another one."),
        "expired" => Some("That took too long. Sign in again."),
        "password-changed" => Some("Your password is changed. Sign in with the new one."),
        _ => None,
    }
}

struct Form {
    return_to: LocalPath,
    email: String,
    notice: Option<&'static str>,
    faults: Faults,
}

async fn page(frame: &Frame, browser: &Browser, form: Form) -> Result<HttpResponse, ApiError> {
    let ways = match &frame.place {
        Place::Tenant(tenant) => ways_in(&frame.auth, tenant.tenant_id)
            .await
            .map_err(|error| problems::store(&error))?,
        Place::People => Vec::new(),
    };
    let mut page = frame.page(format!("Sign in to {}", frame.name()));
    page.failed = !form.faults.is_empty();
    page.passkeys = true;
    let status = form.faults.status();
    let template = Identifier {
        page,
        brand: frame.name().to_owned(),
        notice: form.notice,
        summary: form.faults.summary(),
        form_token: browser.form_token(),
        email: Field {
            autocomplete: "username webauthn",
            ..Field::email("email", "E-mail")
        }
        .value(form.email)
        .error(form.faults.of("email")),
        ways: other_ways(frame, &ways, &form.return_to),
        sso_enforced: frame.security.sso_enforced && !ways.is_empty(),
        passkey: PasskeyButton::sign_in(frame, &form.return_to),
        return_to: form.return_to,
    };
    frame.render(&template, status)
}

/// The tenant's providers, and the account that one may be signed in to already.
fn other_ways(frame: &Frame, ways: &[WayIn], return_to: &LocalPath) -> Vec<Way> {
    let provider = |way: &WayIn| Way {
        label: format!("Continue with {}", way.name),
        href: provider_page(way, return_to),
    };
    let account = Way {
        label: "Use my Trellis account".to_owned(),
        href: local_target("/auth/handoff", return_to.as_str()),
    };
    let account = (frame.is_tenant() && !frame.security.sso_enforced).then_some(account);
    ways.iter().map(provider).chain(account).collect()
}

/// The page before a provider.
fn provider_page(way: &WayIn, return_to: &LocalPath) -> String {
    local_target(
        &format!("/sign-in/sso/{}", way.connection),
        return_to.as_str(),
    )
}

pub(super) async fn submit(
    frame: Frame,
    browser: Browser,
    fields: Fields,
) -> Result<HttpResponse, ApiError> {
    let return_to = fields.return_to();
    let Ok(email) = Email::parse(fields.text("email")) else {
        let fault = if fields.text("email").is_empty() {
            "Enter your e-mail address."
        } else {
            "This is not an e-mail address. It looks like name@company.example."
        };
        let form = Form {
            return_to,
            email: fields.text("email").to_owned(),
            notice: None,
            faults: Faults::field("email", fault),
        };
        return page(&frame, &browser, form).await;
    };
    let tenant = frame.place.tenant().ok().map(|tenant| tenant.slug.clone());
    let ways = ways_of_email(&frame.auth, tenant.as_deref(), &email)
        .await
        .map_err(|error| problems::store(&error))?;
    let next = match (ways.first(), frame.is_tenant()) {
        (Some(way), true) => provider_page(way, &return_to),
        (Some(_), false) => local_target("/sign-in/organisation", return_to.as_str()),
        (None, _) => local_target("/sign-in/password", return_to.as_str()),
    };
    let mut answer = see_other(next);
    remember(
        &mut answer,
        &email_cookie(&email, frame.auth.settings.insecure_cookies),
    )?;
    Ok(answer)
}

fn remember(answer: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), ApiError> {
    answer
        .add_cookie(cookie)
        .map_err(|error| ApiError::internal(&error))
}

#[derive(Template)]
#[template(path = "auth/entrance/organisation.html")]
struct Organisation {
    page: Page,
    email: String,
    ways: Vec<Way>,
    password: String,
}

/// On the host of people: an organisation answers for the address, on its own host.
pub(super) async fn organisation(
    request: HttpRequest,
    frame: Frame,
    asked: Asked,
) -> Result<HttpResponse, ApiError> {
    frame.place.people()?;
    let Some(email) = remembered_email(&request) else {
        return Ok(see_other(local_target(
            "/sign-in",
            asked.return_to().as_str(),
        )));
    };
    let ways = ways_of_email(&frame.auth, None, &email)
        .await
        .map_err(|error| problems::store(&error))?;
    let way = |way: &WayIn| Way {
        label: format!("Continue to {}", way.tenant),
        href: format!(
            "{}/sign-in/sso/{}",
            frame.auth.links.tenant(&way.slug),
            way.connection
        ),
    };
    let template = Organisation {
        page: frame.page("Your organisation signs you in"),
        email: email.to_string(),
        ways: ways.iter().map(way).collect(),
        password: local_target("/sign-in/password", asked.return_to().as_str()),
    };
    frame.render(&template, StatusCode::OK)
}
