//! The tenant's security at a glance, with the way to each part.

use actix_web::{HttpResponse, get, http::StatusCode};
use askama::Template;
use cp_app::{
    policies::{PolicyError, find_tenant_policy},
    scim::list_tokens,
    sso::{enforcement_prospect, list_connections, list_domains},
    support::list_for_tenant,
};
use cp_domain::{ConnectionState, SupportState};
use kernel::Limit;
use ui::{Nonce, Page, Status, Tabs, Tone};
use web::{ApiError, ProblemCode};

use super::{
    access_policy, connections, directory, domains, enforcement, errors::outside, rules,
    support_access, tabs,
};
use crate::auth::{
    pages::{Architect, Seat, Section, render},
    problems,
};

/// One part: what it is, how it stands, where to change it.
struct Part {
    title: &'static str,
    state: Status,
    detail: String,
    href: &'static str,
}

impl Part {
    fn new(
        title: &'static str,
        href: &'static str,
        (tone, label): (Tone, String),
        detail: String,
    ) -> Self {
        Self {
            title,
            state: Status { tone, label },
            detail,
            href,
        }
    }
}

#[derive(Template)]
#[template(path = "auth/admin/overview.html")]
struct Overview {
    page: Page,
    tabs: Tabs,
    parts: Vec<Part>,
}

#[get("")]
pub(super) async fn show(Architect(seat): Architect) -> Result<HttpResponse, ApiError> {
    let mut parts = single_sign_on(&seat).await?;
    parts.push(policy(&seat).await?);
    parts.push(scim(&seat).await?);
    parts.push(support(&seat).await?);
    let nonce = Nonce::new();
    let template = Overview {
        page: seat.frame("Administration", Section::Tenant, &[], &nonce),
        tabs: tabs("/admin/security"),
        parts,
    };
    render(&template, StatusCode::OK, &nonce)
}

async fn single_sign_on(seat: &Seat) -> Result<Vec<Part>, ApiError> {
    let by = seat.administrator();
    let views = list_connections(&seat.auth, &by).await.map_err(outside)?;
    let claims = list_domains(&seat.auth, &by).await.map_err(outside)?;
    let prospect = enforcement_prospect(&seat.auth, &by).await;
    let prospect = prospect.map_err(outside)?;
    let decisions = &prospect.security.decisions;
    let enabled = views
        .iter()
        .filter(|view| view.connection.state == ConnectionState::Enabled)
        .count();
    let verified = claims
        .iter()
        .filter(|claim| claim.verified_at.is_some())
        .count();
    let minutes = |limit: Option<u32>| match limit {
        Some(minutes) => format!("{minutes} min"),
        None => "the platform's limit".to_owned(),
    };
    let without = prospect.impact.without_factor;
    Ok(vec![
        Part::new(
            "Connections",
            connections::PAGE,
            counted(enabled, "enabled"),
            format!("{} in all.", views.len()),
        ),
        Part::new(
            "Domains",
            domains::PAGE,
            counted(verified, "verified"),
            format!("{} claimed.", claims.len()),
        ),
        Part::new(
            "Enforced single sign-on",
            enforcement::PAGE,
            on(decisions.sso_enforced, "Enforced", "Not enforced"),
            format!("{} break-glass owners.", prospect.security.owners.len()),
        ),
        Part::new(
            "Sign-in rules",
            rules::PAGE,
            on(
                decisions.second_factor_required,
                "Second factor required",
                "Second factor optional",
            ),
            format!(
                "{without} of {} members have none. Sessions end after {} unused, {} in all.",
                prospect.impact.members,
                minutes(decisions.idle_minutes),
                minutes(decisions.absolute_minutes),
            ),
        ),
    ])
}

fn counted(count: usize, word: &str) -> (Tone, String) {
    if count == 0 {
        (Tone::Idle, "None".to_owned())
    } else {
        (Tone::Good, format!("{count} {word}"))
    }
}

fn on(on: bool, yes: &str, no: &str) -> (Tone, String) {
    if on {
        (Tone::Good, yes.to_owned())
    } else {
        (Tone::Idle, no.to_owned())
    }
}

async fn policy(seat: &Seat) -> Result<Part, ApiError> {
    let access = find_tenant_policy(&seat.auth, &seat.session).await;
    let access = access.map_err(|error| match error {
        PolicyError::Store(error) => problems::store(&error),
        _ => ApiError::new(ProblemCode::NotFound),
    })?;
    let state = if access.unreadable {
        (Tone::Bad, "Unreadable".to_owned())
    } else {
        on(!access.policy.is_empty(), "Restricted", "No restrictions")
    };
    let detail = "Countries, networks and hours from and at which people and programs come in.";
    Ok(Part::new(
        "Access policy",
        access_policy::PAGE,
        state,
        detail.to_owned(),
    ))
}

async fn scim(seat: &Seat) -> Result<Part, ApiError> {
    let tokens = list_tokens(&seat.auth, &seat.administrator()).await;
    let tokens = tokens.map_err(directory::token_error)?.len();
    let state = counted(tokens, if tokens == 1 { "token" } else { "tokens" });
    let detail = "Members as your directory has them (SCIM).".to_owned();
    Ok(Part::new("Directory", directory::PAGE, state, detail))
}

async fn support(seat: &Seat) -> Result<Part, ApiError> {
    let tenant = seat.tenant.tenant_id;
    let requests = list_for_tenant(&seat.auth, tenant, None, Limit::default()).await;
    let requests = requests.map_err(|error| problems::store(&error))?;
    let now = seat.now();
    let count = |wanted: SupportState| {
        let of = requests
            .iter()
            .filter(|access| access.state_at(now) == wanted);
        of.count()
    };
    let (waiting, granted) = (count(SupportState::Requested), count(SupportState::Granted));
    let state = if waiting > 0 {
        (Tone::Warn, format!("{waiting} waiting for an answer"))
    } else if granted > 0 {
        (Tone::Busy, "Staff may look in now".to_owned())
    } else {
        (Tone::Idle, "None".to_owned())
    };
    let detail = "Support staff look in only while you consent.".to_owned();
    Ok(Part::new(
        "Support access",
        support_access::PAGE,
        state,
        detail,
    ))
}
