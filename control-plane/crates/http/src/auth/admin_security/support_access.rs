//! Support staff's requests to look into the tenant: consented to, declined, taken back.

use actix_web::{HttpResponse, get, http::StatusCode, post};
use askama::Template;
use cp_app::{
    mail::QueueError,
    support::{
        SupportAccess, SupportError, decline, grant, list_for_tenant, list_visits, withdraw,
    },
};
use cp_domain::SupportState;
use kernel::{Limit, SupportAccessId};
use ui::{Banner, Moment, Nonce, Page, Status, Tabs, Tone};
use web::{ApiError, Path, ProblemCode};

use super::{WAY, tabs};
use crate::auth::{
    pages::{Architect, Done, Seat, Section, Submission, render, see_other},
    problems,
};

pub(super) const PAGE: &str = "/admin/security/support-access";
const DONE: &[(&str, &str)] = &[
    (
        "granted",
        "You have consented. You can take it back at any time.",
    ),
    ("declined", "The request is declined."),
    ("withdrawn", "The consent is withdrawn. Staff are out."),
    (
        "answered",
        "Somebody has answered this request before. It stands as shown here.",
    ),
];

/// What can be done with a request: the act, the button, whether it ends something.
type Act = (&'static str, &'static str, bool);

struct Row {
    id: SupportAccessId,
    who: String,
    reason: String,
    state: Status,
    asked: Moment,
    length: String,
    ends: Option<String>,
    visits: Vec<String>,
    acts: Vec<Act>,
}

#[derive(Template)]
#[template(path = "auth/admin/support_access.html")]
struct Requests {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    form_token: String,
    rows: Vec<Row>,
}

fn state(state: SupportState) -> Status {
    let (tone, label) = match state {
        SupportState::Requested => (Tone::Warn, "Waits for your answer"),
        SupportState::Granted => (Tone::Busy, "Staff may look in now"),
        SupportState::Declined => (Tone::Idle, "Declined"),
        SupportState::Withdrawn => (Tone::Idle, "Withdrawn"),
        SupportState::Ended => (Tone::Idle, "Ended"),
    };
    Status {
        tone,
        label: label.to_owned(),
    }
}

fn acts(state: SupportState) -> Vec<Act> {
    match state {
        SupportState::Requested => {
            vec![("grant", "Consent", false), ("decline", "Decline", true)]
        }
        SupportState::Granted => vec![("withdraw", "Withdraw", true)],
        SupportState::Declined | SupportState::Withdrawn | SupportState::Ended => Vec::new(),
    }
}

#[get("/support-access")]
pub(super) async fn list(Architect(seat): Architect, done: Done) -> Result<HttpResponse, ApiError> {
    let tenant = seat.tenant.tenant_id;
    let found = list_for_tenant(&seat.auth, tenant, None, Limit::default()).await;
    let found = found.map_err(|error| problems::store(&error))?;
    let mut rows = Vec::new();
    for access in found {
        rows.push(row(&seat, access).await?);
    }
    let nonce = Nonce::new();
    let template = Requests {
        page: seat.frame("Support access", Section::Tenant, WAY, &nonce),
        tabs: tabs(PAGE),
        done: done.banner(DONE),
        form_token: seat.form_token.clone(),
        rows,
    };
    render(&template, StatusCode::OK, &nonce)
}

async fn row(seat: &Seat, access: SupportAccess) -> Result<Row, ApiError> {
    let now = access.state_at(seat.now());
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%-d %b %Y %H:%M UTC").to_string();
    // Only what was consented to once can have been used.
    let visits = if access.expires_at.is_some() {
        let visits = list_visits(&seat.auth, seat.tenant.tenant_id, access.id).await;
        let visits = visits.map_err(outside)?;
        visits
            .into_iter()
            .map(|visit| time(visit.entered_at))
            .collect()
    } else {
        Vec::new()
    };
    Ok(Row {
        id: access.id,
        state: state(now),
        acts: acts(now),
        asked: seat.moment(access.requested_at),
        length: ui::duration(chrono::TimeDelta::minutes(i64::from(access.minutes))),
        ends: access
            .expires_at
            .filter(|_| now == SupportState::Granted)
            .map(time),
        who: access.staff_name,
        reason: access.reason,
        visits,
    })
}

#[post("/support-access/{id}/{act}")]
pub(super) async fn answer(
    Architect(seat): Architect,
    Path((id, act)): Path<(SupportAccessId, String)>,
    _form: Submission,
) -> Result<HttpResponse, ApiError> {
    let by = seat.administrator();
    let (answered, word) = match act.as_str() {
        "grant" => (grant(&seat.auth, &by, id, None).await, "granted"),
        "decline" => (decline(&seat.auth, &by, id).await, "declined"),
        "withdraw" => (withdraw(&seat.auth, &by, id).await, "withdrawn"),
        _ => return Err(ApiError::new(ProblemCode::NotFound)),
    };
    match answered {
        Ok(_) => Ok(see_other(format!("{PAGE}?done={word}"))),
        Err(SupportError::State(_)) => Ok(see_other(format!("{PAGE}?done=answered"))),
        Err(error) => Err(outside(error)),
    }
}

fn outside(error: SupportError) -> ApiError {
    match error {
        SupportError::StepUp(error) => problems::step_up(error),
        SupportError::Store(error) | SupportError::Mail(QueueError::Store(error)) => {
            problems::store(&error)
        }
        SupportError::Tenant(error) => ApiError::new(ProblemCode::Unavailable)
            .retry_after(2)
            .because(&error),
        SupportError::Mail(error) => ApiError::internal(&error),
        _ => ApiError::new(ProblemCode::NotFound),
    }
}
