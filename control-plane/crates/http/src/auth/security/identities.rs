//! Providers through which one signs in: linked by signing in there, taken away here.

use actix_web::{HttpRequest, HttpResponse, get, http::StatusCode, post};
use askama::Template;
use cp_app::{
    people::ways_in,
    sso::{Identity, list_identities, unlink},
};
use cp_domain::{FlowPurpose, LocalPath};
use kernel::ConnectionId;
use ui::{Banner, Moment, Nonce, Page, Tabs};
use web::{ApiError, Path, ProblemCode};

use super::{WAY, tabs, views::date};
use crate::auth::{
    pages::{Confirm, Done, Faults, Seat, Section, Submission, render, see_other},
    problems,
    sso::{Trip, depart},
};

pub(super) const PAGE: &str = "/security/identities";
const DEEP: &[(&str, &str)] = &[("Your security", "/security"), ("Linked accounts", PAGE)];
const DONE: &[(&str, &str)] = &[
    (
        "linked",
        "The account is linked. You can sign in through it from now on.",
    ),
    ("unlinked", "The account is not linked any more."),
];

struct Row {
    connection: ConnectionId,
    name: String,
    linked: Moment,
    used: Option<Moment>,
}

#[derive(Template)]
#[template(path = "auth/security/identities.html")]
struct List {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    form_token: String,
    rows: Vec<Row>,
    /// Providers that can be linked.
    offers: Vec<(ConnectionId, String)>,
}

async fn own(seat: &Seat) -> Result<Vec<Identity>, ApiError> {
    list_identities(&seat.auth, &seat.session)
        .await
        .map_err(|error| problems::store(&error))
}

#[get("/identities")]
pub(super) async fn list(seat: Seat, done: Done) -> Result<HttpResponse, ApiError> {
    let identities = own(&seat).await?;
    let ways = ways_in(&seat.auth, seat.tenant.tenant_id).await;
    let ways = ways.map_err(|error| problems::store(&error))?;
    let linked = |id| identities.iter().any(|identity| identity.connection == id);
    let offers = ways
        .into_iter()
        .filter(|way| !linked(way.connection))
        .map(|way| (way.connection, way.name))
        .collect();
    let nonce = Nonce::new();
    let template = List {
        page: seat.frame("Linked accounts", Section::Own, WAY, &nonce),
        tabs: tabs(PAGE),
        done: done.banner(DONE),
        form_token: seat.form_token.clone(),
        offers,
        rows: identities
            .iter()
            .map(|identity| Row {
                connection: identity.connection,
                name: identity.connection_name.clone(),
                linked: seat.moment(identity.created_at),
                used: identity.last_sign_in_at.map(|at| seat.moment(at)),
            })
            .collect(),
    };
    render(&template, StatusCode::OK, &nonce)
}

#[post("/identities/{connection}/link")]
pub(super) async fn link(
    request: HttpRequest,
    seat: Seat,
    Path(connection): Path<ConnectionId>,
    _form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let back = LocalPath::or_home(Some("/security/identities?done=linked"));
    depart(Trip {
        request: &request,
        auth: &seat.auth,
        tenant: &seat.tenant,
        connection,
        purpose: FlowPurpose::Link,
        visitor: Some(&seat.session),
        return_to: back,
    })
    .await
}

#[get("/identities/{connection}/unlink")]
pub(super) async fn ask_unlink(
    seat: Seat,
    Path(connection): Path<ConnectionId>,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let identities = own(&seat).await?;
    let found = identities
        .into_iter()
        .find(|identity| identity.connection == connection);
    let identity = found.ok_or(ProblemCode::NotFound)?;
    let used = identity
        .last_sign_in_at
        .map_or_else(|| "never".to_owned(), date);
    let page = Confirm {
        title: "Unlink an account",
        section: Section::Own,
        way: DEEP,
        action: format!("{PAGE}/{connection}/unlink"),
        impact: vec![
            "Signing in there does not lead to your account any more, and sessions that began so \
             end at once. Others stay."
                .to_owned(),
        ],
        facts: vec![
            ("Account at", identity.connection_name),
            ("Linked", date(identity.created_at)),
            ("Last sign-in", used),
        ],
        field: None,
        verb: "Unlink account",
    };
    page.show(&seat, &Faults::default())
}

#[post("/identities/{connection}/unlink")]
pub(super) async fn remove(
    seat: Seat,
    Path(connection): Path<ConnectionId>,
    _form: Submission,
) -> Result<HttpResponse, ApiError> {
    unlink(&seat.auth, &seat.session, connection, &seat.request_id)
        .await
        .map_err(crate::auth::sso::admin)?;
    Ok(see_other(format!("{PAGE}?done=unlinked")))
}
