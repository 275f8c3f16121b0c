//! ID tokens that are not good, each refused for its own reason.

use chrono::TimeDelta;
use cp_oidc::Algorithms;
use serde_json::{Value, json};
use testkit::{
    TestProvider,
    provider::{Change, KeyId, Signature, TestKey, public_key_bytes},
};

use crate::support::{Stage, refused};

/// What a provider that changes its ID tokens so hears.
async fn refused_for(change: Change) -> String {
    let stage = Stage::new().await;
    refused(stage.sign_in_at(|b| b.id_token = vec![change]).await)
}

async fn refused_when_signed(signature: Signature) -> String {
    let stage = Stage::new().await;
    refused(stage.sign_in_at(|b| b.signature = signature).await)
}

#[tokio::test]
async fn a_good_token_says_who_it_is() {
    let stage = Stage::new().await;
    stage
        .idp
        .set_user(&json!({ "sub": "s-1", "email": "zoe@acme.example", "email_verified": true }));
    for key in [TestKey::Rsa1, TestKey::Ec1] {
        let signed = stage.sign_in_at(|b| b.signature = Signature::By(key)).await;
        let claims = signed.unwrap().claims;
        assert_eq!(claims.subject(), "s-1");
        assert_eq!(claims.email(), Some("zoe@acme.example"));
        assert!(claims.email_verified());
        assert_eq!(claims.session(), Some("provider-session"));
    }
}

#[tokio::test]
async fn the_nonce_has_to_be_there_and_ours() {
    let wanted = "the ID token: its nonce is missing or another";
    assert_eq!(refused_for(("nonce", Some(json!("another")))).await, wanted);
    assert_eq!(refused_for(("nonce", None)).await, wanted);
    assert_eq!(refused_for(("nonce", Some(json!("")))).await, wanted);
}

#[tokio::test]
async fn issuer_and_audience_are_compared() {
    let issuer = "the ID token: its issuer is another";
    assert_eq!(
        refused_for(("iss", Some(json!("https://evil.example")))).await,
        issuer
    );
    let audience = "the ID token: it is for another audience";
    assert_eq!(
        refused_for(("aud", Some(json!("another client")))).await,
        audience
    );
    assert_eq!(refused_for(("aud", Some(json!([])))).await, audience);
    // Ours and another's: who else holds it is not known.
    let both = json!([TestProvider::CLIENT_ID, "another client"]);
    assert_eq!(refused_for(("aud", Some(both))).await, audience);
    assert_eq!(
        refused_for(("azp", Some(json!("another client")))).await,
        "the ID token: it was issued to another party"
    );
    let slash = Stage::new().await;
    let with_slash = format!("{}/", slash.idp.issuer());
    let change = ("iss", Some(json!(with_slash)));
    assert_eq!(
        refused(slash.sign_in_at(|b| b.id_token = vec![change]).await),
        issuer
    );
}

#[tokio::test]
async fn claims_that_have_to_be_there_are() {
    let cases = [
        ("iss", "missing field `iss`"),
        ("aud", "it is for another audience"),
        ("iat", "missing field `iat`"),
        ("exp", "missing field `exp`"),
        ("sub", "missing field `sub`"),
    ];
    for (name, wanted) in cases {
        let reason = refused_for((name, None)).await;
        assert!(reason.contains(wanted), "{name}: {reason}");
    }
}

#[tokio::test]
async fn a_subject_is_a_text_with_something_in_it() {
    let wanted = "the ID token: its subject is empty or too long";
    assert_eq!(refused_for(("sub", Some(json!("")))).await, wanted);
    assert_eq!(refused_for(("sub", Some(json!("  ")))).await, wanted);
    assert_eq!(
        refused_for(("sub", Some(json!("x".repeat(256))))).await,
        wanted
    );
    for wrong in [json!(7), Value::Null, json!(["s"])] {
        let reason = refused_for(("sub", Some(wrong))).await;
        assert!(
            reason.starts_with("the ID token: a claim is missing or wrong"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_time() {
    let now = testkit::noon();
    let at = |seconds: i64| Some(json!((now + TimeDelta::seconds(seconds)).timestamp()));
    let wanted = "the ID token: it is expired or of another time";
    assert_eq!(refused_for(("exp", at(-61))).await, wanted);
    assert_eq!(refused_for(("iat", at(-601))).await, wanted);
    assert_eq!(refused_for(("iat", at(61))).await, wanted);
    // A clock that is a little off is forgiven.
    let stage = Stage::new().await;
    let skewed = vec![("iat", at(50)), ("exp", at(-50))];
    stage.sign_in_at(|b| b.id_token = skewed).await.unwrap();
}

#[tokio::test]
async fn an_unsigned_token_is_refused() {
    let algorithm = "the ID token: its algorithm is not allowed";
    assert_eq!(refused_when_signed(Signature::Unsigned).await, algorithm);
    let stage = Stage::new().await;
    let unsigned = stage.sign_in_at(|b| {
        b.signature = Signature::Unsigned;
        b.published.clear();
    });
    assert_eq!(refused(unsigned.await), algorithm);
}

#[tokio::test]
async fn a_wrong_signature_is_refused() {
    let wrong = "the ID token: its signature is wrong";
    assert_eq!(
        refused_when_signed(Signature::Spoiled(TestKey::Rsa1)).await,
        wrong
    );
    assert_eq!(
        refused_when_signed(Signature::Spoiled(TestKey::Ec1)).await,
        wrong
    );
    // A key that is not published.
    assert_eq!(
        refused_when_signed(Signature::By(TestKey::Rsa2)).await,
        wrong
    );
    let stage = Stage::new().await;
    let foreign = stage.sign_in_at(|b| {
        b.signature = Signature::By(TestKey::Ec2);
        b.key_id = KeyId::Named("ec-1");
    });
    assert_eq!(refused(foreign.await), wrong);
}

#[tokio::test]
async fn a_symmetric_signature_needs_the_secret_and_to_be_allowed() {
    let secret = TestProvider::CLIENT_SECRET.as_bytes().to_vec();
    let not_allowed = "the ID token: its algorithm is not allowed";
    assert_eq!(
        refused_when_signed(Signature::Hmac(secret.clone())).await,
        not_allowed
    );

    let mut stage = Stage::new().await;
    stage.provider.algorithms = Algorithms::parse("HS256").unwrap();
    let sign = async |key: Vec<u8>| {
        stage
            .sign_in_at(|b| b.signature = Signature::Hmac(key))
            .await
    };
    sign(secret).await.unwrap();
    let wrong = "the ID token: its signature is wrong";
    assert_eq!(refused(sign(b"another secret".to_vec()).await), wrong);
    assert_eq!(refused(sign(Vec::new()).await), wrong);
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let mut stage = Stage::new().await;
    for key in [TestKey::Rsa1, TestKey::Ec1] {
        let confused = Signature::Hmac(public_key_bytes(key));
        let refusal = refused(stage.sign_in_at(|b| b.signature = confused).await);
        assert_eq!(refusal, "the ID token: its algorithm is not allowed");
    }
    stage.provider.algorithms = Algorithms::parse("HS256").unwrap();
    let confused = Signature::Hmac(public_key_bytes(TestKey::Rsa1));
    let refusal = refused(stage.sign_in_at(|b| b.signature = confused).await);
    assert_eq!(refusal, "the ID token: its signature is wrong");
}

#[tokio::test]
async fn the_algorithm_is_one_that_the_tenant_allows() {
    let mut stage = Stage::new().await;
    stage.provider.algorithms = Algorithms::parse("ES256").unwrap();
    let refusal = refused(stage.sign_in().await);
    assert_eq!(refusal, "the ID token: its algorithm is not allowed");
    // An RSA signature under the name of another algorithm.
    let mislabelled = Signature::Mislabelled(TestKey::Rsa1, "ES256");
    let refusal = refused(stage.sign_in_at(|b| b.signature = mislabelled).await);
    assert_eq!(refusal, "the ID token: its signature is wrong");
}

#[tokio::test]
async fn the_access_token_is_the_one_that_the_token_names() {
    let wrong = "the ID token: it is of another access token";
    assert_eq!(
        refused_for(("at_hash", Some(json!("AAAAAAAAAAAAAAAAAAAAAA")))).await,
        wrong
    );
}

#[tokio::test]
async fn a_token_that_is_none_is_refused() {
    let stage = Stage::new().await;
    let answer = |token: Value| {
        json!({ "access_token": "a", "token_type": "Bearer", "id_token": token }).to_string()
    };
    let garbage = [
        "",
        ".",
        "..",
        "a.b.c",
        "e30.e30.",
        "💥.💥.💥",
        "eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
    ];
    for token in garbage {
        let canned = testkit::provider::Canned::Text(200, answer(json!(token)));
        let outcome = stage
            .sign_in_at(|b| _ = b.canned.insert("/token", canned))
            .await;
        let reason = refused(outcome);
        assert!(reason.starts_with("the ID token: "), "{token}: {reason}");
    }
    let none = testkit::provider::Canned::Text(200, answer(Value::Null));
    let outcome = stage
        .sign_in_at(|b| _ = b.canned.insert("/token", none))
        .await;
    assert_eq!(refused(outcome), "the ID token: there is none");
}

#[tokio::test]
async fn who_is_to_prove_themselves_anew_has() {
    let stage = Stage::new().await;
    let since = stage.clock.now();
    let attempt = async |changes: Vec<Change>| {
        stage.idp.behave(|b| b.id_token = changes);
        let begun = stage.begin().await.unwrap();
        let back = stage.idp.authorize(begun.url.as_str());
        let expected = cp_oidc::Expected {
            nonce: begun.nonce,
            verifier: begun.verifier,
            fresh_since: Some(since),
        };
        stage
            .finish_with(&crate::support::callback(&back), &expected)
            .await
    };
    attempt(Vec::new()).await.unwrap();
    let wanted = "the ID token: the user did not prove anew who they are";
    let hour_ago = (since - TimeDelta::hours(1)).timestamp();
    assert_eq!(
        refused(attempt(vec![("auth_time", Some(json!(hour_ago)))]).await),
        wanted
    );
    assert_eq!(refused(attempt(vec![("auth_time", None)]).await), wanted);
}
