use std::time::Duration;

use actix_web::test::TestRequest;
use chrono::TimeDelta;
use futures_util::future::join_all;
use kernel::Role;
use serde_json::json;
use testkit::{eventually, mailbox};

use crate::{
    mail::worker,
    support::{
        Answer, Enrolled, PASSWORD, Site, Stage, TestMember, TestTenant, code_at, cookie_of,
        one_tenant,
    },
};

const NEW: &str = "amber lantern crosses rivers";
const RECOVER: &str = "/auth/v1/recover";
const REPLACE: &str = "/auth/v1/recover/password";

/// A member whose mail can be read.
async fn reader(stage: &Stage, tenant: &TestTenant) -> TestMember {
    let email = mailbox().new_address("ivy");
    let id = stage.enrol(tenant, &email, "Ivy", Role::User, false).await;
    let hash = stage.hash(PASSWORD).await;
    let sql = "UPDATE people SET password_hash = ? WHERE email = ?";
    stage
        .execute(sql, [hash.into(), email.as_str().into()])
        .await;
    let sql = "UPDATE memberships SET state = 'active', version = version + 1 WHERE member_id = ?";
    stage.execute(sql, [id.as_uuid().into()]).await;
    TestMember { id, email }
}

async fn resets(stage: &Stage) -> i64 {
    stage.count("SELECT COUNT(*) FROM password_resets").await
}

/// Asks for a link and takes it out of the mail.
async fn link(stage: &Stage, site: &Site, email: &str) -> String {
    let before = resets(stage).await;
    site.post(RECOVER, "", &json!({ "email": email }))
        .await
        .expect(202);
    eventually(Duration::from_secs(10), async || {
        resets(stage).await > before
    })
    .await;
    let seen = mailbox().messages_to(email).await.len();
    worker(stage).sweep().await.unwrap();
    eventually(Duration::from_secs(10), async || {
        mailbox().messages_to(email).await.len() > seen
    })
    .await;
    let mails = mailbox().messages_to(email).await;
    let mut links = mails.iter().rev().filter_map(|mail| mail.link());
    links
        .find(|link| link.contains("/recover/"))
        .unwrap()
        .to_owned()
}

fn token_of(link: &str) -> String {
    link.rsplit_once('/').unwrap().1.to_owned()
}

async fn replace(site: &Site, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "password": password });
    site.post(REPLACE, "", &body).await
}

#[actix_web::test]
async fn a_forgotten_password_is_replaced_and_every_session_ends() {
    let (stage, tenant, site, _) = one_tenant().await;
    let ivy = reader(&stage, &tenant).await;
    let sessions = [site.sign_in(&ivy).await, site.sign_in(&ivy).await];
    let link = link(&stage, &site, &ivy.email).await;
    assert!(link.starts_with("http://acme.trellis.localhost:8080/recover/"));
    let token = token_of(&link);
    let short = replace(&site, &token, "short").await.expect(422);
    assert_eq!(short.json()["errors"][0]["code"], "too_short");
    for cookie in &sessions {
        assert!(site.is_in(cookie).await);
    }
    let done = replace(&site, &token, NEW).await.expect(204);
    assert_eq!(done.cookie("trellis"), None);
    for cookie in &sessions {
        assert!(!site.is_in(cookie).await);
    }
    site.try_sign_in(&ivy.email, PASSWORD).await.expect(401);
    site.try_sign_in(&ivy.email, NEW).await.expect(200);
    let spent = replace(&site, &token, "another quiet morning walk")
        .await
        .expect(410);
    insta::assert_json_snapshot!("reset_spent", spent.json());
    worker(&stage).sweep().await.unwrap();
    let told = async || {
        let mails = mailbox().messages_to(&ivy.email).await;
        mails
            .iter()
            .any(|mail| mail.subject == "Your password was changed")
    };
    eventually(Duration::from_secs(10), told).await;
}

#[actix_web::test]
async fn after_a_reset_the_second_factor_is_still_asked() {
    let (stage, tenant, site, _) = one_tenant().await;
    let ivy = reader(&stage, &tenant).await;
    let enrolled = Enrolled::totp(&stage, &site, &ivy).await;
    let half = site.half_in(&ivy).await;
    let token = token_of(&link(&stage, &site, &ivy.email).await);
    replace(&site, &token, NEW).await.expect(204);
    // The half that was there has ended too.
    let code = code_at(&stage, &enrolled.secret, 0);
    site.give_code(&half, &code).await.expect(401);
    assert!(!site.is_in(&enrolled.cookie).await);
    let answer = site.try_sign_in(&ivy.email, NEW).await.expect(200);
    assert_eq!(answer.json()["status"], "second_factor_required");
}

#[actix_web::test]
async fn of_many_uses_of_one_link_at_once_one_wins() {
    let (stage, tenant, site, _) = one_tenant().await;
    let ivy = reader(&stage, &tenant).await;
    let token = token_of(&link(&stage, &site, &ivy.email).await);
    let passwords: Vec<String> = (0..32).map(|n| format!("{NEW} {n}")).collect();
    let tries = passwords
        .iter()
        .map(|password| replace(&site, &token, password));
    let answers = join_all(tries).await;
    let won: Vec<usize> = (0..32).filter(|n| answers[*n].status == 204).collect();
    assert_eq!(won.len(), 1);
    assert!(
        answers
            .iter()
            .enumerate()
            .all(|(n, a)| won.contains(&n) || a.status == 410)
    );
    site.try_sign_in(&ivy.email, &passwords[won[0]])
        .await
        .expect(200);
}

#[actix_web::test]
async fn the_link_is_built_from_the_tenants_row() {
    let (stage, tenant, site, _) = one_tenant().await;
    let ivy = reader(&stage, &tenant).await;
    let request = TestRequest::post()
        .uri(RECOVER)
        .insert_header(("x-forwarded-host", "evil.example"))
        .insert_header(("x-forwarded-proto", "https"))
        .insert_header(("forwarded", "host=evil.example;proto=https"))
        .insert_header(("x-original-host", "evil.example"))
        .insert_header(("x-host", "evil.example"))
        .set_json(json!({ "email": ivy.email }));
    site.send_to_host(request, "evil.example").await.expect(202);
    eventually(Duration::from_secs(10), async || resets(&stage).await == 1).await;
    worker(&stage).sweep().await.unwrap();
    let mail = mailbox()
        .wait_for(&ivy.email, Duration::from_secs(10))
        .await;
    let link = mail.link().unwrap();
    assert!(
        link.starts_with("http://acme.trellis.localhost:8080/recover/"),
        "{link}"
    );
    let parts = [mail.text.as_deref().unwrap(), mail.html.as_deref().unwrap()];
    assert!(parts.iter().all(|part| !part.contains("evil")));
}

#[actix_web::test]
async fn a_link_is_good_on_its_host_and_for_half_an_hour() {
    let (stage, tenant, site, _) = one_tenant().await;
    let globex = stage.tenant("globex").await;
    let neighbour = Site::of(&stage.auth, &globex).await;
    let ivy = reader(&stage, &tenant).await;
    let token = token_of(&link(&stage, &site, &ivy.email).await);
    replace(&neighbour, &token, NEW).await.expect(410);
    for wrong in ["", "x", &token[..42], &"A".repeat(43)] {
        replace(&site, wrong, NEW).await.expect(410);
    }
    stage.clock.advance(TimeDelta::minutes(30));
    replace(&site, &token, NEW).await.expect(410);
    // A change of the password withdraws what is open.
    stage.clock.advance(TimeDelta::hours(2));
    let token = token_of(&link(&stage, &site, &ivy.email).await);
    let cookie = site.sign_in(&ivy).await;
    change(&site, &cookie, PASSWORD, NEW).await.expect(204);
    replace(&site, &token, "another quiet morning walk")
        .await
        .expect(410);
}

#[actix_web::test]
async fn who_asks_is_told_the_same_whoever_has_the_address() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let invited = stage
        .enrol(&tenant, "ivy@acme.example", "Ivy", Role::User, false)
        .await;
    let globex = stage.tenant("globex").await;
    let stranger = stage.member(&globex, "gil", Role::Architect).await;
    let known = site
        .post(RECOVER, "", &json!({ "email": ada.email }))
        .await
        .expect(202);
    for email in ["nobody@acme.example", "ivy@acme.example", &stranger.email] {
        let answer = site
            .post(RECOVER, "", &json!({ "email": email }))
            .await
            .expect(202);
        assert_eq!(answer.text, known.text);
        assert_eq!(answer.headers.len(), known.headers.len());
    }
    eventually(Duration::from_secs(10), async || resets(&stage).await == 1).await;
    assert!(!invited.to_string().is_empty());
    // Asking again and again sends no more than three.
    for _ in 0..4 {
        site.post(RECOVER, "", &json!({ "email": ada.email }))
            .await
            .expect(202);
    }
    eventually(Duration::from_secs(10), async || resets(&stage).await == 3).await;
    stage.clock.advance(TimeDelta::minutes(1));
    site.post(RECOVER, "", &json!({ "email": ada.email })).await;
    let slow = site.post(RECOVER, "", &json!({ "email": ada.email })).await;
    assert_eq!(slow.status, 429);
}

#[actix_web::test]
async fn where_single_sign_on_is_enforced_nothing_is_replaced() {
    let (stage, tenant, site, _) = one_tenant().await;
    let ivy = reader(&stage, &tenant).await;
    let token = token_of(&link(&stage, &site, &ivy.email).await);
    let sql =
        "INSERT INTO tenant_security (tenant_id, sso_enforced, updated_at) VALUES (?, TRUE, ?)";
    let id = tenant.host.tenant_id.as_uuid();
    stage.execute(sql, [id.into(), stage.now().into()]).await;
    replace(&site, &token, NEW).await.expect(410);
    let refused = site.try_sign_in(&ivy.email, PASSWORD).await.expect(403);
    insta::assert_json_snapshot!("sso_required", refused.json());
    // A wrong password says nothing of it.
    site.try_sign_in(&ivy.email, "wrong").await.expect(401);
    // Who is named for emergencies gets in, and everybody hears of it.
    let sql = "INSERT INTO break_glass_owners (member_id, tenant_id, named_by, named_at) \
               VALUES (?, ?, ?, ?)";
    let (member, now) = (ivy.id.as_uuid(), stage.now());
    stage
        .execute(sql, [member.into(), id.into(), member.into(), now.into()])
        .await;
    let role = "UPDATE memberships SET role = 'architect' WHERE member_id = ?";
    stage.execute(role, [member.into()]).await;
    site.try_sign_in(&ivy.email, PASSWORD).await.expect(200);
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action = 'sign_in.break_glass'";
    assert_eq!(stage.count(audited).await, 1);
    let queued = "SELECT COUNT(*) FROM mail_outbox WHERE kind = 'security_notice'";
    assert_eq!(stage.count(queued).await, 2);
}

async fn change(site: &Site, cookie: &str, current: &str, password: &str) -> Answer {
    let request = TestRequest::put()
        .uri("/auth/v1/password")
        .insert_header(("cookie", cookie));
    let body = json!({ "current": current, "password": password });
    site.send(request.set_json(body)).await
}

#[actix_web::test]
async fn a_changed_password_ends_the_sessions_elsewhere() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let (here, elsewhere) = (site.sign_in(&ada).await, site.sign_in(&ada).await);
    change(&site, &here, "wrong", NEW).await.expect(401);
    change(&site, &here, PASSWORD, "short").await.expect(422);
    change(&site, &here, PASSWORD, "ada@acme.example ada")
        .await
        .expect(422);
    let changed = change(&site, &here, PASSWORD, NEW).await.expect(204);
    let after = cookie_of(&changed, "trellis");
    assert!(site.is_in(&after).await);
    assert!(!site.is_in(&here).await && !site.is_in(&elsewhere).await);
    site.try_sign_in(&ada.email, PASSWORD).await.expect(401);
    site.try_sign_in(&ada.email, NEW).await.expect(200);
    let other = Site::of(&stage.second_process().await, &tenant).await;
    assert!(!other.is_in(&elsewhere).await);
}

#[actix_web::test]
async fn an_address_changes_by_the_link_that_it_gets() {
    let (stage, tenant, site, _) = one_tenant().await;
    let ivy = reader(&stage, &tenant).await;
    let cookie = site.sign_in(&ivy).await;
    let new = mailbox().new_address("new");
    let ask = async |email: &str| {
        let body = json!({ "email": email });
        site.post("/auth/v1/email", &cookie, &body).await
    };
    ask(&ivy.email).await.expect(422);
    stage.clock.advance(TimeDelta::seconds(601));
    ask(&new).await.expect(403);
    let confirmed = site
        .post(
            "/auth/v1/confirm-identity",
            &cookie,
            &json!({ "password": PASSWORD }),
        )
        .await
        .expect(204);
    let cookie = cookie_of(&confirmed, "trellis");
    let body = json!({ "email": new });
    site.post("/auth/v1/email", &cookie, &body)
        .await
        .expect(202);
    worker(&stage).sweep().await.unwrap();
    let mail = mailbox().wait_for(&new, Duration::from_secs(10)).await;
    let link = mail.link().unwrap();
    assert!(
        link.starts_with("http://acme.trellis.localhost:8080/confirm-email/"),
        "{link}"
    );
    let told = mailbox()
        .wait_for(&ivy.email, Duration::from_secs(10))
        .await;
    assert_eq!(told.subject, "A new e-mail address was asked for");
    // Until then nothing has changed.
    site.try_sign_in(&new, PASSWORD).await.expect(401);
    let body = json!({ "token": token_of(link) });
    let confirm = || site.post("/auth/v1/email/confirm", "", &body);
    let answers = join_all((0..8).map(|_| confirm())).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 204).count(),
        1
    );
    site.try_sign_in(&ivy.email, PASSWORD).await.expect(401);
    site.try_sign_in(&new, PASSWORD).await.expect(200);
    let shown = tenant.rows(
        "SELECT email FROM members WHERE id = ?",
        [ivy.id.as_uuid().into()],
    );
    let shown: String = shown.await[0].try_get_by_index(0).unwrap();
    assert_eq!(shown, new);
}

#[actix_web::test]
async fn an_address_that_somebody_has_is_not_told_and_not_taken() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let ivy = reader(&stage, &tenant).await;
    let cookie = site.sign_in(&ivy).await;
    let body = json!({ "email": ada.email });
    site.post("/auth/v1/email", &cookie, &body)
        .await
        .expect(202);
    assert_eq!(stage.count("SELECT COUNT(*) FROM email_changes").await, 0);
    // Somebody takes it before the link is followed.
    let new = mailbox().new_address("new");
    site.post("/auth/v1/email", &cookie, &json!({ "email": new }))
        .await
        .expect(202);
    worker(&stage).sweep().await.unwrap();
    let mail = mailbox().wait_for(&new, Duration::from_secs(10)).await;
    let token = token_of(mail.link().unwrap());
    let sql = "UPDATE people SET email = ? WHERE email = ?";
    let to = [new.as_str().into(), ada.email.as_str().into()];
    stage.execute(sql, to).await;
    site.post("/auth/v1/email/confirm", "", &json!({ "token": token }))
        .await
        .expect(410);
    site.try_sign_in(&ivy.email, PASSWORD).await.expect(200);
}
