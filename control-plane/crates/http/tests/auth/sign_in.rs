use actix_web::{http::header::COOKIE, test::TestRequest};
use chrono::TimeDelta;
use cp_app::passwords::{PasswordSettings, Passwords};
use kernel::Role;
use serde_json::json;

use crate::support::{CHEAP, PASSWORD, Site, Stage, cookie_of, one_tenant};

#[actix_web::test]
async fn a_member_signs_in_and_out() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let answer = site
        .try_sign_in("  ADA@acme.example ", PASSWORD)
        .await
        .expect(200);
    let mut body = answer.json();
    assert_eq!(body["member"]["id"], json!(ada.id));
    assert_eq!(body["tenant"]["id"], json!(tenant.host.tenant_id));
    body["member"]["id"] = json!("[id]");
    body["tenant"]["id"] = json!("[id]");
    insta::assert_json_snapshot!("signed_in", body);

    let cookie = answer.cookie("trellis").unwrap();
    assert!(cookie.http_only().unwrap_or_default());
    assert_eq!(cookie.same_site(), Some(actix_web::cookie::SameSite::Lax));
    assert_eq!(cookie.path(), Some("/"));
    assert_eq!(cookie.domain(), None);

    let cookie = cookie_of(&answer, "trellis");
    let session = site
        .get("/auth/v1/session", &cookie)
        .await
        .expect(200)
        .json();
    assert_eq!(session["member"]["email"], "ada@acme.example");
    site.post("/auth/v1/sign-out", &cookie, &json!({}))
        .await
        .expect(204);
    let out = site.get("/auth/v1/session", &cookie).await.expect(401);
    insta::assert_json_snapshot!("signed_out", out.json());
    let kept = stage
        .count("SELECT COUNT(*) FROM sessions WHERE revoked_at IS NULL")
        .await;
    assert_eq!(kept, 0);
    // Once more, and without a cookie: nothing to complain about.
    site.post("/auth/v1/sign-out", &cookie, &json!({}))
        .await
        .expect(204);
}

#[actix_web::test]
async fn over_https_the_cookie_belongs_to_the_host() {
    let (stage, tenant, _, ada) = one_tenant().await;
    let mut auth = stage.auth.clone();
    auth.settings.insecure_cookies = false;
    let site = Site::of(&auth, &tenant).await;
    let answer = site.try_sign_in(&ada.email, PASSWORD).await.expect(200);
    let cookie = answer.cookie("__Host-trellis").unwrap();
    assert!(cookie.secure().unwrap_or_default());
    assert_eq!((cookie.path(), cookie.domain()), (Some("/"), None));
}

#[actix_web::test]
async fn whatever_is_wrong_the_answer_is_one() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let globex = stage.tenant("globex").await;
    let stranger = stage.member(&globex, "gil", Role::Architect).await;
    stage
        .enrol(&tenant, "ivy@acme.example", "Ivy", Role::User, false)
        .await;
    let bob = stage.member(&tenant, "bob", Role::User).await;
    let archive = "UPDATE memberships SET state = 'archived' WHERE member_id = ?";
    stage.execute(archive, [bob.id.as_uuid().into()]).await;

    let wrong = site
        .try_sign_in(&ada.email, "violet kettle marches south")
        .await
        .expect(401);
    insta::assert_json_snapshot!("invalid_credentials", wrong.json());
    let long = "x".repeat(5000);
    for (email, password) in [
        ("nobody@acme.example", PASSWORD),
        (stranger.email.as_str(), PASSWORD),
        ("ivy@acme.example", PASSWORD),
        (bob.email.as_str(), PASSWORD),
        (ada.email.as_str(), long.as_str()),
        (ada.email.as_str(), ""),
    ] {
        let answer = site.try_sign_in(email, password).await.expect(401);
        assert_eq!(answer.json(), wrong.json(), "{email}");
        assert_eq!(answer.cookie("trellis"), None);
    }
    assert_eq!(stage.count("SELECT COUNT(*) FROM sessions").await, 0);
}

/// Time itself says little on a busy machine; what takes it is the one check that always runs.
#[actix_web::test]
async fn whoever_tries_one_password_is_checked() {
    let (stage, _, site, ada) = one_tenant().await;
    let long = "x".repeat(5000);
    for (email, password) in [
        (ada.email.as_str(), "violet kettle marches south"),
        ("nobody@acme.example", PASSWORD),
        (ada.email.as_str(), long.as_str()),
        ("nobody@acme.example", long.as_str()),
    ] {
        let before = stage.auth.passwords.checks();
        site.try_sign_in(email, password).await.expect(401);
        assert_eq!(stage.auth.passwords.checks(), before + 1, "{email}");
    }
}

#[actix_web::test]
async fn malformed_requests_are_refused_and_change_nothing() {
    let (stage, _, site, _) = one_tenant().await;
    let post = |body: &'static str, kind: &'static str| {
        let request = TestRequest::post().uri("/auth/v1/sign-in");
        site.send(
            request
                .insert_header(("content-type", kind))
                .set_payload(body),
        )
    };
    let json = "application/json";
    insta::assert_json_snapshot!(
        "malformed_json",
        post("{\"email\":", json).await.expect(400).json()
    );
    insta::assert_json_snapshot!(
        "wrong_media_type",
        post("a=b", "text/plain").await.expect(415).json()
    );
    insta::assert_json_snapshot!(
        "missing_field",
        post("{\"email\":\"a@b.example\"}", json)
            .await
            .expect(422)
            .json()
    );
    insta::assert_json_snapshot!(
        "wrong_type",
        post("{\"email\":7,\"password\":\"x\"}", json)
            .await
            .expect(422)
            .json()
    );
    insta::assert_json_snapshot!(
        "unknown_field",
        post(
            "{\"email\":\"a@b.example\",\"password\":\"x\",\"tenant\":\"globex\"}",
            json
        )
        .await
        .expect(422)
        .json()
    );
    insta::assert_json_snapshot!(
        "no_email",
        post("{\"email\":\"a\",\"password\":\"x\"}", json)
            .await
            .expect(422)
            .json()
    );
    let large = TestRequest::post()
        .uri("/auth/v1/sign-in")
        .insert_header(("content-type", json))
        .set_payload(vec![b' '; 10 * 1024 * 1024]);
    site.send(large).await.expect(413);
    let wrong_method = site.get("/auth/v1/sign-in", "").await.expect(405);
    assert_eq!(wrong_method.json()["code"], "method_not_allowed");
    assert_eq!(stage.count("SELECT COUNT(*) FROM sessions").await, 0);
}

#[actix_web::test]
async fn guessing_gets_slower_and_nobody_is_locked_out() {
    let (stage, _, site, ada) = one_tenant().await;
    let from = |address: [u8; 4], password: &'static str| {
        let body = json!({ "email": ada.email, "password": password });
        let request = TestRequest::post().uri("/auth/v1/sign-in").set_json(body);
        let site = site.clone();
        async move { site.send_from(request, address).await }
    };
    for _ in 0..6 {
        from([10, 0, 0, 1], "wrong").await.expect(401);
    }
    // The right one has to wait as well, else waiting would tell.
    let slow = from([10, 0, 0, 1], PASSWORD).await.expect(429);
    assert_eq!(slow.header("retry-after"), Some("1"));
    insta::assert_json_snapshot!("too_many_attempts", slow.json());
    // Somewhere else the owner gets in.
    from([10, 0, 0, 2], PASSWORD).await.expect(200);
    stage.clock.advance(TimeDelta::seconds(1));
    from([10, 0, 0, 1], "wrong").await.expect(401);
    let slower = from([10, 0, 0, 1], "wrong").await.expect(429);
    assert_eq!(slower.header("retry-after"), Some("2"));
    // A success forgets.
    stage.clock.advance(TimeDelta::seconds(2));
    from([10, 0, 0, 1], PASSWORD).await.expect(200);
    for _ in 0..5 {
        from([10, 0, 0, 1], "wrong").await.expect(401);
    }
}

#[actix_web::test]
async fn parallel_guesses_are_counted_before_they_are_made() {
    let (_stage, _, site, ada) = one_tenant().await;
    let guesses = (0..30).map(|_| site.try_sign_in(&ada.email, "wrong"));
    let answers = futures_util::future::join_all(guesses).await;
    let tried = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(tried, 6);
}

#[actix_web::test]
async fn a_weak_hash_is_replaced_when_its_owner_signs_in() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let before = stage.person(&ada.email).await.password_hash.unwrap();
    site.sign_in(&ada).await;
    assert_eq!(
        stage.person(&ada.email).await.password_hash.unwrap(),
        before
    );
    let mut auth = stage.auth.clone();
    auth.passwords = cp_app::passwords::Passwords::new(PasswordSettings {
        memory_kib: 128,
        ..CHEAP
    })
    .unwrap();
    let stronger = Site::of(&auth, &tenant).await;
    stronger.try_sign_in(&ada.email, "wrong").await.expect(401);
    assert_eq!(
        stage.person(&ada.email).await.password_hash.unwrap(),
        before
    );
    stronger.sign_in(&ada).await;
    let after = stage.person(&ada.email).await.password_hash.unwrap();
    assert!(after.contains("m=128"), "{after}");
    stronger.sign_in(&ada).await;
    assert_eq!(stage.person(&ada.email).await.password_hash.unwrap(), after);
}

#[actix_web::test]
async fn signing_in_again_ends_the_session_before() {
    let (_stage, _, site, ada) = one_tenant().await;
    let first = site.sign_in(&ada).await;
    let body = json!({ "email": ada.email, "password": PASSWORD });
    let request = TestRequest::post()
        .uri("/auth/v1/sign-in")
        .insert_header((COOKIE, first.as_str()));
    let answer = site.send(request.set_json(body)).await.expect(200);
    let second = cookie_of(&answer, "trellis");
    assert_ne!(first, second);
    assert!(!site.is_in(&first).await);
    assert!(site.is_in(&second).await);
}

#[actix_web::test]
async fn who_is_told_to_come_again_is_not_slowed_down_for_it() {
    for with_redis in [true, false] {
        let mut stage = if with_redis {
            Stage::new().await
        } else {
            Stage::without_redis().await
        };
        stage.auth.passwords = Passwords::new(PasswordSettings {
            permits: 1,
            queue_ms: 0,
            ..CHEAP
        })
        .unwrap();
        let tenant = stage.tenant("acme").await;
        let ada = stage.member(&tenant, "ada", Role::Architect).await;
        let site = Site::of(&stage.auth, &tenant).await;
        let only_turn = stage.auth.passwords.turn().await.unwrap();
        for _ in 0..8 {
            let busy = site.try_sign_in(&ada.email, PASSWORD).await.expect(503);
            assert_eq!(busy.header("retry-after"), Some("2"));
        }
        drop(only_turn);
        for _ in 0..6 {
            site.try_sign_in(&ada.email, "wrong").await.expect(401);
        }
        site.try_sign_in(&ada.email, PASSWORD).await.expect(429);
    }
}

#[actix_web::test]
async fn a_cookie_that_somebody_planted_is_not_taken_over() {
    let (_stage, _, site, ada) = one_tenant().await;
    let planted = format!("trellis={}", "A".repeat(43));
    let body = json!({ "email": ada.email, "password": PASSWORD });
    let request = TestRequest::post()
        .uri("/auth/v1/sign-in")
        .insert_header((COOKIE, planted.as_str()));
    let answer = site.send(request.set_json(body)).await.expect(200);
    assert_ne!(cookie_of(&answer, "trellis"), planted);
    assert!(!site.is_in(&planted).await);
}

#[actix_web::test]
async fn without_redis_people_sign_in_work_and_out() {
    let stage = Stage::without_redis().await;
    let tenant = stage.tenant("acme").await;
    let ada = stage.member(&tenant, "ada", Role::Architect).await;
    let site = Site::of(&stage.auth, &tenant).await;
    let cookie = site.sign_in(&ada).await;
    assert!(site.is_in(&cookie).await);
    site.post("/auth/v1/sign-out", &cookie, &json!({}))
        .await
        .expect(204);
    assert!(!site.is_in(&cookie).await);
    // Guessing is slow here too.
    for _ in 0..6 {
        site.try_sign_in(&ada.email, "wrong").await.expect(401);
    }
    site.try_sign_in(&ada.email, PASSWORD).await.expect(429);
}

#[actix_web::test]
async fn a_tenant_needs_a_host() {
    let (_stage, _, _, _) = one_tenant().await;
    let stage = Stage::new().await;
    let app = actix_web::App::new()
        .app_data(actix_web::web::Data::new(stage.auth.clone()))
        .configure(cp_http::auth::configure);
    let app = actix_web::test::init_service(app).await;
    let body = json!({ "email": "a@b.example", "password": PASSWORD });
    let request = TestRequest::post()
        .uri("/auth/v1/sign-in")
        .set_json(body)
        .to_request();
    let response = actix_web::test::call_service(&app, request).await;
    assert_eq!(response.status(), 404);
}
