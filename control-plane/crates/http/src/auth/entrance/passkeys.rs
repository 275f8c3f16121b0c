//! The button for passkeys. It appears when the browser has them and its script runs.

use askama::{Template, filters::HtmlSafe};
use cp_domain::LocalPath;

use super::place::{Frame, Place};

/// The button, with where its script begins and ends the ceremony.
#[derive(Template)]
#[template(path = "auth/entrance/passkey.html")]
pub(super) struct PasskeyButton {
    label: &'static str,
    begin: &'static str,
    finish: &'static str,
    /// What the answer stands under in what is sent.
    wrap: &'static str,
    then: String,
    /// The name that a new one gets, unless its owner has a better one.
    name: Option<&'static str>,
    /// Whether the field for the address offers passkeys, too.
    conditional: bool,
}

impl HtmlSafe for PasskeyButton {}

impl PasskeyButton {
    fn new(label: &'static str, return_to: &LocalPath) -> Self {
        Self {
            label,
            begin: "",
            finish: "",
            wrap: "",
            then: return_to.to_string(),
            name: None,
            conditional: false,
        }
    }

    fn signing_in(label: &'static str, frame: &Frame, return_to: &LocalPath) -> Self {
        let (begin, finish) = match frame.place {
            Place::Tenant(_) => ("/auth/v1/sign-in/passkey/start", "/auth/v1/sign-in/passkey"),
            Place::People => (
                super::people_passkeys::BEGIN,
                super::people_passkeys::FINISH,
            ),
        };
        Self {
            begin,
            finish,
            ..Self::new(label, return_to)
        }
    }

    /// Signs in with nothing else.
    pub(super) fn sign_in(frame: &Frame, return_to: &LocalPath) -> Self {
        Self {
            conditional: true,
            ..Self::signing_in("Sign in with a passkey", frame, return_to)
        }
    }

    /// As the second factor that is due.
    pub(super) fn second_factor(frame: &Frame, return_to: &LocalPath) -> Self {
        Self::signing_in("Use a passkey", frame, return_to)
    }

    /// Sets one up on the way in.
    pub(super) fn enrol(return_to: &LocalPath) -> Self {
        Self {
            begin: "/auth/v1/passkeys/start",
            finish: "/auth/v1/passkeys",
            name: Some("Passkey"),
            ..Self::new("Set up a passkey", return_to)
        }
    }

    /// As proof that it is still the same person.
    pub(super) fn confirm(return_to: &LocalPath) -> Self {
        Self {
            begin: "/auth/v1/confirm-identity/passkey/start",
            finish: "/auth/v1/confirm-identity",
            wrap: "passkey",
            ..Self::new("Confirm with a passkey", return_to)
        }
    }
}
