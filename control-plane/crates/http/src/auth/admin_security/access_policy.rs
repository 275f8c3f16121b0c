//! From where and when people and programs may come in. What a draft would do to people is shown
//! before it is saved; one that refuses its own writer is saved only when they say so.

mod draft;
mod form;
mod part;
mod words;

use actix_web::{HttpResponse, get, post};
use askama::Template;
use cp_app::policies::{
    DryRun, PolicyError, PolicyWriter, TenantAccess, find_tenant_policy, put_tenant_policy,
    try_tenant_policy,
};
use cp_domain::access_policy::{TenantRolePolicy, Unknown};
use kernel::{IfMatch, Revision};
use ui::{Banner, ErrorSummary, Field, Nonce, Page, Tabs, Tick};
use web::{ApiError, ProblemCode};

use super::{WAY, errors::sentence, tabs};
use crate::auth::{
    context::ClientInfo,
    pages::{Architect, Done, Faults, Seat, Section, Submission, render, see_other},
    problems,
};
use draft::Draft;
use form::PartForm;

pub(super) const PAGE: &str = "/admin/security/access-policy";
const DONE: &[(&str, &str)] = &[(
    "saved",
    "The policy is saved. Whom it refuses is out within a second.",
)];
/// How many names are shown.
const SHOWN: usize = 25;

#[derive(Template)]
#[template(path = "auth/admin/access_policy.html")]
struct PolicyPage {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    warnings: Vec<Banner>,
    summary: ErrorSummary,
    cut: Option<CutOff>,
    form_token: String,
    revision: Revision,
    parts: Vec<PartForm>,
    time_zone: Field,
    oneself: Option<Tick>,
}

/// Whom a draft refuses.
struct CutOff {
    count: u64,
    title: String,
    detail: String,
    people: Vec<Person>,
    more: u64,
}

struct Person {
    name: String,
    you: bool,
    place: String,
    rule: String,
}

/// What the page shows beside the form.
#[derive(Default)]
struct Around {
    done: Option<Banner>,
    cut: Option<CutOff>,
    /// The draft refuses who asks.
    oneself: bool,
}

#[get("/access-policy")]
pub(super) async fn show(Architect(seat): Architect, done: Done) -> Result<HttpResponse, ApiError> {
    let kept = kept(&seat).await?;
    let around = Around {
        done: done.banner(DONE),
        ..Around::default()
    };
    let draft = Draft::of_policy(&kept.policy);
    page(
        &seat,
        &kept,
        &draft,
        kept.revision,
        &Faults::default(),
        around,
    )
}

#[post("/access-policy")]
pub(super) async fn save(
    Architect(seat): Architect,
    ClientInfo(client): ClientInfo,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    let kept = kept(&seat).await?;
    let revision = Revision(form.text("revision").parse().unwrap_or_default());
    let draft = Draft::of_form(&form);
    let by = PolicyWriter {
        session: &seat.session,
        client: &client,
        request_id: &seat.request_id,
    };
    let policy = match draft.read() {
        Ok(policy) => policy,
        Err(faults) => {
            return page(&seat, &kept, &draft, revision, &faults, Around::default());
        }
    };
    if form.text("step") != "save" {
        let around = dry_run(&seat, by, &policy).await?;
        return page(&seat, &kept, &draft, revision, &Faults::default(), around);
    }
    let meant = form.ticked("oneself");
    let saved = put_tenant_policy(&seat.auth, by, &policy, IfMatch::Revision(revision), meant);
    let (faults, around) = match saved.await {
        Ok(_) => return Ok(see_other(format!("{PAGE}?done=saved"))),
        Err(PolicyError::RefusesMyself(_)) => {
            let fault =
                "This policy would shut you out at once. Tick the box below if you mean it.";
            let around = dry_run(&seat, by, &policy).await?;
            (Faults::field("oneself", fault), around)
        }
        Err(PolicyError::PreconditionFailed(now)) => {
            let fault = "Somebody else has changed the tenant's security meanwhile. Look at your \
                         changes again, then save.";
            let faults = Faults::field("", fault);
            return page(&seat, &kept, &draft, now, &faults, Around::default());
        }
        Err(PolicyError::Fault(fault)) => (Faults::field("", sentence(&fault)), Around::default()),
        Err(error) => return Err(outside(error)),
    };
    page(&seat, &kept, &draft, revision, &faults, around)
}

async fn kept(seat: &Seat) -> Result<TenantAccess, ApiError> {
    find_tenant_policy(&seat.auth, &seat.session)
        .await
        .map_err(outside)
}

fn outside(error: PolicyError) -> ApiError {
    match error {
        PolicyError::Store(error) => problems::store(&error),
        // Architects only get here; whoever ceased to be one a moment ago sees no page.
        _ => ApiError::new(ProblemCode::NotFound),
    }
}

async fn dry_run(
    seat: &Seat,
    by: PolicyWriter<'_>,
    policy: &TenantRolePolicy,
) -> Result<Around, ApiError> {
    let run = try_tenant_policy(&seat.auth, by, policy).await;
    let run = run.map_err(outside)?;
    let oneself = run.myself.is_some_and(|myself| myself.refusal.is_some());
    Ok(Around {
        cut: Some(CutOff::new(seat, run, oneself)),
        oneself,
        done: None,
    })
}

impl CutOff {
    fn new(seat: &Seat, run: DryRun, oneself: bool) -> Self {
        let me = seat.session.member_id.as_uuid();
        let named = run.first.iter().any(|person| person.id == me);
        // One may come from elsewhere now than where one was seen last.
        let count = run.refused + u64::from(oneself && !named);
        let you = if oneself { ", including you" } else { "" };
        let title = match count {
            0 => "This cuts off nobody".to_owned(),
            1 if oneself => "This cuts off you".to_owned(),
            1 => "This cuts off 1 person".to_owned(),
            _ => format!("This cuts off {count} people{you}"),
        };
        let people: Vec<Person> = run
            .first
            .into_iter()
            .take(SHOWN)
            .map(|person| Person {
                you: person.id == me,
                // As the audit log names it.
                rule: person.refusal.to_string(),
                name: person.name,
                place: person.address,
            })
            .collect();
        let shown = u64::try_from(people.len()).unwrap_or_default();
        Self {
            count,
            title,
            detail: format!(
                "Of {} members, by where they were seen last, if they came now. Never seen: {}. API \
                 tokens, of which nobody knows from where they are used: {}.",
                run.checked, run.never_came, run.tokens
            ),
            more: run.refused.saturating_sub(shown),
            people,
        }
    }
}

fn page(
    seat: &Seat,
    kept: &TenantAccess,
    draft: &Draft,
    revision: Revision,
    faults: &Faults,
    around: Around,
) -> Result<HttpResponse, ApiError> {
    let nonce = Nonce::new();
    let mut page = seat.frame("Access policy", Section::Tenant, WAY, &nonce);
    page.failed = !faults.is_empty();
    let mut warnings = Vec::new();
    if kept.unreadable {
        warnings.push(Banner::warn(
            "The policy that is kept cannot be read, so nobody gets in. Save a new one.",
        ));
    }
    if let Some(missing) = country_data(kept) {
        warnings.push(missing);
    }
    let template = PolicyPage {
        page,
        tabs: tabs(PAGE),
        done: around.done,
        warnings,
        summary: faults.summary(),
        cut: around.cut,
        form_token: seat.form_token.clone(),
        revision,
        parts: draft.forms(faults),
        time_zone: Field {
            required: false,
            ..Field::text("time_zone", "Time zone of the hours")
        }
        .hint(format!("Empty: the tenant's own, {}.", kept.zone.name()))
        .value(&draft.time_zone)
        .error(faults.of("time_zone")),
        oneself: around.oneself.then(|| {
            Tick::new("oneself", "Save it although it shuts me out", false)
                .hint("Only another architect, or support, can let you in again.")
                .error(faults.of("oneself"))
        }),
    };
    render(&template, faults.status(), &nonce)
}

/// What to know of countries before one rules by them.
fn country_data(kept: &TenantAccess) -> Option<Banner> {
    if kept.countries.built_at.is_some() {
        return None;
    }
    let outcome = match kept.unknown_country {
        Unknown::Allow => "let in",
        Unknown::Refuse => "refused",
    };
    Some(Banner::warn(format!(
        "This platform has no data on the countries of addresses at the moment. Rules by country \
         treat everybody as from an unknown country, who is {outcome} unless a rule below says \
         otherwise."
    )))
}
