//! What the browser brings back: of this provider, whole, and once.

use cp_oidc::{Callback, Expected};
use serde_json::json;

use crate::support::{Stage, callback, refused};

#[tokio::test]
async fn a_provider_that_names_itself_has_to() {
    let stage = Stage::new().await;
    let silent = stage.sign_in_at(|b| b.callback = vec![("iss", None)]).await;
    assert_eq!(
        refused(silent),
        "the provider's answer: it does not name its issuer"
    );
    let another = json!("https://evil.example");
    let foreign = stage
        .sign_in_at(|b| b.callback = vec![("iss", Some(another))])
        .await;
    assert_eq!(
        refused(foreign),
        "the provider's answer: it is of another issuer"
    );
    // Nothing was exchanged for either.
    assert_eq!(stage.idp.asked("/token"), 0);
}

#[tokio::test]
async fn a_provider_that_does_not_promise_to_name_itself_need_not_but_may_not_lie() {
    let stage = Stage::new().await;
    let quiet = ("authorization_response_iss_parameter_supported", None);
    stage.idp.behave(|b| b.metadata = vec![quiet]);
    let silent = stage.sign_in_at(|b| b.callback = vec![("iss", None)]).await;
    silent.unwrap();
    let another = json!("https://evil.example");
    let foreign = stage
        .sign_in_at(|b| b.callback = vec![("iss", Some(another))])
        .await;
    assert_eq!(
        refused(foreign),
        "the provider's answer: it is of another issuer"
    );
}

#[tokio::test]
async fn an_error_is_an_error_and_its_text_is_not_shown() {
    let stage = Stage::new().await;
    let deny = |word: &'static str| vec![("error", Some(json!(word))), ("code", None)];
    let denied = stage
        .sign_in_at(|b| b.callback = deny("access_denied"))
        .await;
    assert_eq!(refused(denied), "the provider refused: access_denied");
    let script = stage
        .sign_in_at(|b| b.callback = deny("<script>alert(1)</script>"))
        .await;
    assert_eq!(refused(script), "the provider refused: unreadable_error");
    // With an error beside it, a code is not taken.
    let both = vec![("error", Some(json!("access_denied")))];
    let both = stage.sign_in_at(|b| b.callback = both).await;
    assert_eq!(refused(both), "the provider refused: access_denied");
    // Nor is an error taken from another provider.
    let foreign = vec![
        ("error", Some(json!("access_denied"))),
        ("iss", Some(json!("https://evil.example"))),
    ];
    let foreign = stage.sign_in_at(|b| b.callback = foreign).await;
    assert_eq!(
        refused(foreign),
        "the provider's answer: it is of another issuer"
    );
    assert_eq!(stage.idp.asked("/token"), 0);
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_by_who_asked_for_it() {
    let stage = Stage::new().await;
    let begun = stage.begin().await.unwrap();
    let back = stage.idp.authorize(begun.url.as_str());
    stage.finish(&begun, &back).await.unwrap();
    let again = stage.finish(&begun, &back).await;
    assert_eq!(refused(again), "the code was not taken: invalid_grant");

    // Another browser's verifier does not open it.
    let (mine, theirs) = (stage.begin().await.unwrap(), stage.begin().await.unwrap());
    let back = stage.idp.authorize(theirs.url.as_str());
    let stolen = stage.finish(&mine, &back).await;
    assert_eq!(refused(stolen), "the code was not taken: invalid_grant");
}

#[tokio::test]
async fn a_code_of_another_sign_in_is_betrayed_by_its_nonce() {
    let stage = Stage::new().await;
    let (mine, theirs) = (stage.begin().await.unwrap(), stage.begin().await.unwrap());
    let back = stage.idp.authorize(theirs.url.as_str());
    let crossed = Expected {
        nonce: mine.nonce,
        verifier: theirs.verifier,
        fresh_since: None,
    };
    let injected = stage.finish_with(&callback(&back), &crossed).await;
    assert_eq!(
        refused(injected),
        "the ID token: its nonce is missing or another"
    );
}

#[tokio::test]
async fn without_a_code_there_is_nothing_to_do() {
    let stage = Stage::new().await;
    for code in [None, Some(String::new())] {
        let begun = stage.begin().await.unwrap();
        let expected = Expected {
            nonce: begun.nonce,
            verifier: begun.verifier,
            fresh_since: None,
        };
        let empty = Callback {
            code,
            iss: Some(stage.idp.issuer()),
            error: None,
        };
        let outcome = stage.finish_with(&empty, &expected).await;
        assert_eq!(refused(outcome), "the provider's answer: there is no code");
    }
    assert_eq!(stage.idp.asked("/token"), 0);
}

#[tokio::test]
async fn every_sign_in_has_its_own_state_nonce_and_challenge() {
    let stage = Stage::new().await;
    let (one, two) = (stage.begin().await.unwrap(), stage.begin().await.unwrap());
    let parameter = |begun: &cp_oidc::Begun, name: &str| {
        let mut pairs = begun.url.query_pairs();
        pairs.find(|(key, _)| key == name).unwrap().1.into_owned()
    };
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(parameter(&one, name), parameter(&two, name), "{name}");
        assert_eq!(parameter(&one, name).len(), 43, "{name}");
    }
    assert_eq!(parameter(&one, "code_challenge_method"), "S256");
    assert_eq!(parameter(&one, "scope"), "openid email profile");
}

#[tokio::test]
async fn a_public_client_and_a_secret_in_the_body_work() {
    let mut stage = Stage::new().await;
    let post = (
        "token_endpoint_auth_methods_supported",
        Some(json!(["client_secret_post"])),
    );
    stage.idp.behave(|b| b.metadata = vec![post]);
    stage.sign_in().await.unwrap();
    stage.provider.client_secret = Some("wrong".into());
    let wrong = stage.sign_in().await;
    assert_eq!(refused(wrong), "the code was not taken: invalid_client");
}
