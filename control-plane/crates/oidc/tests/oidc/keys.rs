//! Keys that change, and tokens that do not say which they are signed with.

use cp_oidc::OidcSettings;
use testkit::provider::{KeyId, Signature, TestKey};

use crate::support::{Stage, refused, settings};

#[tokio::test]
async fn one_of_several_keys_has_to_be_named() {
    let stage = Stage::new().await;
    let unnamed = stage.sign_in_at(|b| {
        b.key_id = KeyId::Absent;
        b.published = vec![TestKey::Rsa1, TestKey::Rsa2];
    });
    let wanted = "the ID token: it does not say which of several keys it is signed with";
    assert_eq!(refused(unnamed.await), wanted);
    let named = stage.sign_in_at(|b| b.key_id = KeyId::Own).await;
    named.unwrap();
}

#[tokio::test]
async fn the_only_key_needs_no_name() {
    let stage = Stage::new().await;
    let unnamed = stage.sign_in_at(|b| {
        b.key_id = KeyId::Absent;
        b.published = vec![TestKey::Rsa1];
    });
    unnamed.await.unwrap();
}

#[tokio::test]
async fn keys_are_kept_and_fetched_again_when_the_provider_has_changed_them() {
    let stage = Stage::new().await;
    stage.sign_in().await.unwrap();
    stage.sign_in().await.unwrap();
    assert_eq!(stage.idp.asked("/jwks"), 1);
    let rotated = stage.sign_in_at(|b| {
        b.published = vec![TestKey::Rsa2];
        b.signature = Signature::By(TestKey::Rsa2);
    });
    rotated.await.unwrap();
    assert_eq!(stage.idp.asked("/jwks"), 2);
    // The key that is gone is good for nothing.
    let old = stage.sign_in_at(|b| b.signature = Signature::By(TestKey::Rsa1));
    assert_eq!(refused(old.await), "the ID token: its signature is wrong");
}

#[tokio::test]
async fn a_provider_may_rotate_just_before_it_signs() {
    let stage = Stage::new().await;
    let rotating = stage.sign_in_at(|b| b.rotate_before_signing = Some(TestKey::Rsa2));
    rotating.await.unwrap();
    let again = stage.sign_in_at(|b| b.rotate_before_signing = Some(TestKey::Ec2));
    again.await.unwrap();
}

#[tokio::test]
async fn keys_may_change_under_the_same_name() {
    let stage = Stage::new().await;
    let unnamed = |key: TestKey| {
        move |b: &mut testkit::provider::Behaviour| {
            b.key_id = KeyId::Absent;
            b.published = vec![key];
            b.signature = Signature::By(key);
        }
    };
    stage.sign_in_at(unnamed(TestKey::Rsa1)).await.unwrap();
    stage.sign_in_at(unnamed(TestKey::Rsa2)).await.unwrap();
}

#[tokio::test]
async fn bad_signatures_do_not_flood_the_provider() {
    let patient = OidcSettings {
        key_cooldown_ms: 600_000,
        ..settings()
    };
    let stage = Stage::with(&patient).await;
    stage.sign_in().await.unwrap();
    for _ in 0..5 {
        let forged = stage.sign_in_at(|b| b.signature = Signature::By(TestKey::Rsa2));
        assert_eq!(
            refused(forged.await),
            "the ID token: its signature is wrong"
        );
    }
    assert_eq!(stage.idp.asked("/jwks"), 2);
    // Nor do strangers who send logout tokens use up what sign-ins may ask.
    for _ in 0..5 {
        let forged = stage.idp.logout_token(&[]);
        let now = stage.clock.now();
        let outcome = stage
            .oidc
            .verify_logout_token(&stage.provider, &forged, now);
        refused(outcome.await);
    }
    assert_eq!(stage.idp.asked("/jwks"), 3);
}
