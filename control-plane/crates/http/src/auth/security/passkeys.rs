//! Passkeys: listed, named, removed; a script of the page adds one.

use actix_web::{HttpResponse, get, http::StatusCode, post};
use askama::Template;
use cp_app::factors::{
    FactorHolder, overview,
    passkeys::{OwnPasskey, list_passkeys, remove_passkey, rename_passkey},
};
use cp_domain::Factor;
use kernel::PasskeyId;
use ui::{Banner, ErrorSummary, Field, Moment, Nonce, Page, Tabs};
use web::{ApiError, Path, ProblemCode};

use super::{
    WAY,
    factors::{outside, password_for_removal, removal_faults},
    tabs,
    views::{chosen_name, date},
};
use crate::auth::{
    context::ClientInfo,
    pages::{Confirm, Done, Faults, Seat, Section, Submission, render, see_other},
    problems,
};

pub(super) const PAGE: &str = "/security/passkeys";
const DEEP: &[(&str, &str)] = &[("Your security", "/security"), ("Passkeys", PAGE)];
const DONE: &[(&str, &str)] = &[
    (
        "added",
        "The passkey is added. You can sign in with it from now on.",
    ),
    ("renamed", "The passkey has its new name."),
    (
        "removed",
        "The passkey is removed here. Remove it from your device or password manager, too.",
    ),
];

struct Row {
    id: PasskeyId,
    name: String,
    created: Moment,
    used: Option<Moment>,
}

#[derive(Template)]
#[template(path = "auth/security/passkeys.html")]
struct List {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    /// The passkey that was added is the first second factor.
    first: bool,
    /// How many recovery codes there are; none when nothing is to be said about them.
    codes: Option<u32>,
    rows: Vec<Row>,
    name: Field,
}

#[get("/passkeys")]
pub(super) async fn list(
    seat: Seat,
    ClientInfo(client): ClientInfo,
    done: Done,
) -> Result<HttpResponse, ApiError> {
    let passkeys = own(&seat).await?;
    let (first, codes) = news(&seat, &done).await?;
    let nonce = Nonce::new();
    let mut page = seat.frame("Passkeys", Section::Own, WAY, &nonce);
    page.passkeys = true;
    let row = |passkey: OwnPasskey| Row {
        id: passkey.id,
        name: passkey.name,
        created: seat.moment(passkey.created_at),
        used: passkey.last_used_at.map(|at| seat.moment(at)),
    };
    let template = List {
        page,
        tabs: tabs(PAGE),
        first,
        codes,
        done: done.banner(DONE),
        rows: passkeys.into_iter().map(row).collect(),
        name: Field {
            autocomplete: "off",
            ..Field::text("name", "Name")
        }
        .hint("Where it is kept, so that you know it again.")
        .value(client.device),
    };
    render(&template, StatusCode::OK, &nonce)
}

/// What a passkey that was just added means, by what else there is: whether it is the first second
/// factor, and how many recovery codes there are where that is worth a word.
async fn news(seat: &Seat, done: &Done) -> Result<(bool, Option<u32>), ApiError> {
    if !done.is("added") {
        return Ok((false, None));
    }
    let found = overview(&seat.auth, seat.session.person_id).await;
    let factors = found.map_err(|error| problems::store(&error))?.factors;
    let first = factors.only(Factor::Passkey);
    let codes = factors.recovery_codes;
    Ok((first, (first || codes == 0).then_some(codes)))
}

async fn own(seat: &Seat) -> Result<Vec<OwnPasskey>, ApiError> {
    list_passkeys(&seat.auth, seat.session.person_id)
        .await
        .map_err(|error| problems::store(&error))
}

async fn one(seat: &Seat, id: PasskeyId) -> Result<OwnPasskey, ApiError> {
    let found = own(seat)
        .await?
        .into_iter()
        .find(|passkey| passkey.id == id);
    found.ok_or_else(|| ApiError::new(ProblemCode::NotFound))
}

#[derive(Template)]
#[template(path = "auth/security/passkey_name.html")]
struct Rename {
    page: Page,
    summary: ErrorSummary,
    form_token: String,
    action: String,
    name: Field,
}

fn rename_page(
    seat: &Seat,
    id: PasskeyId,
    name: &str,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let mut page = seat.frame("Rename a passkey", Section::Own, DEEP, &nonce);
    page.failed = !faults.is_empty();
    let template = Rename {
        page,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        action: format!("{PAGE}/{id}"),
        name: Field {
            autocomplete: "off",
            ..Field::text("name", "Name")
        }
        .value(name)
        .error(faults.of("name")),
    };
    render(&template, faults.status(), &nonce)
}

#[get("/passkeys/{id}")]
pub(super) async fn ask_name(
    seat: Seat,
    Path(id): Path<PasskeyId>,
) -> Result<HttpResponse, ApiError> {
    let passkey = one(&seat, id).await?;
    rename_page(&seat, id, &passkey.name, &Faults::default())
}

#[post("/passkeys/{id}")]
pub(super) async fn rename(
    seat: Seat,
    Path(id): Path<PasskeyId>,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    let mut faults = Faults::default();
    let name = chosen_name(&form, &mut faults);
    if !faults.is_empty() {
        one(&seat, id).await?;
        return rename_page(&seat, id, &name, &faults);
    }
    rename_passkey(&seat.auth, FactorHolder::SignedIn(&seat.session), id, &name)
        .await
        .map_err(outside)?;
    Ok(see_other(format!("{PAGE}?done=renamed")))
}

#[get("/passkeys/{id}/remove")]
pub(super) async fn ask_remove(
    seat: Seat,
    Path(id): Path<PasskeyId>,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    remove_page(&seat, id, &Faults::default()).await
}

async fn remove_page(
    seat: &Seat,
    id: PasskeyId,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let passkey = one(seat, id).await?;
    let found = overview(&seat.auth, seat.session.person_id).await;
    let factors = found.map_err(|error| problems::store(&error))?.factors;
    let last = factors.only(Factor::Passkey);
    let mut impact = vec!["You cannot sign in with this passkey any more.".to_owned()];
    if last {
        impact.push(
            "It is your only second factor: your recovery codes go with it, and your password \
             alone lets in whoever knows it."
                .to_owned(),
        );
    }
    let used = passkey
        .last_used_at
        .map_or_else(|| "never".to_owned(), date);
    let page = Confirm {
        title: "Remove a passkey",
        section: Section::Own,
        way: DEEP,
        action: format!("{PAGE}/{id}/remove"),
        impact,
        facts: vec![
            ("Passkey", passkey.name),
            ("Added", date(passkey.created_at)),
            ("Last used", used),
        ],
        field: password_for_removal(seat, last, faults),
        verb: "Remove passkey",
    };
    page.show(seat, faults)
}

#[post("/passkeys/{id}/remove")]
pub(super) async fn remove(
    seat: Seat,
    Path(id): Path<PasskeyId>,
    ClientInfo(client): ClientInfo,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    let holder = FactorHolder::SignedIn(&seat.session);
    let password = form.given("password").map(|_| form.secret("password"));
    match remove_passkey(&seat.auth, holder, id, password.as_ref(), &client).await {
        Ok(()) => Ok(see_other(format!("{PAGE}?done=removed"))),
        Err(error) => {
            let faults = removal_faults(error)?;
            remove_page(&seat, id, &faults).await
        }
    }
}
