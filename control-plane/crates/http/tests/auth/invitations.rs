use chrono::TimeDelta;
use cp_domain::MemberState;
use kernel::Role;
use serde_json::{Value, json};
use testkit::mailbox;

use crate::{
    mail::{invited, token_in_mail, worker},
    support::{Answer, Site, cookie_of, one_tenant},
};

const NEW_PASSWORD: &str = "amber lantern crosses rivers";
const ACCEPT: &str = "/auth/v1/invitations/accept";

async fn accept(site: &Site, token: &str, password: &str) -> Answer {
    site.post(ACCEPT, "", &json!({ "token": token, "password": password }))
        .await
}

#[actix_web::test]
async fn the_invited_set_a_password_and_are_in() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    let token = invited(&stage, &site, &ada, &email).await;
    site.try_sign_in(&email, NEW_PASSWORD).await.expect(401);
    let body = json!({ "token": token, "password": NEW_PASSWORD, "name": " Ivy Lee " });
    let answer = site.post(ACCEPT, "", &body).await.expect(200);
    assert_eq!(answer.json()["member"]["name"], "Ivy Lee");
    assert!(site.is_in(&cookie_of(&answer, "trellis")).await);
    site.try_sign_in(&email, NEW_PASSWORD).await.expect(200);

    let member = answer.json()["member"]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let membership = stage.membership(&tenant, member).await;
    assert_eq!(
        (membership.state, membership.version),
        (MemberState::Active, 2)
    );
    assert_eq!(membership.projected, 2);
    let projected = tenant.projected(member).await.unwrap();
    assert_eq!(
        projected,
        ("user".to_owned(), false, "active".to_owned(), 2)
    );
    let audit = "SELECT COUNT(*) FROM audit_log WHERE action = 'member.accept_invitation'";
    assert_eq!(stage.count(audit).await, 1);
}

#[actix_web::test]
async fn of_many_who_accept_at_once_one_wins() {
    let (stage, _, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    let token = invited(&stage, &site, &ada, &email).await;
    let passwords: Vec<String> = (0..32).map(|n| format!("{NEW_PASSWORD} {n}")).collect();
    let tries = passwords
        .iter()
        .map(|password| accept(&site, &token, password));
    let answers = futures_util::future::join_all(tries).await;
    let won: Vec<usize> = answers
        .iter()
        .enumerate()
        .filter(|(_, a)| a.status == 200)
        .map(|(n, _)| n)
        .collect();
    assert_eq!(won.len(), 1);
    for (n, answer) in answers.iter().enumerate() {
        // Whoever comes after the winner has either used up a spent link or has another password.
        let refused = matches!(answer.status.as_u16(), 410 | 401);
        assert!(won.contains(&n) || refused, "{}", answer.text);
    }
    for (n, password) in passwords.iter().enumerate().take(3) {
        let status = site.try_sign_in(&email, password).await.status.as_u16();
        assert_eq!(status, if won.contains(&n) { 200 } else { 401 });
    }
    assert_eq!(
        stage
            .count("SELECT COUNT(*) FROM sessions WHERE revoked_at IS NULL")
            .await,
        { 2 + i64::from(won[0] < 3) }
    );
}

#[actix_web::test]
async fn a_spent_link_says_why() {
    let (stage, _, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    let token = invited(&stage, &site, &ada, &email).await;
    accept(&site, &token, NEW_PASSWORD).await.expect(200);
    let used = accept(&site, &token, NEW_PASSWORD).await.expect(410);
    insta::assert_json_snapshot!("invitation_used", used.json());

    let late = mailbox().new_address("late");
    let token = invited(&stage, &site, &ada, &late).await;
    stage.clock.advance(TimeDelta::days(7));
    let expired = accept(&site, &token, NEW_PASSWORD).await.expect(410);
    insta::assert_json_snapshot!("invitation_expired", expired.json());

    let unknown = accept(&site, &"A".repeat(43), NEW_PASSWORD)
        .await
        .expect(404);
    insta::assert_json_snapshot!("invitation_unknown", unknown.json());
    assert_eq!(
        accept(&site, "x", NEW_PASSWORD).await.json(),
        unknown.json()
    );
    assert_eq!(
        accept(&site, &token[..42], NEW_PASSWORD).await.json(),
        unknown.json()
    );
}

#[actix_web::test]
async fn an_invitation_is_good_on_its_tenants_host_only() {
    let (stage, _, site, ada) = one_tenant().await;
    let globex = stage.tenant("globex").await;
    let email = mailbox().new_address("ivy");
    let token = invited(&stage, &site, &ada, &email).await;
    let neighbour = Site::of(&stage.auth, &globex).await;
    accept(&neighbour, &token, NEW_PASSWORD).await.expect(404);
    accept(&site, &token, NEW_PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn a_weak_password_is_refused_and_the_link_stays_good() {
    let (stage, _, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    let token = invited(&stage, &site, &ada, &email).await;
    let short = accept(&site, &token, "short").await.expect(422);
    insta::assert_json_snapshot!("password_too_short", short.json());
    let easy = accept(&site, &token, "passwordpassword").await.expect(422);
    insta::assert_json_snapshot!("password_too_guessable", easy.json());
    let own = accept(&site, &token, &email).await.expect(422);
    assert_eq!(own.json()["errors"][0]["code"], "too_guessable");
    accept(
        &site,
        &token,
        &format!("{NEW_PASSWORD} {}", "x".repeat(1024)),
    )
    .await
    .expect(422);
    let long = format!("{NEW_PASSWORD} {}", "ö".repeat(64));
    accept(&site, &token, &long).await.expect(200);
    site.try_sign_in(&email, &long).await.expect(200);
}

#[actix_web::test]
async fn a_second_tenant_does_not_change_the_password() {
    let (stage, _, site, ada) = one_tenant().await;
    let globex = stage.tenant("globex").await;
    let gil = stage.member(&globex, "gil", Role::Architect).await;
    let neighbour = Site::of(&stage.auth, &globex).await;
    let email = mailbox().new_address("ivy");
    let token = invited(&stage, &site, &ada, &email).await;
    accept(&site, &token, NEW_PASSWORD).await.expect(200);

    let second = invited(&stage, &neighbour, &gil, &email).await;
    let taken = accept(&neighbour, &second, "another quiet morning walk")
        .await
        .expect(401);
    insta::assert_json_snapshot!("invitation_wrong_password", taken.json());
    neighbour
        .try_sign_in(&email, NEW_PASSWORD)
        .await
        .expect(401);
    let answer = accept(&neighbour, &second, NEW_PASSWORD).await.expect(200);
    assert_eq!(answer.json()["member"]["name"], "Ivy");
    for site in [&site, &neighbour] {
        site.try_sign_in(&email, NEW_PASSWORD).await.expect(200);
        site.try_sign_in(&email, "another quiet morning walk")
            .await
            .expect(401);
    }
    assert_eq!(stage.count("SELECT COUNT(*) FROM people").await, 3);
}

#[actix_web::test]
async fn a_new_invitation_ends_the_one_before() {
    let (stage, _, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    let first = invited(&stage, &site, &ada, &email).await;
    let cookie = site.sign_in(&ada).await;
    let list = stage.rows("SELECT member_id FROM invitations", []).await;
    let member: uuid::Uuid = list[0].try_get_by_index(0).unwrap();
    let again = format!("/api/v1/members/{member}/invite");
    site.post(&again, &cookie, &Value::Null).await.expect(201);
    worker(&stage).sweep().await.unwrap();
    assert_eq!(mailbox().messages_to(&email).await.len(), 2);
    let second = token_in_mail(&email).await;
    assert_ne!(first, second);
    let withdrawn = accept(&site, &first, NEW_PASSWORD).await.expect(410);
    insta::assert_json_snapshot!("invitation_withdrawn", withdrawn.json());
    accept(&site, &second, NEW_PASSWORD).await.expect(200);
    site.post(&again, &cookie, &Value::Null).await.expect(409);
}

#[actix_web::test]
async fn who_was_archived_before_they_came_stays_out() {
    let (stage, _, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    let token = invited(&stage, &site, &ada, &email).await;
    let rows = stage.rows("SELECT member_id FROM invitations", []).await;
    let member: uuid::Uuid = rows[0].try_get_by_index(0).unwrap();
    let cookie = site.sign_in(&ada).await;
    let path = format!("/api/v1/members/{member}");
    let method = actix_web::http::Method::DELETE;
    site.conditional(method, &path, &cookie, "*", None)
        .await
        .expect(204);
    accept(&site, &token, NEW_PASSWORD).await.expect(410);
    site.try_sign_in(&email, NEW_PASSWORD).await.expect(401);
}
