//! Logout tokens: anybody may send one, and only the provider's own are good.

use chrono::TimeDelta;
use cp_oidc::{Algorithms, LogoutNotice, OidcError};
use serde_json::{Value, json};
use testkit::{
    TestProvider,
    provider::{Change, Signature, TestKey, public_key_bytes},
};

use crate::support::{Stage, refused};

async fn verify(stage: &Stage, token: &str) -> Result<LogoutNotice, OidcError> {
    let now = stage.clock.now();
    stage
        .oidc
        .verify_logout_token(&stage.provider, token, now)
        .await
}

async fn refused_with(changes: &[Change]) -> String {
    let stage = Stage::new().await;
    refused(verify(&stage, &stage.idp.logout_token(changes)).await)
}

async fn refused_signed(signature: Signature) -> String {
    let stage = Stage::new().await;
    let token = stage
        .idp
        .logout_token_by(&signature, Some("logout+jwt"), &[]);
    refused(verify(&stage, &token).await)
}

#[tokio::test]
async fn a_good_token_says_whose_session_ended() {
    let stage = Stage::new().await;
    let notice = verify(&stage, &stage.idp.logout_token(&[])).await.unwrap();
    assert_eq!(notice.subject.as_deref(), Some("subject-1"));
    assert_eq!(notice.session.as_deref(), Some("provider-session"));
    assert!(notice.expires_at > stage.clock.now());
    for typ in [
        None,
        Some("JWT"),
        Some("application/logout+jwt"),
        Some("Logout+JWT"),
    ] {
        let by = Signature::By(TestKey::Ec1);
        let token = stage.idp.logout_token_by(&by, typ, &[("sid", None)]);
        assert_eq!(verify(&stage, &token).await.unwrap().session, None);
    }
}

#[tokio::test]
async fn its_signature_is_the_providers() {
    let algorithm = "the logout token: its algorithm is not allowed";
    assert_eq!(refused_signed(Signature::Unsigned).await, algorithm);
    let secret = TestProvider::CLIENT_SECRET.as_bytes().to_vec();
    assert_eq!(refused_signed(Signature::Hmac(secret)).await, algorithm);
    let confused = Signature::Hmac(public_key_bytes(TestKey::Rsa1));
    assert_eq!(refused_signed(confused).await, algorithm);
    let wrong = "the logout token: its signature is wrong";
    assert_eq!(
        refused_signed(Signature::Spoiled(TestKey::Rsa1)).await,
        wrong
    );
    assert_eq!(
        refused_signed(Signature::Mislabelled(TestKey::Rsa1, "PS256")).await,
        "the logout token: no key fits it"
    );
    assert_eq!(
        refused_signed(Signature::By(TestKey::Rsa2)).await,
        "the logout token: no key fits it"
    );
    let mut stage = Stage::new().await;
    stage.provider.algorithms = Algorithms::parse("ES256").unwrap();
    assert_eq!(
        refused(verify(&stage, &stage.idp.logout_token(&[])).await),
        algorithm
    );
}

#[tokio::test]
async fn it_is_a_logout_token_and_nothing_else() {
    let event = "the logout token: it tells of no sign-out";
    assert_eq!(refused_with(&[("events", None)]).await, event);
    let other = json!({ "http://schemas.openid.net/event/another": {} });
    assert_eq!(refused_with(&[("events", Some(other))]).await, event);
    let text = json!({ "http://schemas.openid.net/event/backchannel-logout": "yes" });
    assert_eq!(refused_with(&[("events", Some(text))]).await, event);
    let list = json!(["http://schemas.openid.net/event/backchannel-logout"]);
    assert_eq!(refused_with(&[("events", Some(list))]).await, event);
    let nonce = "the logout token: it has a nonce, as ID tokens have";
    assert_eq!(refused_with(&[("nonce", Some(json!("n")))]).await, nonce);
    assert_eq!(refused_with(&[("nonce", Some(Value::Null))]).await, nonce);
    let stage = Stage::new().await;
    for typ in ["at+jwt", "id_token+jwt", "JWE", ""] {
        let by = Signature::By(TestKey::Rsa1);
        let token = stage.idp.logout_token_by(&by, Some(typ), &[]);
        let reason = refused(verify(&stage, &token).await);
        assert_eq!(reason, "the logout token: it is of another type", "{typ}");
    }
}

#[tokio::test]
async fn it_is_of_this_provider_and_for_us() {
    let issuer = "the logout token: its issuer is another";
    assert_eq!(
        refused_with(&[("iss", Some(json!("https://evil.example")))]).await,
        issuer
    );
    assert_eq!(refused_with(&[("iss", None)]).await, issuer);
    let audience = "the logout token: it is for another audience";
    assert_eq!(
        refused_with(&[("aud", Some(json!("another")))]).await,
        audience
    );
    assert_eq!(
        refused_with(&[("aud", Some(json!(["another"])))]).await,
        audience
    );
    assert_eq!(refused_with(&[("aud", None)]).await, audience);
}

#[tokio::test]
async fn it_names_itself_and_somebody() {
    assert_eq!(
        refused_with(&[("jti", None)]).await,
        "the logout token: it has no jti"
    );
    assert_eq!(
        refused_with(&[("jti", Some(json!("")))]).await,
        "the logout token: it has no jti"
    );
    let nobody = "the logout token: it names neither subject nor session";
    assert_eq!(refused_with(&[("sub", None), ("sid", None)]).await, nobody);
    let garbled = "the logout token: its subject or session cannot be read";
    for bad in [json!(""), json!(7), Value::Null] {
        assert_eq!(
            refused_with(&[("sub", Some(bad.clone())), ("sid", None)]).await,
            garbled
        );
        assert_eq!(refused_with(&[("sid", Some(bad))]).await, garbled);
    }
}

#[tokio::test]
async fn it_is_good_for_its_time() {
    let now = testkit::noon();
    let at = |seconds: i64| Some(json!((now + TimeDelta::seconds(seconds)).timestamp()));
    let other_time = "the logout token: it was issued at another time";
    assert_eq!(refused_with(&[("iat", at(-601))]).await, other_time);
    assert_eq!(refused_with(&[("iat", at(61))]).await, other_time);
    assert_eq!(
        refused_with(&[("iat", None)]).await,
        "the logout token: it has no iat"
    );
    assert_eq!(
        refused_with(&[("exp", None)]).await,
        "the logout token: it has no exp"
    );
    assert_eq!(
        refused_with(&[("exp", at(-60))]).await,
        "the logout token: it is expired"
    );
}

#[tokio::test]
async fn what_is_plainly_wrong_costs_the_provider_nothing() {
    let stage = Stage::new().await;
    for garbage in ["", "a.b.c", "..", &"x".repeat(100_000)] {
        let reason = refused(verify(&stage, garbage).await);
        assert_eq!(reason, "the logout token: it is no signed token");
    }
    refused(verify(&stage, &stage.idp.logout_token(&[("events", None)])).await);
    assert_eq!(stage.idp.asked("/jwks"), 0);
}
