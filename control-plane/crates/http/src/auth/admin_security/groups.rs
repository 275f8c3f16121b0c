//! What groups of a provider give: looked up again at each sign-in.

use actix_web::{HttpResponse, get, post};
use askama::Template;
use cp_app::sso::{ConnectionView, SecretChange, update_connection};
use cp_domain::{GroupRole, Standing};
use kernel::{ConnectionId, IfMatch, Revision, Role};
use ui::{Banner, ErrorSummary, Nonce, Page};
use web::{ApiError, Path};

use super::{
    connection_draft::Draft,
    connections::{DEEP, PAGE, one},
    errors::faults,
};
use crate::auth::pages::{Architect, Done, Faults, Seat, Section, Submission, render, see_other};

const DONE: &[(&str, &str)] = &[(
    "saved",
    "The groups are saved. They count from the next sign-in on.",
)];
/// Empty rows that can be filled.
const SPARE: usize = 3;

/// A row of the form.
struct Row {
    group: String,
    role: String,
    external: bool,
}

#[derive(Template)]
#[template(path = "auth/admin/groups.html")]
struct Groups {
    page: Page,
    done: Option<Banner>,
    claim: Option<String>,
    summary: ErrorSummary,
    action: String,
    back: String,
    form_token: String,
    revision: Revision,
    rows: Vec<Row>,
    roles: [(&'static str, &'static str); 3],
}

fn kept(view: &ConnectionView) -> Vec<Row> {
    let row = |entry: &GroupRole| Row {
        group: entry.group.clone(),
        role: entry.standing.role.to_string(),
        external: entry.standing.external,
    };
    view.group_roles.iter().map(row).collect()
}

#[get("/connections/{id}/groups")]
pub(super) async fn show(
    Architect(seat): Architect,
    Path(id): Path<ConnectionId>,
    done: Done,
) -> Result<HttpResponse, ApiError> {
    let view = one(&seat, id).await?;
    let rows = kept(&view);
    page(&seat, &view, rows, done.banner(DONE), &Faults::default())
}

fn page(
    seat: &Seat,
    view: &ConnectionView,
    mut rows: Vec<Row>,
    done: Option<Banner>,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    rows.retain(|row| !row.group.is_empty());
    rows.extend((0..SPARE).map(|_| Row {
        group: String::new(),
        role: Role::User.to_string(),
        external: false,
    }));
    let nonce = Nonce::new();
    let back = format!("{PAGE}/{}", view.connection.id);
    let way = [DEEP, &[(view.connection.name.as_str(), back.as_str())]].concat();
    let mut page = seat.frame("Groups and roles", Section::Tenant, &way, &nonce);
    page.failed = !faults.is_empty();
    let template = Groups {
        page,
        done,
        claim: view.connection.group_claim.clone(),
        summary: faults.summary(),
        action: format!("{back}/groups"),
        back,
        form_token: seat.form_token.clone(),
        revision: Revision(view.connection.revision),
        rows,
        roles: [Role::User, Role::Builder, Role::Architect]
            .map(|role| (role.as_str(), super::role_name(role))),
    };
    render(&template, faults.status(), &nonce)
}

#[post("/connections/{id}/groups")]
pub(super) async fn save(
    Architect(seat): Architect,
    Path(id): Path<ConnectionId>,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let view = one(&seat, id).await?;
    let rows = typed(&form);
    let mut wanted = match Draft::of_kept(&view.connection).read(Some(&view)) {
        Ok(wanted) => wanted,
        Err(faults) => return page(&seat, &view, rows, None, &faults),
    };
    wanted.client_secret = SecretChange::Keep;
    // The form has the day only; what is kept stays to the second.
    wanted.secret_expires_at = view.connection.secret_expires_at;
    wanted.group_roles = rows
        .iter()
        .filter(|row| !row.group.is_empty())
        .filter_map(|row| {
            Some(GroupRole {
                group: row.group.clone(),
                standing: Standing {
                    role: row.role.parse().ok()?,
                    external: row.external,
                },
            })
        })
        .collect();
    let revision = Revision(form.text("revision").parse().unwrap_or_default());
    let (by, seen) = (seat.administrator(), IfMatch::Revision(revision));
    match update_connection(&seat.auth, &by, id, seen, &wanted).await {
        Ok(_) => Ok(see_other(format!("{PAGE}/{id}/groups?done=saved"))),
        Err(error) => page(&seat, &view, rows, None, &faults(error)?),
    }
}

/// The rows as they were sent: three fields each, in order.
fn typed(form: &Submission) -> Vec<Row> {
    let (roles, externals) = (form.column("role"), form.column("external"));
    let groups = form.column("group").into_iter();
    groups
        .zip(roles.into_iter().zip(externals))
        .map(|(group, (role, external))| Row {
            group: group.to_owned(),
            role: role.to_owned(),
            external: external == "yes",
        })
        .collect()
}
