//! Providers that are slow, down, or answer with garbage or without end.

use std::time::Duration;

use cp_oidc::{OidcError, OidcSettings};
use serde_json::json;
use testkit::provider::Canned;

use crate::support::{Stage, refused, settings};

const PATHS: [&str; 4] = [
    "/.well-known/openid-configuration",
    "/jwks",
    "/token",
    "/userinfo",
];

async fn outcome_of(path: &'static str, canned: Canned) -> OidcError {
    outcome_within(settings().timeout_ms, path, canned).await
}

async fn outcome_within(timeout_ms: u64, path: &'static str, canned: Canned) -> OidcError {
    let settings = OidcSettings {
        timeout_ms,
        ..settings()
    };
    let stage = Stage::with(&settings).await;
    let outcome = stage
        .sign_in_at(|b| _ = b.canned.insert(path, canned))
        .await;
    outcome.unwrap_err()
}

#[tokio::test]
async fn slow_ones_are_given_up() {
    for path in PATHS {
        let error = outcome_within(500, path, Canned::After(Duration::from_secs(30))).await;
        assert!(
            error.to_string().ends_with("it did not answer in time"),
            "{path}: {error}"
        );
        assert!(error.is_unavailable());
    }
}

#[tokio::test]
async fn endless_ones_are_cut() {
    for path in PATHS {
        let error = outcome_of(path, Canned::Huge(10 * 1024 * 1024)).await;
        assert!(
            error.to_string().ends_with("its answer is too large"),
            "{path}: {error}"
        );
    }
}

#[tokio::test]
async fn garbage_is_refused() {
    let garbage = ["", "<html>", "\u{0}\u{1}", "[[[[", "null", "[7]"];
    for path in PATHS {
        for text in garbage {
            let error = outcome_of(path, Canned::Text(200, text.to_owned())).await;
            let error = error.to_string();
            let known = ["its answer cannot be read", "the answer cannot be read"];
            assert!(
                known.iter().any(|known| error.ends_with(known)),
                "{path} {text:?}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn errors_and_broken_connections_are_said() {
    for path in PATHS {
        let error = outcome_of(path, Canned::Text(500, "{}".to_owned())).await;
        assert!(error.to_string().ends_with("status 500"), "{path}: {error}");
        let error = outcome_of(path, Canned::Cut).await;
        assert!(error.is_unavailable(), "{path}: {error}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Stage::new().await;
    for path in PATHS {
        let to = format!("{}{path}", elsewhere.idp.issuer());
        let error = outcome_of(path, Canned::Redirect(to)).await;
        assert!(
            error.to_string().ends_with("it answered with a redirect"),
            "{path}: {error}"
        );
        assert_eq!(elsewhere.idp.asked(path), 0, "{path}");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_to_be() {
    let mut stage = Stage::new().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", port.local_addr().unwrap());
    drop(port);
    stage.provider.issuer = cp_oidc::Issuer::parse(&address).unwrap();
    let error = stage.begin().await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
}

#[tokio::test]
async fn what_strangers_say_is_in_no_message() {
    let stage = Stage::new().await;
    let secret = "do-not-show-this";
    let canned = Canned::Text(
        400,
        json!({ "error": format!("<b>{secret}</b>"), "error_description": secret }).to_string(),
    );
    let outcome = stage
        .sign_in_at(|b| _ = b.canned.insert("/token", canned))
        .await;
    assert_eq!(refused(outcome), "the code was not taken: unreadable_error");
}
