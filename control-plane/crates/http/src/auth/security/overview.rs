//! All of one's security at a glance, with the way to each part.

use actix_web::{HttpResponse, get, http::StatusCode};
use askama::Template;
use cp_app::{
    clients::list_clients, factors::overview, sessions::list_sessions, sso::list_identities,
    tokens::list_tokens,
};
use ui::{Banner, Nonce, Page, Status, Tabs, Tone};
use web::ApiError;

use super::{client_secrets, identities, passkeys, tabs, two_step};
use crate::auth::{
    pages::{Done, Seat, Section, render},
    problems,
};

const DONE: &[(&str, &str)] = &[
    (
        "password",
        "Your password is changed. You are signed out everywhere else.",
    ),
    (
        "email",
        "A link was sent to the new address. Follow it there to make the change.",
    ),
];

/// One part: what it is, how it stands, where to change it.
struct Part {
    title: &'static str,
    state: Option<Status>,
    detail: String,
    href: &'static str,
    act: &'static str,
}

#[derive(Template)]
#[template(path = "auth/security/overview.html")]
struct Overview {
    page: Page,
    tabs: Tabs,
    done: Option<Banner>,
    groups: Vec<(&'static str, Vec<Part>)>,
}

#[get("")]
pub(super) async fn show(seat: Seat, done: Done) -> Result<HttpResponse, ApiError> {
    let groups = vec![
        ("How you sign in", ways(&seat).await?),
        ("What is signed in as you", credentials(&seat).await?),
    ];
    let nonce = Nonce::new();
    let template = Overview {
        page: seat.frame("Your security", Section::Own, &[], &nonce),
        tabs: tabs("/security"),
        done: done.banner(DONE),
        groups,
    };
    render(&template, StatusCode::OK, &nonce)
}

async fn ways(seat: &Seat) -> Result<Vec<Part>, ApiError> {
    let found = overview(&seat.auth, seat.session.person_id).await;
    let found = found.map_err(|error| problems::store(&error))?;
    let linked = list_identities(&seat.auth, &seat.session).await;
    let linked = linked.map_err(|error| problems::store(&error))?.len();
    let person = &seat.member.person;
    let factors = found.factors;
    let mut parts = vec![Part {
        title: "E-mail",
        state: None,
        detail: person.email.to_string(),
        href: "/security/email",
        act: "Change e-mail",
    }];
    if person.password_hash.is_some() {
        parts.push(Part {
            title: "Password",
            state: Some(status(Tone::Good, "Set")),
            detail: "Changing it signs you out everywhere else.".to_owned(),
            href: "/security/password",
            act: "Change password",
        });
    }
    parts.push(Part {
        title: "Two-step sign-in",
        state: Some(match (factors.any(), found.totp_closed) {
            (_, true) => status(Tone::Bad, "Closed"),
            (true, false) => status(Tone::Good, "On"),
            (false, false) => status(Tone::Warn, "Off"),
        }),
        detail: if factors.any() {
            counted(
                factors.recovery_codes,
                "recovery code left",
                "recovery codes left",
            )
        } else {
            "Your password alone lets in whoever knows it.".to_owned()
        },
        href: two_step::PAGE,
        act: if factors.any() {
            "See factors"
        } else {
            "Set up"
        },
    });
    parts.push(Part {
        title: "Passkeys",
        state: Some(presence(factors.passkeys)),
        detail: counted(factors.passkeys, "passkey", "passkeys"),
        href: passkeys::PAGE,
        act: if factors.passkeys == 0 {
            "Add passkey"
        } else {
            "See passkeys"
        },
    });
    parts.push(Part {
        title: "Linked accounts",
        state: None,
        detail: counted(linked, "account", "accounts"),
        href: identities::PAGE,
        act: "See accounts",
    });
    Ok(parts)
}

async fn credentials(seat: &Seat) -> Result<Vec<Part>, ApiError> {
    let member = seat.session.member_id;
    let store = |error| problems::store(&error);
    let sessions = list_sessions(&seat.auth, member, Some(seat.session_id)).await;
    let others = sessions.map_err(store)?.len().saturating_sub(1);
    let tokens = list_tokens(&seat.auth, member).await.map_err(store)?.len();
    let clients = list_clients(&seat.auth, member).await.map_err(store)?.len();
    Ok(vec![
        Part {
            title: "Sessions",
            state: None,
            detail: match others {
                0 => "This one only.".to_owned(),
                _ => format!("This one and {}", counted(others, "other", "others")),
            },
            href: "/security/sessions",
            act: "See sessions",
        },
        Part {
            title: "Personal access tokens",
            state: None,
            detail: counted(tokens, "token", "tokens"),
            href: "/security/tokens",
            act: "See tokens",
        },
        Part {
            title: "Client secrets",
            state: None,
            detail: counted(clients, "secret", "secrets"),
            href: client_secrets::PAGE,
            act: "See secrets",
        },
    ])
}

fn status(tone: Tone, label: &str) -> Status {
    Status {
        tone,
        label: label.to_owned(),
    }
}

fn presence(count: u32) -> Status {
    if count == 0 {
        status(Tone::Idle, "None")
    } else {
        status(Tone::Good, "In use")
    }
}

fn counted(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    match count.try_into().unwrap_or(u64::MAX) {
        0 => format!("No {many}."),
        1 => format!("1 {one}."),
        count => format!("{count} {many}."),
    }
}
