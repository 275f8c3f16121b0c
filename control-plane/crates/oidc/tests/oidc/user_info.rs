//! User information adds to the ID token and contradicts it in nothing.

use serde_json::json;

use crate::support::{Stage, refused};

#[tokio::test]
async fn it_is_of_the_user_of_the_id_token() {
    let wanted = "the user information: it is of another user";
    for subject in [Some(json!("subject-2")), Some(json!("")), None] {
        let stage = Stage::new().await;
        let swapped = stage
            .sign_in_at(|b| b.user_info = vec![("sub", subject)])
            .await;
        assert_eq!(refused(swapped), wanted);
    }
}

#[tokio::test]
async fn it_adds_and_never_overwrites() {
    let stage = Stage::new().await;
    stage
        .idp
        .set_user(&json!({ "sub": "s", "email": "zoe@acme.example", "email_verified": false }));
    let more = vec![
        ("email", Some(json!("ceo@acme.example"))),
        ("email_verified", Some(json!(true))),
        ("groups", Some(json!(["staff"]))),
    ];
    let signed_in = stage.sign_in_at(|b| b.user_info = more).await.unwrap();
    let claims = signed_in.claims;
    assert_eq!(claims.email(), Some("zoe@acme.example"));
    assert!(!claims.email_verified());
    assert_eq!(claims.groups("groups"), ["staff"]);
}

#[tokio::test]
async fn only_the_truth_value_says_that_an_address_is_verified() {
    let stage = Stage::new().await;
    for forged in [
        json!("true"),
        json!(1),
        json!("yes"),
        json!(["true"]),
        json!({}),
        json!(null),
    ] {
        stage
            .idp
            .set_user(&json!({ "sub": "s", "email": "zoe@acme.example" }));
        // In the user information: an ID token with such a value is not even read.
        let change = vec![("email_verified", Some(forged.clone()))];
        let signed_in = stage.sign_in_at(|b| b.user_info = change).await.unwrap();
        assert!(!signed_in.claims.email_verified(), "{forged}");
    }
}

#[tokio::test]
async fn a_provider_without_it_is_fine_and_one_whose_answer_is_none_is_not() {
    let stage = Stage::new().await;
    let none = ("userinfo_endpoint", None);
    stage.sign_in_at(|b| b.metadata = vec![none]).await.unwrap();
    let stage = Stage::new().await;
    let canned = testkit::provider::Canned::Text(200, "[]".to_owned());
    let outcome = stage
        .sign_in_at(|b| _ = b.canned.insert("/userinfo", canned))
        .await;
    assert_eq!(
        refused(outcome),
        "the provider's user information: its answer cannot be read"
    );
}
