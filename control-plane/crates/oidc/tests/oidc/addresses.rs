//! Addresses that a tenant names: nothing inside is reached by them, however they are dressed.

use std::net::Ipv4Addr;

use cp_oidc::{FetchError, Issuer, Oidc, OidcError, OidcSettings};
use serde_json::json;
use testkit::TestNames;

use crate::support::{Stage, refused, settings};

const PUBLIC: Ipv4Addr = Ipv4Addr::new(8, 8, 8, 8);

/// As in production, with a name server of the test.
async fn closed(names: &TestNames) -> Oidc {
    let settings = OidcSettings {
        allow_loopback: false,
        nameserver: names.address().to_string(),
        ..settings()
    };
    Oidc::new(&settings)
}

fn is_forbidden(error: &OidcError) -> bool {
    matches!(
        error,
        OidcError::Fetch {
            source: FetchError::Forbidden(_),
            ..
        }
    )
}

#[tokio::test]
async fn private_addresses_are_not_called() {
    let (stage, names) = (Stage::new().await, TestNames::start().await);
    let oidc = closed(&names).await;
    let port = stage.idp.address().port();
    let private = [
        format!("http://127.0.0.1:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("https://localhost:{port}"),
        format!("https://idp.localhost:{port}"),
        format!("https://[::1]:{port}"),
        format!("https://[::ffff:127.0.0.1]:{port}"),
        format!("https://2130706433:{port}"),
        format!("https://0x7f.1:{port}"),
        "https://10.0.0.1".into(),
        "https://169.254.169.254".into(),
        "https://[fd00::1]".into(),
        "https://100.64.0.1".into(),
        "https://224.0.0.1".into(),
        "https://metadata".into(),
        "http://idp.example".into(),
    ];
    for address in private {
        let error = oidc
            .metadata(&Issuer::parse(&address).unwrap())
            .await
            .unwrap_err();
        assert!(is_forbidden(&error), "{address}: {error}");
    }
    assert_eq!(stage.idp.asked("/.well-known/openid-configuration"), 0);
}

#[tokio::test]
async fn names_that_lead_inside_are_not_called() {
    let (stage, names) = (Stage::new().await, TestNames::start().await);
    let oidc = closed(&names).await;
    let inside: [&[Ipv4Addr]; 4] = [
        &[Ipv4Addr::LOCALHOST],
        &[Ipv4Addr::new(10, 0, 0, 7)],
        // One good address among them makes it no better.
        &[PUBLIC, Ipv4Addr::LOCALHOST],
        &[Ipv4Addr::LOCALHOST, PUBLIC],
    ];
    for addresses in inside {
        names.set_addresses("idp.example", &[addresses]);
        let issuer = format!("https://idp.example:{}", stage.idp.address().port());
        let error = oidc
            .metadata(&Issuer::parse(&issuer).unwrap())
            .await
            .unwrap_err();
        assert!(is_forbidden(&error), "{addresses:?}: {error}");
    }
    let unknown = Issuer::parse("https://nobody.example").unwrap();
    let error = oidc.metadata(&unknown).await.unwrap_err();
    assert!(
        matches!(
            error,
            OidcError::Fetch {
                source: FetchError::Name(_),
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_name_that_answers_otherwise_the_next_time_leads_nowhere() {
    let names = TestNames::start().await;
    let oidc = closed(&names).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let issuer = Issuer::parse(&format!("https://rebind.example:{port}")).unwrap();
    // Whoever checks one answer and connects by the next would be inside.
    names.set_addresses("rebind.example", &[&[PUBLIC], &[Ipv4Addr::LOCALHOST]]);
    oidc.names().addresses("rebind.example").await.unwrap();
    let error = oidc.metadata(&issuer).await.unwrap_err();
    assert!(is_forbidden(&error), "{error}");
    let mut connected = Box::pin(listener.accept());
    assert!(futures_util::poll!(&mut connected).is_pending());
}

#[tokio::test]
async fn metadata_lead_nowhere_else() {
    let inside = json!("http://10.0.0.1/");
    let names = [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "end_session_endpoint",
    ];
    for name in names {
        for bad in [
            inside.clone(),
            json!("file:///etc/passwd"),
            json!("https://169.254.169.254/"),
        ] {
            let stage = Stage::new().await;
            let change = vec![(name, Some(bad.clone()))];
            let reason = refused(stage.sign_in_at(|b| b.metadata = change).await);
            assert!(
                reason.starts_with("the provider's metadata: the address "),
                "{name} {bad}: {reason}"
            );
        }
        let stage = Stage::new().await;
        let change = vec![(name, Some(json!("javascript:alert(1)")))];
        refused(stage.sign_in_at(|b| b.metadata = change).await);
    }
}

#[tokio::test]
async fn metadata_are_of_the_issuer_that_was_asked() {
    let wanted = "the provider's metadata: they are of another issuer";
    let stage = Stage::new().await;
    let another = json!("https://idp.example");
    let mismatch = stage
        .sign_in_at(|b| b.metadata = vec![("issuer", Some(another))])
        .await;
    assert_eq!(refused(mismatch), wanted);
    let slash = json!(format!("{}/", stage.idp.issuer()));
    let mismatch = stage
        .sign_in_at(|b| b.metadata = vec![("issuer", Some(slash))])
        .await;
    assert_eq!(refused(mismatch), wanted);
    // Nothing of it was kept.
    stage.sign_in_at(|b| b.metadata.clear()).await.unwrap();
}
