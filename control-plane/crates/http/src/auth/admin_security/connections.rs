//! A tenant's connections: the list, switching one on and off, and deleting it.

use actix_web::{HttpResponse, get, http::StatusCode, post};
use askama::Template;
use cp_app::sso::{
    Connection, ConnectionView, delete_connection, find_connection, list_connections,
    set_connection_state,
};
use cp_domain::ConnectionState;
use kernel::{ConnectionId, IfMatch};
use ui::{Banner, Moment, Nonce, Page, Status, Tabs, Tone};
use web::{ApiError, Path};

use super::{
    WAY,
    errors::{faults, outside},
    tabs,
};
use crate::auth::pages::{
    Architect, Confirm, Done, Faults, Seat, Section, Submission, check_typed, render, see_other,
    typed,
};

pub(super) const PAGE: &str = "/admin/security/connections";
/// The way to a connection.
pub(super) const DEEP: &[(&str, &str)] =
    &[("Administration", "/admin/security"), ("Connections", PAGE)];
const DONE: &[(&str, &str)] = &[("deleted", "The connection is deleted.")];

struct Row {
    id: ConnectionId,
    name: String,
    state: Status,
    issuer: String,
    last_sign_in: Option<Moment>,
    last_failure: Option<(Moment, String)>,
    secret_ends: Option<(Moment, bool)>,
}

#[derive(Template)]
#[template(path = "auth/admin/connections.html")]
struct Connections {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    rows: Vec<Row>,
}

/// Whether people come in by it.
pub(super) fn state(connection: &Connection) -> Status {
    let (tone, label) = match connection.state {
        ConnectionState::Enabled => (Tone::Good, "Enabled"),
        ConnectionState::Disabled => (Tone::Idle, "Disabled"),
    };
    Status {
        tone,
        label: label.to_owned(),
    }
}

#[get("/connections")]
pub(super) async fn list(Architect(seat): Architect, done: Done) -> Result<HttpResponse, ApiError> {
    let views = list_connections(&seat.auth, &seat.administrator()).await;
    let row = |view: ConnectionView| {
        let connection = view.connection;
        Row {
            id: connection.id,
            state: state(&connection),
            name: connection.name,
            issuer: connection.issuer,
            last_sign_in: connection.last_sign_in_at.map(|at| seat.moment(at)),
            last_failure: connection
                .last_failure
                .map(|(at, why)| (seat.moment(at), why)),
            secret_ends: connection
                .secret_expires_at
                .map(|at| (seat.moment(at), at <= seat.now())),
        }
    };
    let nonce = Nonce::new();
    let template = Connections {
        page: seat.frame("Connections", Section::Tenant, WAY, &nonce),
        tabs: tabs(PAGE),
        done: done.banner(DONE),
        rows: views.map_err(outside)?.into_iter().map(row).collect(),
    };
    render(&template, StatusCode::OK, &nonce)
}

pub(super) async fn one(seat: &Seat, id: ConnectionId) -> Result<ConnectionView, ApiError> {
    find_connection(&seat.auth, &seat.administrator(), id)
        .await
        .map_err(outside)
}

/// Switches it: the form names the state that it wants, so that sending it twice does no harm.
#[post("/connections/{id}/state")]
pub(super) async fn switch(
    Architect(seat): Architect,
    Path(id): Path<ConnectionId>,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let enable = form.text("state") == "enabled";
    let (wanted, word) = if enable {
        (ConnectionState::Enabled, "enabled")
    } else {
        (ConnectionState::Disabled, "disabled")
    };
    let by = seat.administrator();
    let switched = set_connection_state(&seat.auth, &by, id, IfMatch::Any, wanted).await;
    match switched {
        Ok(_) => Ok(see_other(format!("{PAGE}/{id}?done={word}"))),
        Err(error) => {
            let faults = faults(error)?;
            super::connection::again(&seat, id, &faults).await
        }
    }
}

#[get("/connections/{id}/delete")]
pub(super) async fn ask_delete(
    Architect(seat): Architect,
    Path(id): Path<ConnectionId>,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let view = one(&seat, id).await?;
    delete_page(&seat, &view.connection, &Faults::default())
}

fn delete_page(
    seat: &Seat,
    connection: &Connection,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let title = format!("Delete {}", connection.name);
    let page = Confirm {
        title: &title,
        section: Section::Tenant,
        way: DEEP,
        action: format!("{PAGE}/{}/delete", connection.id),
        impact: vec![
            "Everybody who is signed in through it is out at once. The links between the \
             provider's users and your members are forgotten: after a new connection they are made \
             again by verified addresses only."
                .to_owned(),
            "Members stay, with what they have. To keep the links, disable the connection instead."
                .to_owned(),
        ],
        facts: vec![("Issuer", connection.issuer.clone())],
        field: Some(typed(&connection.name, faults)),
        verb: "Delete connection",
    };
    page.show(seat, faults)
}

#[post("/connections/{id}/delete")]
pub(super) async fn delete(
    Architect(seat): Architect,
    Path(id): Path<ConnectionId>,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let view = one(&seat, id).await?;
    if let Err(faults) = check_typed(&form, &view.connection.name) {
        return delete_page(&seat, &view.connection, &faults);
    }
    let by = seat.administrator();
    match delete_connection(&seat.auth, &by, id, IfMatch::Any).await {
        Ok(()) => Ok(see_other(format!("{PAGE}?done=deleted"))),
        Err(error) => delete_page(&seat, &view.connection, &faults(error)?),
    }
}
