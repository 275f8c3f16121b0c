use chrono::TimeDelta;
use futures_util::future::join_all;
use kernel::Role;
use serde_json::{Value, json};
use testkit::mailbox;

use crate::{
    mail::worker,
    support::{
        Answer, Enrolled, PASSWORD, Site, Stage, TestMember, code_at, cookie_of, one_tenant,
    },
};

async fn with_totp() -> (Stage, Site, TestMember, Enrolled) {
    let (stage, _, site, ada) = one_tenant().await;
    let enrolled = Enrolled::totp(&stage, &site, &ada).await;
    (stage, site, ada, enrolled)
}

fn won(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.status == 200).count()
}

#[actix_web::test]
async fn the_second_factor_is_asked_and_nothing_is_open_before() {
    let (stage, site, ada, enrolled) = with_totp().await;
    let half = site.try_sign_in(&ada.email, PASSWORD).await.expect(200);
    insta::assert_json_snapshot!("second_factor_required", half.json());
    let pending = cookie_of(&half, "trellis");
    // Half a sign-in is none, anywhere.
    assert!(!site.is_in(&pending).await);
    for path in ["/auth/v1/sessions", "/auth/v1/factors", "/auth/v1/tokens"] {
        site.get(path, &pending).await.expect(401);
    }
    for path in ["/auth/v1/factors/totp", "/auth/v1/passkeys/start"] {
        site.post(path, &pending, &Value::Null).await.expect(401);
    }
    let wrong = site.give_code(&pending, "000000").await.expect(401);
    insta::assert_json_snapshot!("second_factor_wrong", wrong.json());
    let done = site
        .give_code(&pending, &code_at(&stage, &enrolled.secret, 0))
        .await
        .expect(200);
    assert_eq!(done.json()["status"], "signed_in");
    // The cookie is another one, and the half is used up.
    let cookie = cookie_of(&done, "trellis");
    assert_ne!(cookie, pending);
    assert!(site.is_in(&cookie).await && !site.is_in(&pending).await);
    stage.clock.advance(TimeDelta::seconds(60));
    let again = code_at(&stage, &enrolled.secret, 0);
    site.give_code(&pending, &again).await.expect(401);
    // Without a half there is nothing to complete.
    site.give_code("", &again).await.expect(401);
    site.give_code(&cookie, &again).await.expect(401);
}

#[actix_web::test]
async fn a_code_is_good_once() {
    let (stage, site, ada, enrolled) = with_totp().await;
    let code = code_at(&stage, &enrolled.secret, 0);
    let first = site.half_in(&ada).await;
    site.give_code(&first, &code).await.expect(200);
    let second = site.half_in(&ada).await;
    site.give_code(&second, &code).await.expect(401);
    // Nor the one of the step before, which was not used: time goes on only.
    let before = code_at(&stage, &enrolled.secret, -1);
    site.give_code(&second, &before).await.expect(401);
    stage.clock.advance(TimeDelta::seconds(30));
    let next = code_at(&stage, &enrolled.secret, 0);
    site.give_code(&second, &next).await.expect(200);
}

#[actix_web::test]
async fn one_past_step_is_taken_and_no_future_one() {
    let (stage, site, ada, enrolled) = with_totp().await;
    for (steps, status) in [(-2, 401), (1, 401), (-1, 200)] {
        let pending = site.half_in(&ada).await;
        let code = code_at(&stage, &enrolled.secret, steps);
        site.give_code(&pending, &code).await.expect(status);
    }
}

#[actix_web::test]
async fn of_many_uses_of_one_code_at_once_one_wins() {
    let (stage, site, ada, enrolled) = with_totp().await;
    let code = code_at(&stage, &enrolled.secret, 0);
    let mut halves = Vec::new();
    for _ in 0..32 {
        halves.push(site.half_in(&ada).await);
    }
    let path = "/auth/v1/sign-in/totp";
    let tries = halves
        .iter()
        .zip(0_u8..)
        .map(|(half, n)| site.give_code_from(path, half, &code, n));
    let answers = join_all(tries).await;
    assert_eq!(won(&answers), 1);
    // Most of them came as far as the check.
    let refused = answers.iter().filter(|answer| answer.status == 401);
    assert!(refused.count() >= 15);
    let active = "SELECT COUNT(*) FROM sessions WHERE state = 'active' AND revoked_at IS NULL";
    assert_eq!(stage.count(active).await, 2);
}

#[actix_web::test]
async fn of_many_uses_of_one_half_at_once_one_wins() {
    let (stage, site, ada, enrolled) = with_totp().await;
    let half = site.half_in(&ada).await;
    let path = "/auth/v1/sign-in/recovery-code";
    let tries = enrolled
        .codes
        .iter()
        .zip(0_u8..)
        .map(|(code, n)| site.give_code_from(path, &half, code, n));
    let answers = join_all(tries).await;
    assert_eq!(won(&answers), 1);
    let used = "SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NOT NULL";
    assert_eq!(stage.count(used).await, 1);
}

#[actix_web::test]
async fn a_recovery_code_is_good_once_also_at_once() {
    let (stage, site, ada, enrolled) = with_totp().await;
    let mut halves = Vec::new();
    for _ in 0..32 {
        halves.push(site.half_in(&ada).await);
    }
    let path = "/auth/v1/sign-in/recovery-code";
    let code = &enrolled.codes[3];
    let tries = halves
        .iter()
        .zip(0_u8..)
        .map(|(half, n)| site.give_code_from(path, half, code, n));
    let answers = join_all(tries).await;
    assert_eq!(won(&answers), 1);
    let refused = answers.iter().filter(|answer| answer.status == 401);
    assert!(refused.count() >= 15);
    let used = "SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NOT NULL";
    assert_eq!(stage.count(used).await, 1);
    let told = "SELECT COUNT(*) FROM audit_log WHERE action = 'factor.use_recovery_code'";
    assert_eq!(stage.count(told).await, 1);
}

#[actix_web::test]
async fn recovery_codes_are_kept_as_hashes_and_renewed_whole() {
    let (stage, site, ada, enrolled) = with_totp().await;
    assert_eq!(enrolled.codes.len(), 10);
    let rows = stage
        .rows("SELECT HEX(code_hash) FROM recovery_codes", [])
        .await;
    let kept: Vec<String> = rows
        .iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect();
    for code in &enrolled.codes {
        let plain = code.replace('-', "").to_uppercase();
        assert!(kept.iter().all(|hash| !hash.contains(&plain)));
    }
    let renewed = site
        .post(
            "/auth/v1/factors/recovery-codes",
            &enrolled.cookie,
            &Value::Null,
        )
        .await
        .expect(200)
        .json();
    let path = "/auth/v1/sign-in/recovery-code";
    let half = site.half_in(&ada).await;
    let old = json!({ "code": enrolled.codes[0] });
    site.post(path, &half, &old).await.expect(401);
    let typed = renewed["recovery_codes"][0]
        .as_str()
        .unwrap()
        .to_uppercase();
    let new = json!({ "code": typed.replace('-', " ") });
    site.post(path, &half, &new).await.expect(200);
    let left = "SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NULL";
    assert_eq!(stage.count(left).await, 9);
}

#[actix_web::test]
async fn guessing_codes_gets_slower_and_ends() {
    let (stage, site, ada, enrolled) = with_totp().await;
    let half = site.half_in(&ada).await;
    for _ in 0..5 {
        site.give_code(&half, "000000").await.expect(401);
    }
    let slow = site.give_code(&half, "000000").await.expect(429);
    assert_eq!(slow.header("retry-after"), Some("2"));
    // One half is good for ten tries at most, whoever waits.
    for _ in 0..5 {
        stage.clock.advance(TimeDelta::minutes(1));
        site.give_code(&half, "000000").await;
    }
    stage.clock.advance(TimeDelta::minutes(1));
    let code = code_at(&stage, &enrolled.secret, 0);
    site.give_code(&half, &code).await.expect(401);
    // After many wrong ones in a row the authenticator is closed, the recovery codes are not.
    stage
        .execute("UPDATE people SET totp_failures = 50", [])
        .await;
    stage.clock.advance(TimeDelta::minutes(20));
    let half = site.half_in(&ada).await;
    let code = code_at(&stage, &enrolled.secret, 0);
    let closed = site.give_code(&half, &code).await.expect(403);
    insta::assert_json_snapshot!("second_factor_closed", closed.json());
    stage.clock.advance(TimeDelta::minutes(20));
    let half = site.half_in(&ada).await;
    let body = json!({ "code": enrolled.codes[0] });
    site.post("/auth/v1/sign-in/recovery-code", &half, &body)
        .await
        .expect(200);
}

#[actix_web::test]
async fn half_a_sign_in_ends_by_itself_and_on_its_host() {
    let (stage, site, ada, enrolled) = with_totp().await;
    let globex = stage.tenant("globex").await;
    let neighbour = Site::of(&stage.auth, &globex).await;
    let half = site.half_in(&ada).await;
    let code = code_at(&stage, &enrolled.secret, 0);
    neighbour.give_code(&half, &code).await.expect(401);
    stage.clock.advance(TimeDelta::minutes(10));
    let code = code_at(&stage, &enrolled.secret, 0);
    site.give_code(&half, &code).await.expect(401);
}

#[actix_web::test]
async fn a_tenant_that_requires_one_has_it_set_up_first() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let sql = "INSERT INTO tenant_security (tenant_id, second_factor_required, updated_at) \
               VALUES (?, TRUE, ?)";
    let id = tenant.host.tenant_id.as_uuid();
    stage.execute(sql, [id.into(), stage.now().into()]).await;
    let due = site.try_sign_in(&ada.email, PASSWORD).await.expect(200);
    insta::assert_json_snapshot!("enrolment_required", due.json());
    let pending = cookie_of(&due, "trellis");
    let other = cookie_of(
        &site.try_sign_in(&ada.email, PASSWORD).await.expect(200),
        "trellis",
    );
    assert!(!site.is_in(&pending).await);
    site.give_code(&pending, "000000").await.expect(401);
    let new = site
        .post("/auth/v1/factors/totp", &pending, &Value::Null)
        .await
        .expect(200)
        .json();
    let secret = new["secret"].as_str().unwrap();
    let path = "/auth/v1/factors/totp/confirm";
    let wrong = json!({ "code": "000000" });
    site.post(path, &pending, &wrong).await.expect(401);
    let code = json!({ "code": code_at(&stage, secret, 0) });
    let done = site.post(path, &pending, &code).await.expect(200);
    assert_eq!(done.json()["recovery_codes"].as_array().unwrap().len(), 10);
    let cookie = cookie_of(&done, "trellis");
    assert!(site.is_in(&cookie).await && !site.is_in(&pending).await);
    // Who has the password only does not add a second factor to an account that has one.
    site.post("/auth/v1/factors/totp", &other, &Value::Null)
        .await
        .expect(401);
    // And it stays as long as the tenant wants it.
    let body = json!({ "password": PASSWORD });
    let request = actix_web::test::TestRequest::delete()
        .uri("/auth/v1/factors/totp")
        .insert_header(("cookie", cookie.as_str()))
        .set_json(&body);
    site.send(request).await.expect(422);
}

#[actix_web::test]
async fn without_its_last_second_factor_a_password_stands_alone() {
    let (stage, site, ada, enrolled) = with_totp().await;
    let cookie = enrolled.cookie.as_str();
    // Beside a second factor fewer characters are enough.
    let short = "xk7#Wq2vTz9";
    let body = json!({ "current": PASSWORD, "password": short });
    let request = actix_web::test::TestRequest::put()
        .uri("/auth/v1/password")
        .insert_header(("cookie", cookie));
    let changed = site.send(request.set_json(&body)).await.expect(204);
    let cookie = cookie_of(&changed, "trellis");
    let remove = |body: Value| {
        let request = actix_web::test::TestRequest::delete()
            .uri("/auth/v1/factors/totp")
            .insert_header(("cookie", cookie.as_str()));
        site.send(request.set_json(body))
    };
    let needed = remove(json!({})).await.expect(422);
    assert_eq!(needed.json()["errors"][0]["code"], "required");
    remove(json!({ "password": "wrong" })).await.expect(401);
    let alone = remove(json!({ "password": short })).await.expect(422);
    assert_eq!(alone.json()["errors"][0]["code"], "too_short");
    let hash = stage.hash(PASSWORD).await;
    stage
        .execute("UPDATE people SET password_hash = ?", [hash.into()])
        .await;
    remove(json!({ "password": PASSWORD })).await.expect(204);
    assert_eq!(stage.count("SELECT COUNT(*) FROM recovery_codes").await, 0);
    let answer = site.try_sign_in(&ada.email, PASSWORD).await.expect(200);
    assert_eq!(answer.json()["status"], "signed_in");
}

#[actix_web::test]
async fn second_factors_want_a_recent_proof_and_tell_their_owner() {
    let (stage, tenant, site, _) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    let ivy = stage.enrol(&tenant, &email, "Ivy", Role::User, false).await;
    let hash = stage.hash(PASSWORD).await;
    let sql = "UPDATE people SET password_hash = ? WHERE email = ?";
    stage
        .execute(sql, [hash.into(), email.as_str().into()])
        .await;
    let sql = "UPDATE memberships SET state = 'active', version = version + 1 WHERE member_id = ?";
    stage.execute(sql, [ivy.as_uuid().into()]).await;
    let ivy = TestMember { id: ivy, email };
    let cookie = site.sign_in(&ivy).await;
    stage.clock.advance(TimeDelta::seconds(601));
    let late = site
        .post("/auth/v1/factors/totp", &cookie, &Value::Null)
        .await
        .expect(403);
    insta::assert_json_snapshot!("step_up_required", late.json());
    let enrolled = Enrolled::totp(&stage, &site, &ivy).await;
    worker(&stage).sweep().await.unwrap();
    let limit = std::time::Duration::from_secs(10);
    let mail = mailbox().wait_for(&ivy.email, limit).await;
    assert_eq!(mail.subject, "A second factor was added");
    // A second one does not replace recovery codes that are there.
    let again = site
        .post("/auth/v1/factors/totp", &enrolled.cookie, &Value::Null)
        .await
        .expect(200)
        .json();
    let code = code_at(&stage, again["secret"].as_str().unwrap(), 0);
    let done = site
        .post(
            "/auth/v1/factors/totp/confirm",
            &enrolled.cookie,
            &json!({ "code": code }),
        )
        .await
        .expect(200);
    assert_eq!(done.json()["recovery_codes"], Value::Null);
}
