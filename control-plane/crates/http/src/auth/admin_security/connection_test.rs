//! Trying a connection: there and back, then the claims that were received and what a sign-in with
//! them would come to.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post};
use askama::Template;
use cp_app::sso::{ConnectionView, TestResult, find_test};
use cp_domain::{FlowPurpose, LocalPath};
use kernel::{ConnectionId, Role};
use serde_json::Value;
use ui::{Banner, Nonce, Page, Tone};
use web::{ApiError, Path, ProblemCode};

use super::{
    connections::{DEEP, PAGE, one},
    errors::{outside, sentence},
    role_name,
};
use crate::auth::{
    pages::{Architect, Seat, Section, Submission, render, see_other},
    sso::{Trip, depart},
};

#[derive(Template)]
#[template(path = "auth/admin/connection_test.html")]
struct TestPage {
    page: Page,
    banners: Vec<Banner>,
    problem: Option<String>,
    reference: String,
    claims: Vec<(String, String)>,
    outcome: Vec<(&'static str, String)>,
    path: String,
    form_token: String,
}

/// What is to be shown of a test.
struct Found {
    problem: Option<String>,
    reference: String,
    result: Option<TestResult>,
}

#[post("/connections/{id}/test")]
pub(super) async fn start(
    request: HttpRequest,
    Architect(seat): Architect,
    Path(id): Path<ConnectionId>,
    _form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let view = one(&seat, id).await?;
    let path = format!("{PAGE}/{id}/test");
    let trip = Trip {
        request: &request,
        auth: &seat.auth,
        tenant: &seat.tenant,
        connection: id,
        purpose: FlowPurpose::Test,
        visitor: Some(&seat.session),
        return_to: LocalPath::or_home(Some(&path)),
    };
    match depart(trip).await {
        // The provider cannot even be asked: that is a result, too.
        Err(error) if error.code() == ProblemCode::ProviderFailed => {
            let found = Found {
                problem: Some(error.detail_text().unwrap_or_default().to_owned()),
                reference: seat.request_id.to_string(),
                result: None,
            };
            page(&seat, &view, found)
        }
        other => other,
    }
}

#[get("/connections/{id}/test")]
pub(super) async fn show(
    Architect(seat): Architect,
    Path(id): Path<ConnectionId>,
) -> Result<HttpResponse, ApiError> {
    let view = one(&seat, id).await?;
    let found = find_test(&seat.auth, &seat.administrator(), id).await;
    let Some(result) = found.map_err(outside)? else {
        return Ok(see_other(format!("{PAGE}/{id}")));
    };
    let found = Found {
        problem: result.problem.clone(),
        reference: result.request_id.clone(),
        result: Some(result),
    };
    page(&seat, &view, found)
}

fn page(seat: &Seat, view: &ConnectionView, found: Found) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let path = format!("{PAGE}/{}", view.connection.id);
    let way = [DEEP, &[(view.connection.name.as_str(), path.as_str())]].concat();
    let mut page = seat.frame("Test of the connection", Section::Tenant, &way, &nonce);
    page.failed = found.problem.is_some();
    let mut banners = vec![if found.problem.is_some() {
        Banner {
            tone: Tone::Bad,
            text: "The connection does not work yet.".to_owned(),
        }
    } else {
        Banner::good("The connection works. The provider's answer was checked.")
    }];
    let demoted = |result: &TestResult| result.is_you && result.role != Some(Role::Architect);
    if found.problem.is_none() && found.result.as_ref().is_some_and(demoted) {
        banners.push(Banner::warn(
            "This is you, and signing in like this would make you less than an architect. Give one \
             of your groups the role first.",
        ));
    }
    let (claims, outcome) = found.result.map(told).unwrap_or_default();
    let template = TestPage {
        page,
        banners,
        problem: found.problem.map(|problem| sentence(&problem)),
        reference: found.reference,
        claims,
        outcome,
        path,
        form_token: seat.form_token.clone(),
    };
    render(&template, StatusCode::OK, &nonce)
}

type Told = (Vec<(String, String)>, Vec<(&'static str, String)>);

/// The claims, and what they come to, in words.
fn told(result: TestResult) -> Told {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let claims = result.claims.iter();
    let claims = claims.map(|(name, value)| (name.clone(), text(value)));
    let who = if result.is_you {
        "You"
    } else {
        "Another person, or nobody here yet"
    };
    let mut outcome = vec![
        (
            "Tested",
            result.at.format("%-d %b %Y %H:%M:%S UTC").to_string(),
        ),
        ("Who it is", who.to_owned()),
        (
            "E-mail that counts",
            result.email.unwrap_or_else(|| "none".to_owned()),
        ),
    ];
    if let Some(role) = result.role {
        outcome.push(("Role", role_name(role).to_owned()));
    }
    if let Some(external) = result.external {
        outcome.push(("External", if external { "Yes" } else { "No" }.to_owned()));
    }
    (claims.collect(), outcome)
}
