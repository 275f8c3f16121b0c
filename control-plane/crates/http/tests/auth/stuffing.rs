use actix_web::{http::header::COOKIE, test::TestRequest};
use chrono::TimeDelta;
use kernel::Role;
use serde_json::json;

use crate::support::{Answer, PASSWORD, Site, Stage, TestMember, cookie_of, one_tenant};

const OFFICE: [u8; 4] = [10, 0, 0, 7];

async fn from(site: &Site, address: [u8; 4], cookie: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    let request = TestRequest::post()
        .uri("/auth/v1/sign-in")
        .insert_header((COOKIE, cookie));
    site.send_from(request.set_json(body), address).await
}

/// Fails at many accounts once each; answers how many were tried before it had to wait.
async fn stuff(site: &Site, address: [u8; 4]) -> usize {
    for n in 0..60 {
        let email = format!("person{n}@acme.example");
        let answer = from(site, address, "", &email, "stolen password").await;
        if answer.status == 429 {
            return n;
        }
    }
    60
}

async fn check(stage: &Stage, site: &Site, ada: &TestMember) {
    assert_eq!(stuff(site, OFFICE).await, 31);
    // Also for the right pair from there, and for nobody elsewhere.
    from(site, OFFICE, "", &ada.email, PASSWORD)
        .await
        .expect(429);
    from(site, [10, 0, 0, 8], "", &ada.email, PASSWORD)
        .await
        .expect(200);
    stage.clock.advance(TimeDelta::seconds(2));
    from(site, OFFICE, "", "person99@acme.example", "x")
        .await
        .expect(401);
    let slower = from(site, OFFICE, "", "person98@acme.example", "x")
        .await
        .expect(429);
    assert_eq!(slower.header("retry-after"), Some("4"));
}

#[actix_web::test]
async fn an_address_that_tries_many_accounts_waits() {
    let (stage, _, site, ada) = one_tenant().await;
    check(&stage, &site, &ada).await;
}

#[actix_web::test]
async fn also_without_redis() {
    let stage = Stage::without_redis().await;
    let tenant = stage.tenant("acme").await;
    let ada = stage.member(&tenant, "ada", Role::Architect).await;
    let site = Site::of(&stage.auth, &tenant).await;
    check(&stage, &site, &ada).await;
}

#[actix_web::test]
async fn an_office_whose_people_get_in_does_not_wait() {
    let (stage, tenant, site, ada) = one_tenant().await;
    for _ in 0..40 {
        // The same wrong pair again and again is one account.
        from(&site, OFFICE, "", "person0@acme.example", "x").await;
        stage.clock.advance(TimeDelta::minutes(16));
    }
    for n in 0..40 {
        let member = stage
            .member(&tenant, &format!("member{n}"), Role::User)
            .await;
        from(&site, OFFICE, "", &member.email, "mistyped")
            .await
            .expect(401);
        from(&site, OFFICE, "", &member.email, PASSWORD)
            .await
            .expect(200);
    }
    from(&site, OFFICE, "", &ada.email, PASSWORD)
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_browser_that_is_known_gets_in_whatever_others_try() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let first = from(&site, OFFICE, "", &ada.email, PASSWORD)
        .await
        .expect(200);
    let device = cookie_of(&first, "trellis-device");
    let kept = first.cookie("trellis-device").unwrap();
    assert!(kept.http_only().unwrap_or_default() && kept.max_age().unwrap().whole_days() >= 360);
    // Somebody guesses from everywhere, and from the same address.
    for n in 0..40 {
        from(&site, [10, 9, 0, n], "", &ada.email, "guess").await;
    }
    for _ in 0..10 {
        from(&site, OFFICE, "", &ada.email, "guess").await;
    }
    from(&site, OFFICE, "", &ada.email, PASSWORD)
        .await
        .expect(429);
    from(&site, OFFICE, &device, &ada.email, PASSWORD)
        .await
        .expect(200);
    // The browser is counted for itself.
    for _ in 0..6 {
        from(&site, OFFICE, &device, &ada.email, "guess")
            .await
            .expect(401);
    }
    from(&site, OFFICE, &device, &ada.email, PASSWORD)
        .await
        .expect(429);
    // It is known for its own people only, and one that was planted is replaced.
    let bob = stage.member(&tenant, "bob", Role::User).await;
    let planted = from(&site, [10, 0, 0, 3], &device, &bob.email, PASSWORD)
        .await
        .expect(200);
    assert_ne!(cookie_of(&planted, "trellis-device"), device);
    for _ in 0..6 {
        from(&site, [10, 0, 0, 3], &device, &bob.email, "guess").await;
    }
    from(&site, [10, 0, 0, 3], &device, &bob.email, PASSWORD)
        .await
        .expect(429);
}
