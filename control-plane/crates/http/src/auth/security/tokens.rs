//! Personal access tokens: listed, made (shown once) and revoked.

use actix_web::{HttpResponse, get, http::StatusCode, post};
use askama::Template;
use chrono::TimeDelta;
use cp_app::{AccessToken, tokens as app};
use cp_domain::TokenRuleError;
use kernel::{Scopes, TokenId};
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

const PAGE: &str = "/security/tokens";
const DEEP: &[(&str, &str)] = &[("Your security", "/security"), ("Tokens", PAGE)];
const DONE: &[(&str, &str)] = &[(
    "revoked",
    "The token is revoked. Nothing can use it any more.",
)];

struct Row {
    id: TokenId,
    name: String,
    scopes: String,
    created: Moment,
    expires: Moment,
    used: Option<Moment>,
}

impl Row {
    fn new(seat: &Seat, token: AccessToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: scope_words(token.scopes),
            created: seat.moment(token.created_at),
            expires: seat.moment(token.expires_at),
            used: token.last_used_at.map(|at| seat.moment(at)),
        }
    }
}

#[derive(Template)]
#[template(path = "auth/security/tokens.html")]
struct List {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    rows: Vec<Row>,
}

#[get("/tokens")]
pub(super) async fn list(seat: Seat, done: Done) -> Result<HttpResponse, ApiError> {
    let rows = own(&seat).await?;
    let nonce = Nonce::new();
    let template = List {
        page: seat.frame("Tokens", Section::Own, WAY, &nonce),
        tabs: tabs(PAGE),
        done: done.banner(DONE),
        rows: rows
            .into_iter()
            .map(|token| Row::new(&seat, token))
            .collect(),
    };
    render(&template, StatusCode::OK, &nonce)
}

async fn own(seat: &Seat) -> Result<Vec<AccessToken>, ApiError> {
    app::list_tokens(&seat.auth, seat.session.member_id)
        .await
        .map_err(|error| problems::store(&error))
}

#[derive(Template)]
#[template(path = "auth/security/token_new.html")]
struct New {
    page: Page,
    summary: ErrorSummary,
    form_token: String,
    name: Field,
    scopes: Choices,
    days: Select,
}

#[derive(Default)]
struct Answers {
    name: String,
    scopes: Scopes,
    days: Option<i64>,
}

fn form(seat: &Seat, answers: Answers, faults: &Faults) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let mut page = seat.frame("New token", Section::Own, DEEP, &nonce);
    page.failed = !faults.is_empty();
    let template = New {
        page,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        name: Field::text("name", "Name")
            .hint("What will use it, so that you know it again.")
            .value(answers.name)
            .error(faults.of("name")),
        scopes: scope_boxes(answers.scopes, seat.is_architect(), faults),
        days: life_list(answers.days, faults),
    };
    render(&template, faults.status(), &nonce)
}

#[get("/tokens/new")]
pub(super) async fn ask(seat: Seat) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    form(&seat, Answers::default(), &Faults::default())
}

#[post("/tokens")]
pub(super) async fn create(seat: Seat, sent: Submission) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let mut faults = Faults::default();
    let answers = Answers {
        name: chosen_name(&sent, &mut faults),
        scopes: chosen_scopes(&sent),
        days: chosen_life(&sent),
    };
    if answers.days.is_none() {
        faults.add("days", "Choose how long the token lives.");
    }
    if answers.scopes == Scopes::default() {
        faults.add("scopes", TokenRuleError::NoScopes.to_string());
    }
    let (true, Some(days)) = (faults.is_empty(), answers.days) else {
        return form(&seat, answers, &faults);
    };
    let command = app::TokenCreate {
        owner: seat.holder(),
        name: answers.name.clone(),
        scopes: answers.scopes,
        expires_at: seat.now() + TimeDelta::days(days),
    };
    match app::create_token(&seat.auth, command).await {
        Ok((token, secret)) => {
            let made = ShownOnce {
                title: "Your new token",
                section: Section::Own,
                way: DEEP,
                secrets: vec![(
                    format!("Token “{}”", token.name),
                    secret.expose_secret().to_owned(),
                )],
                facts: vec![
                    ("May", scope_words(token.scopes)),
                    ("Ends", date(token.expires_at)),
                ],
                advice: "Send it as “Authorization: Bearer …”. Keep it where you keep passwords: \
                         whoever has it acts as you.",
            };
            made.show(&seat)
        }
        Err(app::TokenError::Rule(rule)) => {
            let field = match rule {
                TokenRuleError::NoScopes => "scopes",
                TokenRuleError::ExpiresInPast | TokenRuleError::LivesTooLong => "days",
            };
            form(&seat, answers, &Faults::field(field, rule.to_string()))
        }
        Err(error) => Err(problems::token(error)),
    }
}

#[get("/tokens/{id}/revoke")]
pub(super) async fn ask_revoke(
    seat: Seat,
    Path(id): Path<TokenId>,
) -> Result<HttpResponse, ApiError> {
    let token = own(&seat).await?.into_iter().find(|token| token.id == id);
    let token = token.ok_or(ProblemCode::NotFound)?;
    let used = token.last_used_at.map_or_else(|| "never".to_owned(), date);
    let page = Confirm {
        title: "Revoke a token",
        section: Section::Own,
        way: DEEP,
        action: format!("{PAGE}/{id}/revoke"),
        impact: vec![
            "What uses the token is refused from the next request on. This cannot be undone; you \
             can make another token."
                .to_owned(),
        ],
        facts: vec![
            ("Token", token.name),
            ("May", scope_words(token.scopes)),
            ("Last used", used),
            ("Ends by itself", date(token.expires_at)),
        ],
        field: None,
        verb: "Revoke token",
    };
    page.show(&seat, &Faults::default())
}

#[post("/tokens/{id}/revoke")]
pub(super) async fn revoke(
    seat: Seat,
    Path(id): Path<TokenId>,
    _sent: Submission,
) -> Result<HttpResponse, ApiError> {
    match app::revoke_token(&seat.auth, seat.session.member_id, id).await {
        Ok(()) => Ok(see_other(format!("{PAGE}?done=revoked"))),
        Err(error) => Err(problems::token(error)),
    }
}
