//! Where one is signed in, and ending it.

use actix_web::{HttpResponse, get, http::StatusCode, post};
use askama::Template;
use cp_app::sessions as app;
use cp_domain::Country;
use kernel::SessionId;
use ui::{Banner, Moment, Nonce, Page, Tabs};
use web::{ApiError, Path};

use super::{WAY, tabs};
use crate::auth::{
    cookies::expired_session_cookie,
    pages::{Done, Seat, Section, Submission, render, see_other},
    problems,
};

const PAGE: &str = "/security/sessions";

const DONE: &[(&str, &str)] = &[
    ("ended", "The session has ended."),
    ("others-ended", "All your other sessions here have ended."),
];

#[derive(Template)]
#[template(path = "auth/security/sessions.html")]
struct Sessions {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    form_token: String,
    rows: Vec<Row>,
}

struct Row {
    id: SessionId,
    current: bool,
    device: String,
    place: String,
    began: Moment,
    used: Moment,
    ends: Moment,
}

#[get("/sessions")]
pub(super) async fn list(seat: Seat, done: Done) -> Result<HttpResponse, ApiError> {
    let current = Some(seat.session_id);
    let sessions = app::list_sessions(&seat.auth, seat.session.member_id, current)
        .await
        .map_err(|error| problems::store(&error))?;
    let row = |own: app::OwnSession| Row {
        id: own.session.id,
        current: own.current,
        place: match own.session.country {
            Some(code) => format!("{}, {}", own.session.address, country_name(&code)),
            None => own.session.address,
        },
        device: own.session.device,
        began: seat.moment(own.session.created_at),
        used: seat.moment(own.session.last_seen_at),
        ends: seat.moment(own.session.expires_at),
    };
    let mut rows: Vec<Row> = sessions.into_iter().map(row).collect();
    rows.sort_by_key(|row| !row.current);
    let nonce = Nonce::new();
    let template = Sessions {
        page: seat.frame("Sessions", Section::Own, WAY, &nonce),
        tabs: tabs(PAGE),
        done: done.banner(DONE),
        form_token: seat.form_token.clone(),
        rows,
    };
    render(&template, StatusCode::OK, &nonce)
}

#[post("/sessions/{id}/end")]
pub(super) async fn end(
    seat: Seat,
    Path(id): Path<SessionId>,
    _form: Submission,
) -> Result<HttpResponse, ApiError> {
    let ended = app::revoke_session(&seat.auth, seat.session.member_id, id).await;
    match ended {
        // Twice is as good as once: the list shows that it is gone.
        Ok(()) | Err(app::SessionError::NotFound) => {}
        Err(error) => return Err(problems::session(error)),
    }
    if id != seat.session_id {
        return Ok(see_other(format!("{PAGE}?done=ended")));
    }
    let mut answer = see_other("/sign-in");
    let cookie = expired_session_cookie(seat.auth.settings.insecure_cookies);
    answer
        .add_cookie(&cookie)
        .map_err(|error| ApiError::internal(&error))?;
    Ok(answer)
}

#[post("/sessions/end-others")]
pub(super) async fn end_others(seat: Seat, _form: Submission) -> Result<HttpResponse, ApiError> {
    app::revoke_other_sessions(&seat.auth, seat.session.member_id, seat.session_id)
        .await
        .map_err(|error| problems::store(&error))?;
    Ok(see_other(format!("{PAGE}?done=others-ended")))
}

/// What a country is called; its code when it has no name.
fn country_name(code: &str) -> String {
    let known = Country::parse(code).ok().and_then(|country| country.name());
    known.unwrap_or(code).to_owned()
}
