//! Mail domains: claimed, proven by a record of DNS, given up.

use actix_web::{HttpResponse, get, post};
use askama::Template;
use cp_app::sso::{
    ClaimedDomain, SsoAdminError, check_domain, claim_domain, list_domains, remove_domain,
};
use cp_domain::{MailDomain, domain_record};
use kernel::DomainId;
use ui::{Banner, ErrorSummary, Field, Moment, Nonce, Page, Status, Tabs, Tone};
use web::{ApiError, Path, ProblemCode};

use super::{
    WAY,
    errors::{faults, outside},
    tabs,
};
use crate::auth::pages::{
    Architect, Confirm, Done, Faults, Seat, Section, Submission, check_typed, render, see_other,
    typed,
};

pub(super) const PAGE: &str = "/admin/security/domains";
const DEEP: &[(&str, &str)] = &[("Administration", "/admin/security"), ("Domains", PAGE)];
const DONE: &[(&str, &str)] = &[
    (
        "claimed",
        "The domain is claimed. Publish its record, then check it.",
    ),
    ("verified", "The domain is verified."),
    ("removed", "The domain is removed."),
];

struct Row {
    id: DomainId,
    domain: String,
    state: Status,
    verified: bool,
    record: String,
    challenge: String,
    checked: Option<Moment>,
}

impl Row {
    fn new(seat: &Seat, claim: &ClaimedDomain) -> Self {
        let verified = claim.verified_at.is_some();
        let record = MailDomain::parse(&claim.domain).map(|domain| domain.record_name());
        Self {
            id: claim.id,
            domain: claim.domain.clone(),
            state: Status {
                tone: if verified { Tone::Good } else { Tone::Warn },
                label: if verified { "Verified" } else { "Not verified" }.to_owned(),
            },
            verified,
            record: record.unwrap_or_default(),
            challenge: domain_record(&claim.challenge),
            checked: claim.checked_at.map(|at| seat.moment(at)),
        }
    }
}

#[derive(Template)]
#[template(path = "auth/admin/domains.html")]
struct Domains {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    summary: ErrorSummary,
    form_token: String,
    rows: Vec<Row>,
    domain: Field,
}

async fn page(
    seat: &Seat,
    typed: &str,
    done: Option<Banner>,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let claims = list_domains(&seat.auth, &seat.administrator()).await;
    let claims = claims.map_err(outside)?;
    let nonce = Nonce::new();
    let mut page = seat.frame("Domains", Section::Tenant, WAY, &nonce);
    page.failed = !faults.is_empty();
    let template = Domains {
        page,
        tabs: tabs(PAGE),
        done,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        rows: claims.iter().map(|claim| Row::new(seat, claim)).collect(),
        domain: Field::text("domain", "Domain")
            .hint("What stands after the @ of your members' addresses, such as example.com.")
            .value(typed)
            .error(faults.of("domain")),
    };
    render(&template, faults.status(), &nonce)
}

#[get("/domains")]
pub(super) async fn show(Architect(seat): Architect, done: Done) -> Result<HttpResponse, ApiError> {
    page(&seat, "", done.banner(DONE), &Faults::default()).await
}

#[post("/domains")]
pub(super) async fn add(
    Architect(seat): Architect,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let domain = form.text("domain");
    match claim_domain(&seat.auth, &seat.administrator(), domain).await {
        Ok(_) => Ok(see_other(format!("{PAGE}?done=claimed"))),
        Err(error) => page(&seat, domain, None, &faults(error)?).await,
    }
}

#[post("/domains/{id}/check")]
pub(super) async fn check(
    Architect(seat): Architect,
    Path(id): Path<DomainId>,
    _form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    match check_domain(&seat.auth, &seat.administrator(), id).await {
        Ok(_) => Ok(see_other(format!("{PAGE}?done=verified"))),
        Err(SsoAdminError::TakenElsewhere) => {
            let fault = SsoAdminError::TakenElsewhere.to_string();
            page(&seat, "", None, &Faults::field("", fault)).await
        }
        Err(error) => page(&seat, "", None, &faults(error)?).await,
    }
}

#[get("/domains/{id}/remove")]
pub(super) async fn ask_remove(
    Architect(seat): Architect,
    Path(id): Path<DomainId>,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let claim = one(&seat, id).await?;
    remove_page(&seat, &claim, &Faults::default())
}

async fn one(seat: &Seat, id: DomainId) -> Result<ClaimedDomain, ApiError> {
    let claims = list_domains(&seat.auth, &seat.administrator()).await;
    let found = claims
        .map_err(outside)?
        .into_iter()
        .find(|claim| claim.id == id);
    found.ok_or_else(|| ApiError::new(ProblemCode::NotFound))
}

fn remove_page(
    seat: &Seat,
    claim: &ClaimedDomain,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let verified = claim.verified_at.is_some();
    let impact = if verified {
        vec![
            format!(
                "People with an address in {} are not led to your provider any more, and your \
                 connections cannot name their addresses: who has not signed in through one yet, \
                 cannot.",
                claim.domain
            ),
            "Somebody else can claim the domain then. Members and sessions stay.".to_owned(),
        ]
    } else {
        vec!["The claim goes away with its record's text. Nothing else changes.".to_owned()]
    };
    let title = format!("Remove {}", claim.domain);
    let page = Confirm {
        title: &title,
        section: Section::Tenant,
        way: DEEP,
        action: format!("{PAGE}/{}/remove", claim.id),
        impact,
        facts: Vec::new(),
        field: verified.then(|| typed(&claim.domain, faults)),
        verb: "Remove domain",
    };
    page.show(seat, faults)
}

#[post("/domains/{id}/remove")]
pub(super) async fn remove(
    Architect(seat): Architect,
    Path(id): Path<DomainId>,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let claim = one(&seat, id).await?;
    if claim.verified_at.is_some()
        && let Err(faults) = check_typed(&form, &claim.domain)
    {
        return remove_page(&seat, &claim, &faults);
    }
    remove_domain(&seat.auth, &seat.administrator(), id)
        .await
        .map_err(outside)?;
    Ok(see_other(format!("{PAGE}?done=removed")))
}
