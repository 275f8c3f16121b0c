//! All of one's security at a glance, with the way to each part.

use actix_web::{HttpResponse, get, http::StatusCode};
use askama::Template;
use cp_app::{sessions as sessions_app, tokens as tokens_app};
use ui::{Nonce, Page, Status, Tabs, Tone};
use web::ApiError;

use super::tabs;
use crate::auth::{
    pages::{Seat, Section, render},
    problems,
};

/// One part: what it is, how it stands, where to change it.
struct Part {
    title: &'static str,
    state: Status,
    detail: String,
    href: &'static str,
    act: &'static str,
}

#[derive(Template)]
#[template(path = "auth/security/overview.html")]
struct Overview {
    page: Page,
    tabs: Tabs,
    groups: Vec<(&'static str, Vec<Part>)>,
}

#[get("")]
pub(super) async fn show(seat: Seat) -> Result<HttpResponse, ApiError> {
    let member = seat.session.member_id;
    let store = |error| problems::store(&error);
    let sessions = sessions_app::list_sessions(&seat.auth, member, Some(seat.session_id))
        .await
        .map_err(store)?;
    let tokens = tokens_app::list_tokens(&seat.auth, member)
        .await
        .map_err(store)?;
    let others = sessions.len().saturating_sub(1);
    let nonce = Nonce::new();
    let template = Overview {
        page: seat.frame("Your security", Section::Own, &[], &nonce),
        tabs: tabs("/security"),
        groups: vec![(
            "What is signed in as you",
            vec![
                Part {
                    title: "Sessions",
                    state: status(Tone::Good, "This one"),
                    detail: counted(others, "other session", "other sessions"),
                    href: "/security/sessions",
                    act: "See sessions",
                },
                Part {
                    title: "Personal access tokens",
                    state: presence(tokens.len()),
                    detail: counted(tokens.len(), "token", "tokens"),
                    href: "/security/tokens",
                    act: "See tokens",
                },
            ],
        )],
    };
    render(&template, StatusCode::OK, &nonce)
}

fn status(tone: Tone, label: &str) -> Status {
    Status {
        tone,
        label: label.to_owned(),
    }
}

fn presence(count: usize) -> Status {
    if count == 0 {
        status(Tone::Idle, "None")
    } else {
        status(Tone::Good, "In use")
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        0 => format!("No {many}."),
        1 => format!("1 {one}."),
        _ => format!("{count} {many}."),
    }
}
