//! What is under way while single sign-on is being enforced, or a member archived, is over before and
//! ended with the rest, or comes after and is refused. Locks that the tests hold decide about the
//! order.

use std::time::Duration;

use actix_web::{
    http::Method,
    rt::{spawn, task::JoinHandle},
};
use chrono::TimeDelta;
use kernel::Role;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction};
use serde_json::{Value, json};
use testkit::eventually;

use super::{
    enforcement::{SECURITY, test_as_ada},
    scene::{Browser, Scene},
};
use crate::support::{Answer, PASSWORD, TestMember};

const LIMIT: Duration = Duration::from_secs(10);

/// What came by a password, or by what a password opened, and is good.
const LEFT: [&str; 4] = [
    "sessions WHERE method <> 'sso' AND revoked_at IS NULL",
    "access_tokens WHERE revoked_at IS NULL",
    "client_secrets WHERE revoked_at IS NULL",
    "scim_tokens WHERE revoked_at IS NULL",
];

struct Race {
    scene: Scene,
    architect: Browser,
    bob: TestMember,
    bobs: String,
    eves: String,
    owners: Value,
}

impl Race {
    /// Ada is about to enforce it; Bob and Eve came by their passwords.
    async fn new() -> Self {
        let scene = Scene::new().await;
        let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
        let eve = scene
            .stage
            .member(&scene.tenant, "eve", Role::Architect)
            .await;
        let (bobs, eves) = (
            scene.site.sign_in(&bob).await,
            scene.site.sign_in(&eve).await,
        );
        let mut architect = Browser::with(&scene.site.sign_in(&scene.ada).await);
        test_as_ada(&scene, &mut architect).await;
        Self {
            owners: json!([scene.ada.id, eve.id]),
            scene,
            architect,
            bob,
            bobs,
            eves,
        }
    }

    /// A transaction that has done this and is not over.
    async fn hold(&self, text: &str) -> DatabaseTransaction {
        let held = self.scene.stage.auth.central.begin().await.unwrap();
        held.execute_unprepared(text).await.unwrap();
        held
    }

    fn enforce(&self) -> JoinHandle<Answer> {
        let (site, cookies) = (self.scene.site.clone(), self.architect.cookies());
        let body = json!({ "sso_enforced": true, "break_glass_owners": self.owners });
        spawn(async move {
            site.conditional(Method::PATCH, SECURITY, &cookies, "*", Some(&body))
                .await
        })
    }

    fn post(&self, path: &'static str, cookie: &str) -> JoinHandle<Answer> {
        let (site, cookie) = (self.scene.site.clone(), cookie.to_owned());
        let order = json!({
            "name": "Nightly", "scopes": ["work_items:read"],
            "expires_at": self.scene.stage.now() + TimeDelta::days(1),
        });
        spawn(async move { site.post(path, &cookie, &order).await })
    }

    fn make_token(&self) -> JoinHandle<Answer> {
        self.post("/auth/v1/tokens", &self.bobs)
    }

    fn make_client(&self) -> JoinHandle<Answer> {
        self.post("/auth/v1/client-secrets", &self.bobs)
    }

    fn make_directory_token(&self) -> JoinHandle<Answer> {
        let (site, cookie) = (self.scene.site.clone(), self.eves.clone());
        let path = "/auth/v1/security/scim-tokens";
        spawn(async move { site.post(path, &cookie, &json!({ "name": "Okta" })).await })
    }

    fn sign_in(&self) -> JoinHandle<Answer> {
        let (site, email) = (self.scene.site.clone(), self.bob.email.clone());
        spawn(async move { site.try_sign_in(&email, PASSWORD).await })
    }

    /// Goes on when each of these is answered or waits for a row.
    async fn until_stopped(&self, requests: &[&JoinHandle<Answer>]) {
        eventually(LIMIT, async || {
            let answered = requests.iter().filter(|request| request.is_finished());
            self.scene.stage.central.row_waits().await + answered.count() == requests.len()
        })
        .await;
    }

    async fn assert_nothing_is_left(&self) {
        for what in LEFT {
            assert_eq!(self.scene.count(what).await, 0, "{what}");
        }
    }
}

#[actix_web::test]
async fn what_comes_after_is_refused() {
    let race = Race::new().await;
    // Everything is done but for the last row, and nothing is known yet.
    let held = race
        .hold("SELECT value FROM catalogue_revision WHERE id = 1 FOR UPDATE")
        .await;
    let enforcing = race.enforce();
    race.until_stopped(&[&enforcing]).await;
    let late = [
        race.make_token(),
        race.make_client(),
        race.make_directory_token(),
        race.sign_in(),
    ];
    let mut all = vec![&enforcing];
    all.extend(&late);
    race.until_stopped(&all).await;
    held.commit().await.unwrap();
    enforcing.await.unwrap().expect(200);
    for answer in late {
        let answer = answer.await.unwrap();
        assert!(answer.status.is_client_error(), "{}", answer.text);
        assert!(answer.cookie("trellis").is_none());
    }
    race.assert_nothing_is_left().await;
}

#[actix_web::test]
async fn what_was_made_just_before_ends_with_it() {
    let race = Race::new().await;
    // Nobody has any, so that only what is new waits.
    let held = race
        .hold("SELECT id FROM access_tokens WHERE member_id <> '' FOR UPDATE")
        .await;
    held.execute_unprepared("SELECT id FROM client_secrets WHERE member_id <> '' FOR UPDATE")
        .await
        .unwrap();
    let early = [race.make_token(), race.make_client()];
    race.until_stopped(&[&early[0], &early[1]]).await;
    let enforcing = race.enforce();
    race.until_stopped(&[&early[0], &early[1], &enforcing])
        .await;
    held.commit().await.unwrap();
    for answer in early {
        answer.await.unwrap().expect(201);
    }
    enforcing.await.unwrap().expect(200);
    race.assert_nothing_is_left().await;
}

#[actix_web::test]
async fn who_is_archived_while_they_sign_in_does_not_come_in() {
    let race = Race::new().await;
    let text = format!(
        "UPDATE memberships SET state = 'archived' WHERE member_id = x'{}'",
        race.bob.id.as_uuid().simple()
    );
    let before = race.scene.count("sessions").await;
    let archiving = race.hold(&text).await;
    let signing_in = race.sign_in();
    race.until_stopped(&[&signing_in]).await;
    archiving.commit().await.unwrap();
    signing_in.await.unwrap().expect(401);
    assert_eq!(race.scene.count("sessions").await, before);
}

#[actix_web::test]
async fn who_came_in_just_before_is_out_with_it() {
    let race = Race::new().await;
    let site = &race.scene.site;
    site.post("/auth/v1/sign-out", &race.bobs, &json!({}))
        .await
        .expect(204);
    let text = format!(
        "SELECT id FROM sessions WHERE member_id = x'{}' AND revoked_at IS NULL FOR UPDATE",
        race.bob.id.as_uuid().simple()
    );
    let held = race.hold(&text).await;
    let signing_in = race.sign_in();
    race.until_stopped(&[&signing_in]).await;
    let enforcing = race.enforce();
    race.until_stopped(&[&signing_in, &enforcing]).await;
    held.commit().await.unwrap();
    signing_in.await.unwrap().expect(200);
    enforcing.await.unwrap().expect(200);
    race.assert_nothing_is_left().await;
}
