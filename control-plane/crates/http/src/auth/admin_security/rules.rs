//! What holds for every sign-in: the second factor, how long sessions last, and whom and what the
//! sign-in pages show.

use actix_web::{HttpResponse, get, post};
use askama::Template;
use cp_app::sso::{Security, SecurityChange, change_security, find_security};
use kernel::{IfMatch, Revision};
use ui::{Banner, ErrorSummary, Field, Nonce, Page, Tabs, Tick};
use web::ApiError;

use super::{
    WAY,
    errors::{faults, outside},
    tabs,
};
use crate::auth::pages::{Architect, Done, Faults, Seat, Section, Submission, render, see_other};

pub(super) const PAGE: &str = "/admin/security/rules";
const DONE: &[(&str, &str)] = &[("saved", "The rules are saved and hold from now on.")];

#[derive(Template)]
#[template(path = "auth/admin/rules.html")]
struct Rules {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    summary: ErrorSummary,
    form_token: String,
    revision: Revision,
    second_factor: Tick,
    limits: [Field; 2],
    look: [Field; 2],
}

/// What was typed.
struct Draft {
    second_factor: bool,
    idle: String,
    absolute: String,
    contact: String,
    colour: String,
}

impl Draft {
    fn of_kept(security: &Security) -> Self {
        let decisions = &security.decisions;
        let minutes = |limit: Option<u32>| limit.map(|limit| limit.to_string());
        Self {
            second_factor: decisions.second_factor_required,
            idle: minutes(decisions.idle_minutes).unwrap_or_default(),
            absolute: minutes(decisions.absolute_minutes).unwrap_or_default(),
            contact: decisions.contact.clone().unwrap_or_default(),
            colour: decisions.colour.clone().unwrap_or_default(),
        }
    }

    fn of_form(form: &Submission) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            second_factor: form.ticked("second_factor"),
            idle: text("idle"),
            absolute: text("absolute"),
            contact: text("contact"),
            colour: text("colour"),
        }
    }

    fn read(&self) -> Result<SecurityChange, Faults> {
        let mut faults = Faults::default();
        let mut minutes = |name: &str, text: &str| {
            if text.is_empty() {
                return None;
            }
            match text.parse::<u32>() {
                Ok(minutes @ 5..=527_040) => Some(minutes),
                _ => {
                    let fault = "Enter whole minutes, from 5 to 527040, or nothing.";
                    faults.add(name, fault);
                    None
                }
            }
        };
        let (idle, absolute) = (
            minutes("idle", &self.idle),
            minutes("absolute", &self.absolute),
        );
        if !faults.is_empty() {
            return Err(faults);
        }
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Ok(SecurityChange {
            second_factor_required: Some(self.second_factor),
            idle_minutes: Some(idle),
            absolute_minutes: Some(absolute),
            contact: Some(given(&self.contact)),
            colour: Some(given(&self.colour)),
            ..SecurityChange::default()
        })
    }
}

#[get("/rules")]
pub(super) async fn show(Architect(seat): Architect, done: Done) -> Result<HttpResponse, ApiError> {
    let kept = find_security(&seat.auth, &seat.administrator()).await;
    let kept = kept.map_err(outside)?;
    let draft = Draft::of_kept(&kept);
    let revision = Revision(kept.decisions.revision);
    page(
        &seat,
        &draft,
        revision,
        done.banner(DONE),
        &Faults::default(),
    )
    .await
}

#[post("/rules")]
pub(super) async fn save(
    Architect(seat): Architect,
    form: Submission,
) -> Result<HttpResponse, ApiError> {
    seat.confirmed()?;
    let draft = Draft::of_form(&form);
    let revision = Revision(form.text("revision").parse().unwrap_or_default());
    let change = match draft.read() {
        Ok(change) => change,
        Err(faults) => return page(&seat, &draft, revision, None, &faults).await,
    };
    let by = seat.administrator();
    let wanted = IfMatch::Revision(revision);
    match change_security(&seat.auth, &by, &change, wanted).await {
        Ok(_) => Ok(see_other(format!("{PAGE}?done=saved"))),
        Err(error) => {
            let faults = faults(error)?;
            let now = find_security(&seat.auth, &by).await.map_err(outside)?;
            let revision = Revision(now.decisions.revision);
            page(&seat, &draft, revision, None, &faults).await
        }
    }
}

async fn page(
    seat: &Seat,
    draft: &Draft,
    revision: Revision,
    done: Option<Banner>,
    faults: &Faults,
) -> Result<HttpResponse, ApiError> {
    let by = seat.administrator();
    let prospect = cp_app::sso::enforcement_prospect(&seat.auth, &by).await;
    let impact = prospect.map_err(outside)?.impact;
    let nonce = Nonce::new();
    let mut page = seat.frame("Sign-in rules", Section::Tenant, WAY, &nonce);
    page.failed = !faults.is_empty();
    let optional = |field: Field| Field {
        required: false,
        ..field
    };
    let limit = |name, label, hint: &str, value: &str| {
        optional(Field::text(name, label))
            .hint(hint)
            .value(value)
            .error(faults.of(name))
    };
    let without = match impact.without_factor {
        0 => format!("All {} members have one.", impact.members),
        1 => format!(
            "1 of {} members has none and sets one up at the next sign-in.",
            impact.members
        ),
        some => format!(
            "{some} of {} members have none and set one up at the next sign-in.",
            impact.members
        ),
    };
    let template = Rules {
        page,
        tabs: tabs(PAGE),
        done,
        summary: faults.summary(),
        form_token: seat.form_token.clone(),
        revision,
        second_factor: Tick::new(
            "second_factor",
            "Everybody needs a second factor",
            draft.second_factor,
        )
        .hint(without),
        limits: [
            limit(
                "idle",
                "Minutes unused",
                "A session that is not used for so long ends. Empty: the platform's limit.",
                &draft.idle,
            ),
            limit(
                "absolute",
                "Minutes in all",
                "A session ends so long after it began. Empty: the platform's limit.",
                &draft.absolute,
            ),
        ],
        look: [
            limit(
                "contact",
                "Contact",
                "Whom people may ask who cannot sign in: an address, a number, a room.",
                &draft.contact,
            ),
            limit(
                "colour",
                "Colour",
                "Of the sign-in pages, as #rrggbb. It is made readable in both themes.",
                &draft.colour,
            ),
        ],
    };
    render(&template, faults.status(), &nonce)
}
