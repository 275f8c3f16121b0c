//! What a runtime node must refuse.

#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use identity::{Claims, IdentityError, Signer, SigningKey, Verifier, generate_key};
use kernel::{
    Actor, Generation, MemberId, Role, Scope, Scopes, SessionId, TenantContext, TenantId,
};
use serde_json::{Value, json};
use uuid::Uuid;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_392_000, 500_000_000).unwrap()
}

fn claims() -> Claims {
    Claims {
        tenant: TenantContext {
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            generation: Generation(4),
        },
        actor: Actor {
            member: MemberId::from_uuid(Uuid::from_u128(2)),
            role: Role::Builder,
            external: true,
            session: Some(SessionId::from_uuid(Uuid::from_u128(3))),
            scopes: Some([Scope::WorkItemsRead].into_iter().collect::<Scopes>()),
        },
        support: None,
    }
}

fn pair() -> (Signer, Verifier, SigningKey) {
    let key = generate_key();
    let signer = Signer::new("k1", key.clone());
    let verifier = Verifier::new(vec![signer.public()]).unwrap();
    (signer, verifier, key)
}

fn encode(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token of these parts with a right signature of the key.
fn signed(key: &SigningKey, header: &Value, payload: &Value) -> String {
    use ed25519_dalek::{Signer as _, pkcs8::DecodePrivateKey as _};
    let key = ed25519_dalek::SigningKey::from_pkcs8_der(&key.to_der().unwrap()).unwrap();
    let text = format!("{}.{}", encode(header), encode(payload));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()).to_bytes());
    format!("{text}.{signature}")
}

fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap_or_default()
    });
    (parts.next().unwrap(), parts.next().unwrap())
}

#[test]
fn an_identity_comes_back_as_it_was_and_is_remembered() {
    let (signer, verifier, _) = pair();
    let signed = signer.sign(&claims(), now());
    let first = verifier.verify(&signed.token, now()).unwrap();
    assert_eq!(*first, claims());
    let again = verifier
        .verify(&signed.token, now() + TimeDelta::seconds(59))
        .unwrap();
    assert!(
        std::sync::Arc::ptr_eq(&first, &again),
        "it was verified twice"
    );
    assert_eq!((signed.expires_at - now()).num_seconds(), 59);
}

#[test]
fn it_ends_after_a_minute_also_when_remembered() {
    let (signer, verifier, _) = pair();
    let token = signer.sign(&claims(), now()).token;
    let late = now() + TimeDelta::seconds(63);
    assert_eq!(verifier.verify(&token, late), Err(IdentityError::Expired));
    verifier.verify(&token, now()).unwrap();
    assert_eq!(verifier.verify(&token, late), Err(IdentityError::Expired));
    assert!(
        verifier
            .verify(&token, now() + TimeDelta::seconds(62))
            .is_ok()
    );
}

#[test]
fn a_forged_or_cut_token_is_refused() {
    let (signer, verifier, _) = pair();
    let token = signer.sign(&claims(), now()).token;
    let stranger = Signer::new("k1", generate_key())
        .sign(&claims(), now())
        .token;
    assert_eq!(
        verifier.verify(&stranger, now()),
        Err(IdentityError::Signature)
    );
    let (header, mut payload) = parts(&token);
    payload["role"] = json!("architect");
    let signature = token.rsplit('.').next().unwrap();
    let changed = format!("{}.{}.{signature}", encode(&header), encode(&payload));
    assert_eq!(
        verifier.verify(&changed, now()),
        Err(IdentityError::Signature)
    );
    for length in 0..token.len() {
        assert!(
            verifier.verify(&token[..length], now()).is_err(),
            "cut at {length}"
        );
    }
    assert!(verifier.verify(&format!("{token}."), now()).is_err());
    assert!(verifier.verify(&"a".repeat(100_000), now()).is_err());
}

#[test]
fn the_algorithm_is_not_the_tokens_to_choose() {
    let (signer, verifier, key) = pair();
    let (header, payload) = parts(&signer.sign(&claims(), now()).token);
    let mut none = header.clone();
    none["alg"] = json!("none");
    let unsigned = format!("{}.{}.", encode(&none), encode(&payload));
    assert_eq!(
        verifier.verify(&unsigned, now()),
        Err(IdentityError::Algorithm)
    );
    // HS256 with the public key for a secret, whatever the signature says.
    let mut symmetric = header;
    symmetric["alg"] = json!("HS256");
    let token = signed(&key, &symmetric, &payload);
    assert_eq!(
        verifier.verify(&token, now()),
        Err(IdentityError::Algorithm)
    );
}

#[test]
fn every_member_is_checked() {
    let (signer, verifier, key) = pair();
    let (header, payload) = parts(&signer.sign(&claims(), now()).token);
    let with = |part: &Value, name: &str, value: Value| {
        let mut part = part.clone();
        part[name] = value;
        part
    };
    let refused = |header: &Value, payload: &Value| {
        verifier
            .verify(&signed(&key, header, payload), now())
            .unwrap_err()
    };
    assert_eq!(
        refused(&with(&header, "typ", json!("JWT")), &payload),
        IdentityError::Type
    );
    assert_eq!(
        refused(&with(&header, "kid", json!("k2")), &payload),
        IdentityError::UnknownKey
    );
    assert_eq!(
        refused(&with(&header, "jwk", json!({})), &payload),
        IdentityError::Malformed
    );
    let body = |name, value| refused(&header, &with(&payload, name, value));
    assert_eq!(body("aud", json!("backoffice")), IdentityError::Audience);
    assert_eq!(
        body("aud", json!(["tenant-runtime"])),
        IdentityError::Malformed
    );
    assert_eq!(body("iss", json!("evil")), IdentityError::Issuer);
    assert_eq!(
        body("exp", json!(now().timestamp() - 3)),
        IdentityError::Times
    );
    assert_eq!(
        body("exp", json!(now().timestamp() + 3600)),
        IdentityError::Times
    );
    assert_eq!(
        body("iat", json!(now().timestamp() + 30)),
        IdentityError::Times
    );
    assert_eq!(body("jti", Value::Null), IdentityError::Malformed);
    assert_eq!(body("role", json!("staff")), IdentityError::Malformed);
    for name in [
        "iss", "aud", "iat", "exp", "jti", "tid", "gen", "mid", "role", "ext",
    ] {
        let mut without = payload.clone();
        without.as_object_mut().unwrap().remove(name);
        assert_eq!(
            refused(&header, &without),
            IdentityError::Malformed,
            "without {name}"
        );
    }
}

#[test]
fn a_replaced_key_ends_what_it_signed() {
    let (signer, verifier, _) = pair();
    let token = signer.sign(&claims(), now()).token;
    verifier.verify(&token, now()).unwrap();
    let next = Signer::new("k2", generate_key());
    verifier
        .replace_keys(vec![signer.public(), next.public()])
        .unwrap();
    verifier.verify(&token, now()).unwrap();
    verifier.replace_keys(vec![next.public()]).unwrap();
    assert_eq!(
        verifier.verify(&token, now()),
        Err(IdentityError::UnknownKey)
    );
    let mut broken = next.public();
    broken.x.push('x');
    assert!(verifier.replace_keys(vec![broken]).is_err());
    assert!(
        verifier
            .verify(&next.sign(&claims(), now()).token, now())
            .is_ok()
    );
}

#[test]
fn a_key_survives_its_encodings() {
    let key = generate_key();
    let again = SigningKey::from_pem(&key.to_pem().unwrap()).unwrap();
    assert_eq!(again.public("k"), key.public("k"));
    let again = SigningKey::from_der(&key.to_der().unwrap()).unwrap();
    assert_eq!(again.public("k"), key.public("k"));
    assert!(SigningKey::from_pem("-----BEGIN PRIVATE KEY-----").is_err());
    assert_eq!(format!("{key:?}"), "SigningKey(…)");
}

#[test]
fn a_guest_of_the_platform_is_named() {
    let (signer, verifier, _) = pair();
    let guest = Claims {
        support: Some(identity::Support {
            id: kernel::SupportAccessId::from_uuid(Uuid::from_u128(9)),
            name: "Zoë Warden".to_owned(),
            until: DateTime::from_timestamp(1_795_394_000, 0).unwrap(),
        }),
        ..claims()
    };
    let signed = signer.sign(&guest, now());
    assert_eq!(*verifier.verify(&signed.token, now()).unwrap(), guest);
    // The longest name that the gateway passes on.
    let longest = Claims {
        support: guest.support.clone().map(|support| identity::Support {
            name: "\u{1d11e}".repeat(60),
            ..support
        }),
        ..guest
    };
    let signed = signer.sign(&longest, now());
    assert_eq!(*verifier.verify(&signed.token, now()).unwrap(), longest);
}
