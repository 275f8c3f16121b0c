//! The link of mail (RFC 8058). Programs that look at links before people do send GETs, which
//! change nothing; a person confirms, and a mail program that has a button for it sends the POST by
//! itself. Neither is signed in, and nothing of the tenant is shown.

use actix_web::{HttpResponse, get, http::StatusCode, post};
use askama::Template;
use tr_app::notifications::{self as app, Link};
use tr_domain::notifications::Trigger;
use ui::{Nonce, Page};
use web::{ApiError, Path as Segment, ProblemCode};

use crate::{caller::Visitor, failure::Failure};

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct Asking<'a> {
    page: Page,
    /// What it is of.
    of: &'a [&'static str],
    done: bool,
}

/// Asks whether to send no more mail of what a link names. Changes nothing.
#[utoipa::path(
    tag = "Notifications",
    operation_id = "askToUnsubscribe",
    params(("link" = String, Path, description = "The last segment of a mail's link.")),
    responses(
        (status = 200, description = "A page with a button.", body = String, content_type = "text/html"),
        (status = 404, description = "The link is none of this tenant's."),
    ),
)]
#[get("/unsubscribe/{link}")]
pub(crate) async fn ask(visitor: Visitor, link: Segment<String>) -> Result<HttpResponse, Failure> {
    let db = visitor.db().await?;
    let link = app::link_subject(&db, &link.0).await?;
    shown(&link, false)
}

/// Sends no more mail of what a link names. Doing it again changes nothing.
#[utoipa::path(
    tag = "Notifications",
    operation_id = "unsubscribe",
    params(("link" = String, Path, description = "The last segment of a mail's link.")),
    responses(
        (status = 200, description = "A page that says so.", body = String, content_type = "text/html"),
        (status = 404, description = "The link is none of this tenant's."),
    ),
)]
#[post("/unsubscribe/{link}")]
pub(crate) async fn confirm(
    visitor: Visitor,
    link: Segment<String>,
) -> Result<HttpResponse, Failure> {
    let db = visitor.db().await?;
    let link = app::unsubscribe(&db, &link.0, visitor.now()).await?;
    shown(&link, true)
}

fn shown(link: &Link, done: bool) -> Result<HttpResponse, Failure> {
    let nonce = Nonce::new();
    let title = if done {
        "No more mail of this kind"
    } else {
        "No more mail of this kind?"
    };
    let of: Vec<_> = link.triggers.iter().map(|trigger| said(*trigger)).collect();
    let asking = Asking {
        page: Page {
            narrow: true,
            ..Page::new(title, "Trellis", &nonce)
        },
        of: &of,
        done,
    };
    let body = asking
        .render()
        .map_err(|error| ApiError::new(ProblemCode::Internal).because(&error))?;
    Ok(ui::html(StatusCode::OK, &nonce).body(body))
}

/// What people call a trigger.
const fn said(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Assigned => "something is assigned to you",
        Trigger::Unassigned => "something of yours is assigned to somebody else",
        Trigger::Completed => "something of yours is completed",
        Trigger::Reopened => "something of yours is reopened",
        Trigger::GateDecided => "a gate is decided",
        Trigger::GateReopened => "a gate is reopened",
        Trigger::DatesChanged => "dates of your work change",
        Trigger::Shared => "something is shared with you",
        Trigger::DueSoon => "your work is due soon",
    }
}
