//! Two pages that many acts share: one that asks before something ends, one that shows a secret
//! once.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;
use ui::{ErrorSummary, Field, Nonce, Page};
use web::ApiError;

use super::{Faults, Seat, Section, Submission, render};

/// Asks before something that cannot be undone: what it does, to what, and how to leave it.
pub(in crate::auth) struct Confirm<'a> {
    /// The title.
    pub(in crate::auth) title: &'a str,
    /// Where it belongs.
    pub(in crate::auth) section: Section,
    /// The pages above.
    pub(in crate::auth) way: &'a [(&'a str, &'a str)],
    /// Where the form goes.
    pub(in crate::auth) action: String,
    /// What happens, a sentence or two each.
    pub(in crate::auth) impact: Vec<String>,
    /// What it happens to.
    pub(in crate::auth) facts: Vec<(&'static str, String)>,
    /// What has to be typed first.
    pub(in crate::auth) field: Option<Field>,
    /// The button.
    pub(in crate::auth) verb: &'static str,
}

#[derive(Template)]
#[template(path = "auth/confirm.html")]
struct ConfirmPage<'a> {
    page: Page,
    summary: ErrorSummary,
    form_token: &'a str,
    action: &'a str,
    impact: &'a [String],
    facts: &'a [(&'static str, String)],
    field: Option<&'a Field>,
    verb: &'static str,
    back: &'a str,
}

impl Confirm<'_> {
    /// The page.
    pub(in crate::auth) fn show(
        &self,
        seat: &Seat,
        faults: &Faults,
    ) -> Result<HttpResponse, ApiError> {
        let nonce = Nonce::new();
        let mut page = seat.frame(self.title, self.section, self.way, &nonce);
        page.failed = !faults.is_empty();
        let template = ConfirmPage {
            page,
            summary: faults.summary(),
            form_token: &seat.form_token,
            action: &self.action,
            impact: &self.impact,
            facts: &self.facts,
            field: self.field.as_ref(),
            verb: self.verb,
            back: self.way.last().map_or("/", |(_, path)| *path),
        };
        render(&template, faults.status(), &nonce)
    }
}

/// A field in which a text has to be repeated, so that nobody does it by accident.
pub(in crate::auth) fn typed(text: &str, faults: &Faults) -> Field {
    Field::text("typed", "Confirmation")
        .hint(format!("Type {text} to confirm."))
        .error(faults.of("typed"))
}

/// The fault of a text that was not repeated.
pub(in crate::auth) fn check_typed(form: &Submission, text: &str) -> Result<(), Faults> {
    if form.text("typed") == text {
        Ok(())
    } else {
        Err(Faults::field(
            "typed",
            format!("Type {text} exactly as it stands here."),
        ))
    }
}

/// Shows a secret, once.
pub(in crate::auth) struct ShownOnce<'a> {
    /// The title.
    pub(in crate::auth) title: &'a str,
    /// Where it belongs.
    pub(in crate::auth) section: Section,
    /// The pages above.
    pub(in crate::auth) way: &'a [(&'a str, &'a str)],
    /// What is shown, each with its name.
    pub(in crate::auth) secrets: Vec<(String, String)>,
    /// What else there is to know.
    pub(in crate::auth) facts: Vec<(&'static str, String)>,
    /// What to do with it.
    pub(in crate::auth) advice: &'a str,
}

#[derive(Template)]
#[template(path = "auth/shown_once.html")]
struct ShownOncePage<'a> {
    page: Page,
    secrets: &'a [(String, String)],
    facts: &'a [(&'static str, String)],
    advice: &'a str,
    back: &'a str,
}

impl ShownOnce<'_> {
    /// The page.
    pub(in crate::auth) fn show(&self, seat: &Seat) -> Result<HttpResponse, ApiError> {
        let nonce = Nonce::new();
        let template = ShownOncePage {
            page: seat.frame(self.title, self.section, self.way, &nonce),
            secrets: &self.secrets,
            facts: &self.facts,
            advice: self.advice,
            back: self.way.last().map_or("/", |(_, path)| *path),
        };
        render(&template, StatusCode::OK, &nonce)
    }
}
