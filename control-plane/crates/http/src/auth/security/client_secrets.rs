//! Client secrets: by which one's programs get access tokens that live for an hour.

use actix_web::{HttpResponse, get, http::StatusCode, post};
use askama::Template;
use chrono::TimeDelta;
use cp_app::clients::{ClientCreate, ClientError, create_client, list_clients, revoke_client};
use cp_domain::TokenRuleError;
use kernel::{ClientId, Scopes};
use secrecy::ExposeSecret as _;
use ui::{Banner, Choices, ErrorSummary, Field, Moment, Nonce, Page, Select, Tabs};
use web::{ApiError, Path, ProblemCode};

use super::{
    WAY, tabs,
    views::{chosen_life, chosen_name, chosen_scopes, date, life_list, scope_boxes, scope_words},
};
use crate::auth::{
    pages::{Confirm, Done, Faults, Seat, Section, ShownOnce, Submission, render, see_other},
    problems,
};

pub(super) const PAGE: &str = "/security/client-secrets";
const DEEP: &[(&str, &str)] = &[("Your security", "/security"), ("Client secrets", PAGE)];
const DONE: &[(&str, &str)] = &[(
    "revoked",
    "The client secret is revoked, and every access token that was got with it.",
)];

struct Row {
    id: ClientId,
    name: String,
    scopes: String,
    created: Moment,
    expires: Moment,
    used: Option<Moment>,
}

#[derive(Template)]
#[template(path = "auth/security/client_secrets.html")]
struct List {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    rows: Vec<Row>,
}

#[get("/client-secrets")]
pub(super) async fn list(seat: Seat, done: Done) -> Result<HttpResponse, ApiError> {
    let clients = list_clients(&seat.auth, seat.session.member_id).await;
    let clients = clients.map_err(|error| problems::store(&error))?;
    let nonce = Nonce::new();
    let template = List {
        page: seat.frame("Client secrets", Section::Own, WAY, &nonce),
        tabs: tabs(PAGE),
        done: done.banner(DONE),
        rows: clients
            .into_iter()
            .map(|client| Row {
                id: client.id,
                name: client.name,
                scopes: scope_words(client.scopes),
                created: seat.moment(client.created_at),
                expires: seat.moment(client.expires_at),
                used: client.last_used_at.map(|at| seat.moment(at)),
            })
            .collect(),
    };
    render(&template, StatusCode::OK, &nonce)
}

#[derive(Default)]
struct Answers {
    name: String,
    scopes: Scopes,
    days: Option<i64>,
}

#[derive(Template)]
#[template(path = "auth/security/client_secret_new.html")]
struct New {
    page: Page,
    summary: ErrorSummary,
    form_token: String,
    name: Field,
    scopes: Choices,
    days: Select,
}

fn form(seat: &Seat, answers: Answers, faults: &Faults) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let mut page = seat.frame("New client secret", Section::Own, DEEP, &nonce);
    page.failed = !faults.is_empty();
    let template = New {
        page,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        name: Field {
            autocomplete: "off",
            ..Field::text("name", "Name")
        }
        .hint("The program that will use it.")
        .value(answers.name)
        .error(faults.of("name")),
        scopes: scope_boxes(answers.scopes, seat.is_architect(), faults),
        days: life_list(answers.days, faults),
    };
    render(&template, faults.status(), &nonce)
}

#[get("/client-secrets/new")]
pub(super) async fn ask(seat: Seat) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    form(&seat, Answers::default(), &Faults::default())
}

#[post("/client-secrets")]
pub(super) async fn create(seat: Seat, sent: Submission) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let mut faults = Faults::default();
    let answers = Answers {
        name: chosen_name(&sent, &mut faults),
        scopes: chosen_scopes(&sent),
        days: chosen_life(&sent),
    };
    if answers.days.is_none() {
        faults.add("days", "Choose how long the secret lives.");
    }
    if answers.scopes == Scopes::default() {
        faults.add(
            "scopes",
            "Choose at least one thing that the program may do.",
        );
    }
    let (true, Some(days)) = (faults.is_empty(), answers.days) else {
        return form(&seat, answers, &faults);
    };
    let command = ClientCreate {
        owner: seat.holder(),
        name: answers.name.clone(),
        scopes: answers.scopes,
        expires_at: seat.now() + TimeDelta::days(days),
        request_id: seat.request_id.clone(),
    };
    match create_client(&seat.auth, command).await {
        Ok((client, secret)) => {
            let address = seat.auth.links.tenant(&seat.tenant.slug);
            let made = ShownOnce {
                title: "Your new client secret",
                section: Section::Own,
                way: DEEP,
                secrets: vec![
                    ("Client id".to_owned(), client.id.to_string()),
                    (
                        "Client secret".to_owned(),
                        secret.expose_secret().to_owned(),
                    ),
                ],
                facts: vec![
                    ("For", client.name),
                    ("May", scope_words(client.scopes)),
                    ("Ends", date(client.expires_at)),
                    ("Token endpoint", format!("{address}/oauth/token")),
                ],
                advice: "The program sends both to the token endpoint, with \
                         grant_type=client_credentials, and gets an access token for an hour.",
            };
            made.show(&seat)
        }
        Err(ClientError::Rule(rule)) => {
            let field = match rule {
                TokenRuleError::NoScopes => "scopes",
                TokenRuleError::ExpiresInPast | TokenRuleError::LivesTooLong => "days",
            };
            form(&seat, answers, &Faults::field(field, rule.to_string()))
        }
        Err(error @ ClientError::TooMany) => {
            form(&seat, answers, &Faults::field("", error.to_string()))
        }
        Err(error) => Err(outside(error)),
    }
}

fn outside(error: ClientError) -> ApiError {
    match error {
        ClientError::NotFound => ApiError::new(ProblemCode::NotFound),
        ClientError::SessionEnded => ApiError::new(ProblemCode::Unauthenticated),
        ClientError::Store(error) => problems::store(&error),
        other => ApiError::new(ProblemCode::RuleBroken).detail(other.to_string()),
    }
}

#[get("/client-secrets/{id}/revoke")]
pub(super) async fn ask_revoke(
    seat: Seat,
    Path(id): Path<ClientId>,
) -> Result<HttpResponse, ApiError> {
    let clients = list_clients(&seat.auth, seat.session.member_id).await;
    let clients = clients.map_err(|error| problems::store(&error))?;
    let found = clients.into_iter().find(|client| client.id == id);
    let client = found.ok_or(ProblemCode::NotFound)?;
    let used = client.last_used_at.map_or_else(|| "never".to_owned(), date);
    let page = Confirm {
        title: "Revoke a client secret",
        section: Section::Own,
        way: DEEP,
        action: format!("{PAGE}/{id}/revoke"),
        impact: vec![
            "The program gets no more access tokens, and those that it has are refused from the \
             next request on. This cannot be undone; you can make another secret."
                .to_owned(),
        ],
        facts: vec![
            ("For", client.name),
            ("Client id", client.id.to_string()),
            ("Last used", used),
            ("Ends by itself", date(client.expires_at)),
        ],
        field: None,
        verb: "Revoke secret",
    };
    page.show(&seat, &Faults::default())
}

#[post("/client-secrets/{id}/revoke")]
pub(super) async fn revoke(
    seat: Seat,
    Path(id): Path<ClientId>,
    _sent: Submission,
) -> Result<HttpResponse, ApiError> {
    let (tenant, member) = (seat.tenant.tenant_id, seat.session.member_id);
    revoke_client(&seat.auth, tenant, member, id, &seat.request_id)
        .await
        .map_err(outside)?;
    Ok(see_other(format!("{PAGE}?done=revoked")))
}
