//! Whether members come in through a provider only, and who still gets in when it fails.

use actix_web::{HttpResponse, get, post};
use askama::Template;
use cp_app::sso::{Prospect, SecurityChange, SsoAdminError, change_security, enforcement_prospect};
use cp_domain::EnforcementError;
use kernel::{IfMatch, MemberId, Revision};
use ui::{Banner, Choice, Choices, ErrorSummary, Field, Nonce, Page, Status, Tabs, Tone};
use web::ApiError;

use super::{
    WAY,
    errors::{faults, outside, sentence},
    tabs,
};
use crate::auth::pages::{
    Architect, Done, Faults, Seat, Section, Submission, check_typed, render, see_other, typed,
};

pub(super) const PAGE: &str = "/admin/security/enforcement";
const DONE: &[(&str, &str)] = &[
    (
        "enforced",
        "Single sign-on is enforced. Sessions and tokens that came otherwise have ended.",
    ),
    (
        "released",
        "Single sign-on is not enforced any more. Passwords and passkeys work again.",
    ),
    ("owners", "The break-glass owners are saved."),
];

#[derive(Template)]
#[template(path = "auth/admin/enforcement.html")]
struct Enforcement {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    summary: ErrorSummary,
    form_token: String,
    revision: Revision,
    state: Status,
    enforced: bool,
    impact: Vec<String>,
    obstacle: Option<String>,
    test_first: bool,
    typed: Field,
    owners: Choices,
}

#[get("/enforcement")]
pub(super) async fn show(Architect(seat): Architect, done: Done) -> Result<HttpResponse, ApiError> {
    let prospect = look(&seat).await?;
    page(
        &seat,
        &prospect,
        None,
        done.banner(DONE),
        &Faults::default(),
    )
}

async fn look(seat: &Seat) -> Result<Prospect, ApiError> {
    enforcement_prospect(&seat.auth, &seat.administrator())
        .await
        .map_err(outside)
}

fn page(
    seat: &Seat,
    prospect: &Prospect,
    chosen: Option<&[MemberId]>,
    done: Option<Banner>,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let mut page = seat.frame("Enforced single sign-on", Section::Tenant, WAY, &nonce);
    page.failed = !faults.is_empty();
    let decisions = &prospect.security.decisions;
    let enforced = decisions.sso_enforced;
    let chosen = chosen.unwrap_or(&prospect.security.owners);
    let owner = |member: &cp_app::Member| {
        let id = member.membership.member;
        let label = format!("{} ({})", member.person.name, member.person.email);
        Choice::new(id.to_string(), label, chosen.contains(&id))
    };
    let obstacle = prospect.obstacle.filter(|_| !enforced);
    let template = Enforcement {
        page,
        tabs: tabs(PAGE),
        done,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        revision: Revision(decisions.revision),
        state: Status {
            tone: if enforced { Tone::Good } else { Tone::Idle },
            label: if enforced { "Enforced" } else { "Not enforced" }.to_owned(),
        },
        enforced,
        impact: impact(prospect),
        obstacle: obstacle.map(|obstacle| sentence(&obstacle)),
        test_first: obstacle == Some(EnforcementError::NotTested),
        typed: typed(&seat.tenant.slug, faults),
        owners: Choices {
            name: "owners",
            label: "Who keeps their password",
            hint: Some("Architects who have one. Two are good.".to_owned()),
            error: faults.of("owners"),
            choices: prospect.candidates.iter().map(owner).collect(),
            single: false,
        },
    };
    render(&template, faults.status(), &nonce)
}

/// What enforcing would do now, in sentences.
fn impact(prospect: &Prospect) -> Vec<String> {
    let counted = |count: u64, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    };
    let found = &prospect.impact;
    let mut lines = vec![
        "Members come in through a connection only: passwords, passkeys and resets do not let \
         anybody in any more, save the break-glass owners."
            .to_owned(),
        format!(
            "{} that came otherwise, {} and {} end at once.",
            counted(found.other_sessions, "session", "sessions"),
            counted(found.clients, "client secret", "client secrets"),
            counted(found.tokens, "token", "tokens"),
        ),
    ];
    if found.unlinked > 0 {
        lines.push(format!(
            "{} of {} members have not signed in through a connection yet. They get in only when \
             the provider names a verified address of theirs.",
            found.unlinked, found.members
        ));
    }
    lines
}

#[post("/enforcement")]
pub(super) async fn save(
    Architect(seat): Architect,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let enforce = form.text("enforced") == "yes";
    if enforce && let Err(faults) = check_typed(&form, &seat.tenant.slug) {
        let prospect = look(&seat).await?;
        return page(&seat, &prospect, None, None, &faults);
    }
    let change = SecurityChange {
        sso_enforced: Some(enforce),
        ..SecurityChange::default()
    };
    match write(&seat, &form, &change).await {
        Ok(()) if enforce => Ok(see_other(format!("{PAGE}?done=enforced"))),
        Ok(()) => Ok(see_other(format!("{PAGE}?done=released"))),
        Err(error) => {
            let faults = faults(error)?;
            let prospect = look(&seat).await?;
            page(&seat, &prospect, None, None, &faults)
        }
    }
}

#[post("/enforcement/owners")]
pub(super) async fn save_owners(
    Architect(seat): Architect,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let owners: Vec<MemberId> = form
        .all("owners")
        .filter_map(|id| id.parse().ok())
        .collect();
    let change = SecurityChange {
        break_glass_owners: Some(owners.clone()),
        ..SecurityChange::default()
    };
    match write(&seat, &form, &change).await {
        Ok(()) => Ok(see_other(format!("{PAGE}?done=owners"))),
        Err(error) => {
            let faults = faults(error)?;
            let prospect = look(&seat).await?;
            page(&seat, &prospect, Some(&owners), None, &faults)
        }
    }
}

async fn write(
    seat: &Seat,
    form: &Submission,
    change: &SecurityChange,
) -> Result<(), SsoAdminError> {
    let revision = Revision(form.text("revision").parse().unwrap_or_default());
    let wanted = IfMatch::Revision(revision);
    change_security(&seat.auth, &seat.administrator(), change, wanted).await?;
    Ok(())
}
