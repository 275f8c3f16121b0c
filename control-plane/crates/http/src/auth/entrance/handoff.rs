//! From the host of people into a tenant. The steps are those of [`cp_app::people::redeem`].

use actix_web::{HttpRequest, HttpResponse, cookie::time::Duration, http::StatusCode};
use askama::Template;
use cp_app::{
    admission::AdmissionError,
    people::{self, Begun, Handoff, HandoffError},
};
use cp_domain::{LocalPath, TokenHash};
use secrecy::ExposeSecret as _;
use ui::Page;
use web::{ApiError, ProblemCode};

use super::{
    arrival::{Arrived, Outcome, Person},
    browser::{Asked, cookie_value},
    place::Frame,
    prove::rule_of,
    refused,
};
use crate::auth::{
    context::ClientInfo,
    cookies::{cookie, ended},
    pages::{local_target, see_other},
    problems,
};

/// How long the browser may take to come back: it may have to sign in first.
const LIFE: Duration = Duration::minutes(10);

const fn handoff_cookie_name(insecure: bool) -> &'static str {
    if insecure {
        "trellis-handoff"
    } else {
        "__Host-trellis-handoff"
    }
}

fn query(pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    query.finish()
}

/// On a tenant's host: the browser gets a cookie and goes to the host of people; or it comes back
/// from there with a code.
pub(super) async fn tenant(
    request: HttpRequest,
    frame: Frame,
    arrived: Arrived,
    client: ClientInfo,
    asked: Asked,
) -> Result<HttpResponse, ApiError> {
    match asked.get("code") {
        Some(code) => arrive(&request, &frame, &arrived, client, code, &asked).await,
        None => depart(&request, &frame, &arrived, &asked),
    }
}

fn depart(
    request: &HttpRequest,
    frame: &Frame,
    arrived: &Arrived,
    asked: &Asked,
) -> Result<HttpResponse, ApiError> {
    let tenant = frame.place.tenant()?;
    let return_to = asked.return_to();
    if arrived.is_somebody() {
        return Ok(see_other(return_to.as_str()));
    }
    let insecure = frame.auth.settings.insecure_cookies;
    let name = handoff_cookie_name(insecure);
    let known = request
        .cookie(name)
        .and_then(|cookie| people::resume(cookie.value()));
    let Begun {
        cookie: value,
        challenge,
    } = known.unwrap_or_else(people::begin);
    let query = query(&[
        ("to", &tenant.slug),
        ("challenge", &challenge.to_string()),
        ("return_to", return_to.as_str()),
    ]);
    let mut answer = see_other(format!("{}/handoff?{query}", frame.auth.links.people()));
    answer
        .add_cookie(&cookie(name, &value, LIFE, insecure))
        .map_err(|error| ApiError::internal(&error))?;
    Ok(answer)
}

#[derive(Template)]
#[template(path = "auth/entrance/onwards.html")]
struct Onwards {
    page: Page,
    to: String,
    href: String,
}

/// On the host of people: a code for a browser that wants to go to a tenant. A page leads on, as a
/// form's policy would stop a redirect to another host.
pub(super) async fn issue(
    frame: Frame,
    Person { access: person, .. }: Person,
    asked: Asked,
) -> Result<HttpResponse, ApiError> {
    let (Some(slug), Some(challenge)) = (asked.get("to"), asked.get("challenge")) else {
        return Err(ApiError::new(ProblemCode::NotFound));
    };
    let challenge = TokenHash::from_hex(challenge).ok_or(ProblemCode::NotFound)?;
    let issued = match people::issue(&frame.auth, &person, slug, challenge).await {
        Ok(issued) => issued,
        Err(HandoffError::NoAccount) => return stranger(&frame, &person.email.to_string()),
        Err(HandoffError::Store(error)) => return Err(problems::store(&error)),
        Err(error) => return Err(ApiError::internal(&error)),
    };
    let query = query(&[
        ("code", issued.code.expose_secret()),
        ("return_to", asked.return_to().as_str()),
    ]);
    let account = issued.account;
    let template = Onwards {
        page: frame.page(format!("Opening {}", account.name)),
        href: format!(
            "{}/auth/handoff?{query}",
            frame.auth.links.tenant(&account.slug)
        ),
        to: account.name,
    };
    frame.render(&template, StatusCode::OK)
}

#[derive(Template)]
#[template(path = "auth/entrance/stranger.html")]
struct Stranger {
    page: Page,
    email: String,
}

/// Nobody learns here whether there is such a tenant.
fn stranger(frame: &Frame, email: &str) -> Result<HttpResponse, ApiError> {
    let template = Stranger {
        page: frame.page("Not one of your workspaces"),
        email: email.to_owned(),
    };
    frame.render(&template, StatusCode::NOT_FOUND)
}

async fn arrive(
    request: &HttpRequest,
    frame: &Frame,
    arrived: &Arrived,
    ClientInfo(client): ClientInfo,
    code: &str,
    asked: &Asked,
) -> Result<HttpResponse, ApiError> {
    let tenant = frame.place.tenant()?;
    let return_to = asked.return_to();
    let insecure = frame.auth.settings.insecure_cookies;
    let name = handoff_cookie_name(insecure);
    let Some(value) = cookie_value(request, name) else {
        return failed(frame, &return_to);
    };
    let handoff = Handoff {
        tenant: tenant.tenant_id,
        code,
        cookie: &value,
        client: &client,
        replaces: arrived.member(),
    };
    let mut answer = match people::redeem(&frame.auth, handoff).await {
        Ok(admission) => Outcome::from(admission).onwards(request, frame, &return_to)?,
        Err(HandoffError::Refused | HandoffError::NoAccount) => {
            return failed(frame, &return_to);
        }
        Err(HandoffError::Admission(error)) => not_admitted(error, &return_to)?,
        Err(HandoffError::Store(error)) => return Err(problems::store(&error)),
    };
    answer
        .add_cookie(&ended(name, insecure))
        .map_err(|error| ApiError::internal(&error))?;
    Ok(answer)
}

/// The tenant's own policy says no, or wants another way in.
fn not_admitted(error: AdmissionError, return_to: &LocalPath) -> Result<HttpResponse, ApiError> {
    let notice = |word| {
        format!(
            "{}&notice={word}",
            local_target("/sign-in", return_to.as_str())
        )
    };
    Ok(see_other(match error {
        AdmissionError::SsoEnforced => notice("sso"),
        AdmissionError::NotAdmitted => notice("no-account"),
        AdmissionError::Refused(refusal) => refused::path(rule_of(&refusal)),
        AdmissionError::Store(error) => return Err(problems::store(&error)),
        error => return Err(ApiError::internal(&error)),
    }))
}

#[derive(Template)]
#[template(path = "auth/entrance/handoff_failed.html")]
struct Failed {
    page: Page,
    again: String,
    sign_in: String,
}

/// The code was used, is too old, or is another browser's: nothing says which.
fn failed(frame: &Frame, return_to: &LocalPath) -> Result<HttpResponse, ApiError> {
    let template = Failed {
        page: frame.page("That did not work"),
        again: local_target("/auth/handoff", return_to.as_str()),
        sign_in: local_target("/sign-in", return_to.as_str()),
    };
    frame.render(&template, StatusCode::GONE)
}
