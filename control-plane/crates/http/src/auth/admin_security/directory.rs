//! The tenant's directory: its tokens, and what its groups make of their members.

use actix_web::{HttpResponse, get, post};
use askama::Template;
use chrono::TimeDelta;
use cp_app::scim::{
    DirectoryError, MappingError, ScimToken, ScimTokenCreate, ScimTokenError, create_token,
    list_mapped_groups, list_tokens, map_group, revoke_token,
};
use cp_domain::Standing;
use kernel::{Role, ScimGroupId, ScimTokenId};
use secrecy::ExposeSecret as _;
use ui::{Banner, Choice, ErrorSummary, Field, Moment, Nonce, Page, Select, Tabs};
use web::{ApiError, Path, ProblemCode};

use super::{WAY, tabs};
use crate::auth::{
    pages::{
        Architect, Confirm, Done, Faults, Seat, Section, ShownOnce, Submission, render, see_other,
    },
    problems,
};

pub(super) const PAGE: &str = "/admin/security/directory";
const DEEP: &[(&str, &str)] = &[("Administration", "/admin/security"), ("Directory", PAGE)];
const DONE: &[(&str, &str)] = &[
    (
        "revoked",
        "The token is revoked. The directory is refused from its next request on.",
    ),
    ("mapped", "The group's members are what you chose, at once."),
];
/// How long a token may live, in days, as it is offered; 0 is until it is revoked.
const LIVES: [(i64, &str); 4] = [
    (90, "90 days"),
    (180, "180 days"),
    (365, "1 year"),
    (0, "Never; only when it is revoked"),
];

struct Row {
    id: ScimTokenId,
    name: String,
    created: Moment,
    used: Option<Moment>,
    expires: Option<Moment>,
}

struct Group {
    id: ScimGroupId,
    name: String,
    members: u64,
    role: String,
    external: bool,
}

#[derive(Template)]
#[template(path = "auth/admin/directory.html")]
struct Directory {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    summary: ErrorSummary,
    base_url: String,
    form_token: String,
    rows: Vec<Row>,
    groups: Vec<Group>,
    roles: [(&'static str, &'static str); 4],
}

fn base_url(seat: &Seat) -> String {
    format!("{}/scim/v2", seat.auth.links.tenant(&seat.tenant.slug))
}

#[get("/directory")]
pub(super) async fn show(Architect(seat): Architect, done: Done) -> Result<HttpResponse, ApiError> {
    page(&seat, done.banner(DONE), &Faults::default()).await
}

async fn page(
    seat: &Seat,
    done: Option<Banner>,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let by = seat.administrator();
    let tokens = list_tokens(&seat.auth, &by).await.map_err(token_error)?;
    let groups = list_mapped_groups(&seat.auth, &by)
        .await
        .map_err(group_error)?;
    let row = |token: ScimToken| Row {
        id: token.id,
        name: token.name,
        created: seat.moment(token.created_at),
        used: token.last_used_at.map(|at| seat.moment(at)),
        expires: token.expires_at.map(|at| seat.moment(at)),
    };
    let nonce = Nonce::new();
    let mut page = seat.frame("Directory", Section::Tenant, WAY, &nonce);
    page.failed = !faults.is_empty();
    let role = |role: Role| (role.as_str(), super::role_name(role));
    let template = Directory {
        page,
        tabs: tabs(PAGE),
        done,
        summary: faults.summary(),
        base_url: base_url(seat),
        form_token: seat.form_token.clone(),
        rows: tokens.into_iter().map(row).collect(),
        groups: groups
            .into_iter()
            .map(|group| Group {
                id: group.id,
                name: group.display_name,
                members: group.members,
                role: group
                    .standing
                    .map_or("", |standing| standing.role.as_str())
                    .to_owned(),
                external: group.standing.is_some_and(|standing| standing.external),
            })
            .collect(),
        roles: [
            ("", "None"),
            role(Role::User),
            role(Role::Builder),
            role(Role::Architect),
        ],
    };
    render(&template, faults.status(), &nonce)
}

pub(super) fn token_error(error: ScimTokenError) -> ApiError {
    match error {
        ScimTokenError::NotFound => ApiError::new(ProblemCode::NotFound),
        ScimTokenError::Member(error) => problems::member(error),
        ScimTokenError::Store(error) => problems::store(&error),
        other => ApiError::new(ProblemCode::RuleBroken).detail(other.to_string()),
    }
}

fn group_error(error: MappingError) -> ApiError {
    match error {
        MappingError::NotFound | MappingError::Directory(DirectoryError::NotFound) => {
            ApiError::new(ProblemCode::NotFound)
        }
        MappingError::Member(error) => problems::member(error),
        MappingError::Store(error) | MappingError::Directory(DirectoryError::Store(error)) => {
            problems::store(&error)
        }
        other => ApiError::new(ProblemCode::Unavailable)
            .retry_after(2)
            .because(&other),
    }
}

#[post("/directory/groups/{id}")]
pub(super) async fn map(
    Architect(seat): Architect,
    Path(id): Path<ScimGroupId>,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let role = form.text("role").parse::<Role>().ok();
    let standing = role.map(|role| Standing {
        role,
        external: form.text("external") == "yes",
    });
    if let Some(wanted) = standing
        && let Err(error) = Standing::new(wanted.role, wanted.external)
    {
        return page(&seat, None, &Faults::field("", error.to_string())).await;
    }
    match map_group(&seat.auth, &seat.administrator(), id, standing).await {
        Ok(_) => Ok(see_other(format!("{PAGE}?done=mapped"))),
        Err(MappingError::Directory(DirectoryError::Refused(error))) => {
            page(&seat, None, &Faults::field("", error.detail)).await
        }
        Err(error) => Err(group_error(error)),
    }
}

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
    let name = crate::auth::pages::chosen_name(&sent, &mut faults);
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
                .map_or_else(|| "when it is revoked".to_owned(), crate::auth::pages::date);
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
            (
                "Last used",
                used.map_or_else(|| "never".to_owned(), crate::auth::pages::date),
            ),
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
