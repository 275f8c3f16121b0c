//! The tenant's directory: its tokens, and what its groups make of their members (SCIM).

use actix_web::{HttpResponse, get, post};
use askama::Template;
use cp_app::scim::{
    DirectoryError, MappingError, ScimToken, ScimTokenError, list_mapped_groups, list_tokens,
    map_group,
};
use cp_domain::Standing;
use kernel::{Role, ScimGroupId, ScimTokenId};
use ui::{Banner, ErrorSummary, Moment, Nonce, Page, Tabs};
use web::{ApiError, Path, ProblemCode};

use super::{WAY, tabs};
use crate::auth::{
    pages::{Architect, Done, Faults, Seat, Section, Submission, render, see_other},
    problems,
};

pub(super) const PAGE: &str = "/admin/security/directory";
const DONE: &[(&str, &str)] = &[
    (
        "revoked",
        "The token is revoked. The directory is refused from its next request on.",
    ),
    ("mapped", "The group's members are what you chose, at once."),
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

pub(super) fn base_url(seat: &Seat) -> String {
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
