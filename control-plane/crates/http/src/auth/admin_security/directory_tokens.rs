//! Tokens of the tenant's directory: made, shown once, and revoked.

use actix_web::{HttpResponse, get, post};
use askama::Template;
use chrono::TimeDelta;
use cp_app::scim::{ScimTokenCreate, ScimTokenError, create_token, list_tokens, revoke_token};
use kernel::ScimTokenId;
use secrecy::ExposeSecret as _;
use ui::{Choice, ErrorSummary, Field, Nonce, Page, Select};
use web::{ApiError, Path, ProblemCode};

use super::directory::{PAGE, base_url, token_error};
use crate::auth::pages::{
    Architect, Confirm, Faults, Seat, Section, ShownOnce, Submission, chosen_name, date, render,
    see_other,
};

const DEEP: &[(&str, &str)] = &[("Administration", "/admin/security"), ("Directory", PAGE)];
/// How long a token may live, in days, as it is offered; 0 is until it is revoked.
const LIVES: [(i64, &str); 4] = [
    (90, "90 days"),
    (180, "180 days"),
    (365, "1 year"),
    (0, "Never; only when it is revoked"),
];

#[derive(Template)]
#[template(path = "auth/admin/directory_token_new.html")]
struct New {
    page: Page,
    summary: ErrorSummary,
    form_token: String,
    name: Field,
    days: Select,
}

fn form(seat: &Seat, name: &str, days: i64, faults: &Faults) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let mut page = seat.frame("New directory token", Section::Tenant, DEEP, &nonce);
    page.failed = !faults.is_empty();
    let template = New {
        page,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        name: Field {
            autocomplete: "off",
            ..Field::text("name", "Name")
        }
        .hint("The directory that will use it.")
        .value(name)
        .error(faults.of("name")),
        days: Select {
            name: "days".to_owned(),
            label: "Ends after".to_owned(),
            hint: Some("Members are no longer kept in step then, without notice.".to_owned()),
            error: faults.of("days"),
            choices: LIVES
                .iter()
                .map(|(value, label)| Choice::new(value.to_string(), *label, *value == days))
                .collect(),
        },
    };
    render(&template, faults.status(), &nonce)
}

#[get("/directory/tokens/new")]
pub(super) async fn ask(Architect(seat): Architect) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    form(&seat, "", 365, &Faults::default())
}

#[post("/directory/tokens")]
pub(super) async fn create(
    Architect(seat): Architect,
    sent: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let mut faults = Faults::default();
    let name = chosen_name(&sent, &mut faults);
    let days = sent.text("days").parse::<i64>().ok();
    let offered = days.filter(|days| LIVES.iter().any(|(offered, _)| offered == days));
    let Some(days) = offered else {
        faults.add("days", "Choose how long the token lives.");
        return form(&seat, &name, 365, &faults);
    };
    if !faults.is_empty() {
        return form(&seat, &name, days, &faults);
    }
    let command = ScimTokenCreate {
        name: name.clone(),
        expires_at: (days > 0).then(|| seat.now() + TimeDelta::days(days)),
    };
    match create_token(&seat.auth, &seat.administrator(), command).await {
        Ok((token, secret)) => {
            let ends = token
                .expires_at
                .map_or_else(|| "when it is revoked".to_owned(), date);
            let made = ShownOnce {
                title: "Your new directory token",
                section: Section::Tenant,
                way: DEEP,
                secrets: vec![(
                    format!("Token “{}”", token.name),
                    secret.expose_secret().to_owned(),
                )],
                facts: vec![
                    ("Address for the directory", base_url(&seat)),
                    ("Ends", ends),
                ],
                advice: "Enter both in your directory. Whoever has the token can add, change and \
                         deactivate your members.",
            };
            made.show(&seat)
        }
        Err(error @ ScimTokenError::Expiry) => form(
            &seat,
            &name,
            days,
            &Faults::field("days", error.to_string()),
        ),
        Err(error @ ScimTokenError::TooMany) => {
            form(&seat, &name, days, &Faults::field("", error.to_string()))
        }
        Err(error) => Err(token_error(error)),
    }
}

#[get("/directory/tokens/{id}/revoke")]
pub(super) async fn ask_revoke(
    Architect(seat): Architect,
    Path(id): Path<ScimTokenId>,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let tokens = list_tokens(&seat.auth, &seat.administrator()).await;
    let found = tokens
        .map_err(token_error)?
        .into_iter()
        .find(|token| token.id == id);
    let token = found.ok_or(ProblemCode::NotFound)?;
    let used = token.last_used_at;
    let page = Confirm {
        title: "Revoke a directory token",
        section: Section::Tenant,
        way: DEEP,
        action: format!("{PAGE}/tokens/{id}/revoke"),
        impact: vec![
            "The directory is refused from its next request on: nobody is added, changed or \
             deactivated by it any more. Members stay as they are."
                .to_owned(),
        ],
        facts: vec![
            ("Token", token.name),
            ("Last used", used.map_or_else(|| "never".to_owned(), date)),
        ],
        field: None,
        verb: "Revoke token",
    };
    page.show(&seat, &Faults::default())
}

#[post("/directory/tokens/{id}/revoke")]
pub(super) async fn revoke(
    Architect(seat): Architect,
    Path(id): Path<ScimTokenId>,
    _form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    revoke_token(&seat.auth, &seat.administrator(), id)
        .await
        .map_err(token_error)?;
    Ok(see_other(format!("{PAGE}?done=revoked")))
}
