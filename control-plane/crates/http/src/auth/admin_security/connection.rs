//! One connection: made and changed.

use actix_web::{HttpResponse, get, post};
use askama::Template;
use cp_app::sso::{ConnectionView, create_connection, logout_uri, redirect_uri, update_connection};
use cp_domain::ConnectionState;
use kernel::{ConnectionId, IfMatch, Revision};
use ui::{Banner, ErrorSummary, Nonce, Page, Status};
use web::{ApiError, Path};

use super::{
    connection_draft::{Draft, DraftForm},
    connections::{DEEP, PAGE, one, state},
    errors::faults,
};
use crate::auth::pages::{Architect, Done, Faults, Seat, Section, Submission, render, see_other};

const DONE: &[(&str, &str)] = &[
    (
        "created",
        "The connection is made. Test it before people come in by it.",
    ),
    ("saved", "The connection is saved."),
    (
        "enabled",
        "The connection is enabled. People can sign in through it.",
    ),
    (
        "disabled",
        "The connection is disabled. Who came in through it is out.",
    ),
];

/// What is known of a connection that is there.
struct Existing {
    path: String,
    redirect_uri: String,
    logout_uri: String,
    enabled: bool,
}

#[derive(Template)]
#[template(path = "auth/admin/connection_form.html")]
struct ConnectionPage {
    page: Page,
    done: Option<Banner>,
    state: Option<Status>,
    last_failure: Option<Banner>,
    summary: ErrorSummary,
    form_token: String,
    action: String,
    revision: Revision,
    existing: Option<Existing>,
    form: DraftForm,
}

#[get("/connections/new")]
pub(super) async fn ask(Architect(seat): Architect) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    new_page(&seat, &Draft::default(), &Faults::default())
}

fn new_page(seat: &Seat, draft: &Draft, faults: &Faults) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let mut page = seat.frame("New connection", Section::Tenant, DEEP, &nonce);
    page.failed = !faults.is_empty();
    let template = ConnectionPage {
        page,
        done: None,
        state: None,
        last_failure: None,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        action: PAGE.to_owned(),
        revision: Revision(0),
        existing: None,
        form: draft.form(false, faults),
    };
    render(&template, faults.status(), &nonce)
}

#[post("/connections")]
pub(super) async fn create(
    Architect(seat): Architect,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let draft = Draft::of_form(&form);
    let wanted = match draft.read(None) {
        Ok(wanted) => wanted,
        Err(faults) => return new_page(&seat, &draft, &faults),
    };
    match create_connection(&seat.auth, &seat.administrator(), &wanted).await {
        Ok(made) => {
            let id = made.connection.id;
            Ok(see_other(format!("{PAGE}/{id}?done=created")))
        }
        Err(error) => new_page(&seat, &draft, &faults(error)?),
    }
}

#[get("/connections/{id}")]
pub(super) async fn show(
    Architect(seat): Architect,
    Path(id): Path<ConnectionId>,
    done: Done,
) -> Result<HttpResponse, ApiError> {
    let view = one(&seat, id).await?;
    let draft = Draft::of_kept(&view.connection);
    page(&seat, &view, &draft, done.banner(DONE), &Faults::default())
}

/// The connection as it is, with what is wrong.
pub(super) async fn again(
    seat: &Seat,
    id: ConnectionId,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let view = one(seat, id).await?;
    let draft = Draft::of_kept(&view.connection);
    page(seat, &view, &draft, None, faults)
}

fn page(
    seat: &Seat,
    view: &ConnectionView,
    draft: &Draft,
    done: Option<Banner>,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let connection = &view.connection;
    let nonce = Nonce::new();
    let mut page = seat.frame(&connection.name, Section::Tenant, DEEP, &nonce);
    page.failed = !faults.is_empty();
    let path = format!("{PAGE}/{}", connection.id);
    let slug = &seat.tenant.slug;
    let template = ConnectionPage {
        page,
        done,
        state: Some(state(connection)),
        last_failure: connection.last_failure.as_ref().map(|(at, why)| {
            let day = at.format("%-d %b %Y %H:%M UTC");
            Banner::warn(format!("The last sign-in that failed, {day}: {why}"))
        }),
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        action: path.clone(),
        revision: Revision(connection.revision),
        existing: Some(Existing {
            redirect_uri: redirect_uri(&seat.auth, slug, connection.id),
            logout_uri: logout_uri(&seat.auth, slug, connection.id),
            enabled: connection.state == ConnectionState::Enabled,
            path,
        }),
        form: draft.form(connection.client_secret.is_some(), faults),
    };
    render(&template, faults.status(), &nonce)
}

#[post("/connections/{id}")]
pub(super) async fn save(
    Architect(seat): Architect,
    Path(id): Path<ConnectionId>,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let view = one(&seat, id).await?;
    let draft = Draft::of_form(&form);
    let wanted = match draft.read(Some(&view)) {
        Ok(wanted) => wanted,
        Err(faults) => return page(&seat, &view, &draft, None, &faults),
    };
    let revision = Revision(form.text("revision").parse().unwrap_or_default());
    let by = seat.administrator();
    let seen = IfMatch::Revision(revision);
    match update_connection(&seat.auth, &by, id, seen, &wanted).await {
        Ok(_) => Ok(see_other(format!("{PAGE}/{id}?done=saved"))),
        Err(error) => page(&seat, &view, &draft, None, &faults(error)?),
    }
}
