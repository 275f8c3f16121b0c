use std::time::Duration;

use cp_app::sessions::PresentedCredential;
use futures_util::StreamExt as _;
use kernel::Role;
use redis::AsyncCommands as _;
use serde_json::{Value, json};
use testkit::eventually;

use crate::support::{Site, Stage, TestTenant, one_tenant};

fn presented(cookie: &str) -> PresentedCredential {
    PresentedCredential::from_cookie(cookie.strip_prefix("trellis=").unwrap()).unwrap()
}

fn key(tenant: &TestTenant, cookie: &str) -> String {
    format!(
        "t:{}:session:{}",
        tenant.host.tenant_id,
        presented(cookie).hash()
    )
}

async fn entry(stage: &Stage, key: &str) -> Option<String> {
    stage.redis.connection().get(key).await.unwrap()
}

async fn flush(stage: &Stage) {
    redis::cmd("FLUSHDB")
        .exec_async(&mut stage.redis.connection())
        .await
        .unwrap();
}

#[actix_web::test]
async fn people_see_where_they_are_signed_in() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let other = stage.member(&tenant, "bob", Role::User).await;
    site.sign_in(&other).await;
    let first = site.sign_in(&ada).await;
    stage.clock.advance(chrono::TimeDelta::minutes(3));
    let second = site.sign_in(&ada).await;
    let mut list = site
        .get("/auth/v1/sessions", &second)
        .await
        .expect(200)
        .json();
    for row in list["data"].as_array_mut().unwrap() {
        assert!(row["id"].as_str().is_some());
        row["id"] = json!("[id]");
    }
    insta::assert_json_snapshot!("own_sessions", list);
    assert!(site.is_in(&first).await);
}

#[actix_web::test]
async fn a_session_ends_at_once_wherever_it_is_kept() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let elsewhere = Site::of(&stage.second_process().await, &tenant).await;
    let stolen = site.sign_in(&ada).await;
    let mine = site.sign_in(&ada).await;
    assert!(elsewhere.is_in(&stolen).await);
    let list = site
        .get("/auth/v1/sessions", &mine)
        .await
        .expect(200)
        .json();
    let id = id_of_other(&list);
    site.delete(&format!("/auth/v1/sessions/{id}"), &mine)
        .await
        .expect(204);
    assert!(!elsewhere.is_in(&stolen).await);
    assert!(!site.is_in(&stolen).await);
    assert!(site.is_in(&mine).await);
    // It is gone for good, and never was of anybody else.
    let again = site
        .delete(&format!("/auth/v1/sessions/{id}"), &mine)
        .await
        .expect(404);
    insta::assert_json_snapshot!("no_such_session", again.json());
}

fn id_of_other(list: &Value) -> String {
    let rows = list["data"].as_array().unwrap();
    let other = rows
        .iter()
        .find(|row| row["current"] == json!(false))
        .unwrap();
    other["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn others_sessions_do_not_exist() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let eve = stage.member(&tenant, "eve", Role::User).await;
    let adas = site.sign_in(&ada).await;
    let eves = site.sign_in(&eve).await;
    let list = site
        .get("/auth/v1/sessions", &adas)
        .await
        .expect(200)
        .json();
    let id = list["data"][0]["id"].as_str().unwrap();
    site.delete(&format!("/auth/v1/sessions/{id}"), &eves)
        .await
        .expect(404);
    site.delete("/auth/v1/sessions/nonsense", &eves)
        .await
        .expect(404);
    assert!(site.is_in(&adas).await);
    site.get("/auth/v1/sessions", "").await.expect(401);
}

#[actix_web::test]
async fn a_session_is_good_for_its_tenant_only() {
    let (stage, _acme, site, ada) = one_tenant().await;
    let globex = stage.tenant("globex").await;
    let neighbour = Site::of(&stage.auth, &globex).await;
    let cookie = site.sign_in(&ada).await;
    assert!(site.is_in(&cookie).await);
    assert!(!neighbour.is_in(&cookie).await);
    assert!(site.is_in(&cookie).await);
    let directory = &stage.auth.directory;
    let shown = presented(&cookie);
    let there = directory.resolve(globex.host.tenant_id, &shown).await;
    assert!(there.unwrap().is_none());
}

#[actix_web::test]
async fn losing_redis_ends_nothing_and_revives_nothing() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let ended = site.sign_in(&ada).await;
    let going_on = site.sign_in(&ada).await;
    assert!(site.is_in(&ended).await && site.is_in(&going_on).await);
    site.post("/auth/v1/sign-out", &ended, &json!({}))
        .await
        .expect(204);
    flush(&stage).await;
    assert!(site.is_in(&going_on).await);
    assert!(!site.is_in(&ended).await);
    // The one is cached again, the other is not.
    assert!(entry(&stage, &key(&tenant, &going_on)).await.is_some());
    assert_eq!(entry(&stage, &key(&tenant, &ended)).await, None);
}

#[actix_web::test]
async fn who_read_the_row_before_cannot_put_it_back() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    assert!(site.is_in(&cookie).await);
    let key = key(&tenant, &cookie);
    let late = entry(&stage, &key).await.unwrap();
    site.post("/auth/v1/sign-out", &cookie, &json!({}))
        .await
        .expect(204);
    assert_eq!(entry(&stage, &key).await.as_deref(), Some("revoked"));
    let put: bool = stage.redis.connection().set_nx(&key, &late).await.unwrap();
    assert!(!put);
    // Nor can a change of the member that was read before the session ended.
    stage.auth.directory.member_changed(ada.id).await;
    assert_eq!(entry(&stage, &key).await.as_deref(), Some("revoked"));
    assert!(!site.is_in(&cookie).await);
}

#[actix_web::test]
async fn a_warm_session_costs_one_command_and_no_sql() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let credential = presented(&cookie);
    let tenant_id = tenant.host.tenant_id;
    stage
        .auth
        .directory
        .resolve(tenant_id, &credential)
        .await
        .unwrap()
        .unwrap();
    // With the table out of the way, only the cache can answer.
    stage
        .execute("RENAME TABLE sessions TO sessions_away", [])
        .await;
    let found = stage
        .auth
        .directory
        .resolve(tenant_id, &credential)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.member_id, found.role), (ada.id, Role::Architect));
    flush(&stage).await;
    assert!(
        stage
            .auth
            .directory
            .resolve(tenant_id, &credential)
            .await
            .is_err()
    );
    stage
        .execute("RENAME TABLE sessions_away TO sessions", [])
        .await;
    assert!(
        stage
            .auth
            .directory
            .resolve(tenant_id, &credential)
            .await
            .unwrap()
            .is_some()
    );
}

#[actix_web::test]
async fn an_older_role_never_replaces_a_newer_one() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    assert!(site.is_in(&cookie).await);
    let key = key(&tenant, &cookie);
    let mut newer: Value = serde_json::from_str(&entry(&stage, &key).await.unwrap()).unwrap();
    newer["version"] = json!(99);
    newer["role"] = json!("user");
    let _: () = stage
        .redis
        .connection()
        .set(&key, newer.to_string())
        .await
        .unwrap();
    stage.auth.directory.member_changed(ada.id).await;
    let kept: Value = serde_json::from_str(&entry(&stage, &key).await.unwrap()).unwrap();
    assert_eq!(kept["version"], 99);
}

#[actix_web::test]
async fn an_entry_of_another_release_is_read_anew() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let _: () = stage
        .redis
        .connection()
        .set(key(&tenant, &cookie), "{\"v\":2}")
        .await
        .unwrap();
    assert!(site.is_in(&cookie).await);
}

#[actix_web::test]
async fn what_another_server_had_saved_revives_nothing() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let (gone, staying) = (site.sign_in(&ada).await, site.sign_in(&ada).await);
    assert!(site.is_in(&gone).await && site.is_in(&staying).await);
    let mut redis = stage.redis.connection();
    let mut saved = Vec::new();
    let keys = [&gone, &staying].map(|cookie| key(&tenant, cookie));
    for key in keys.into_iter().chain(["cp:sessions:mark".to_owned()]) {
        let value = entry(&stage, &key).await.unwrap();
        saved.push((key, value));
    }
    site.post("/auth/v1/sign-out", &gone, &json!({}))
        .await
        .expect(204);
    assert!(!site.is_in(&gone).await);
    // The server that has all of this again is not the one that saved it.
    let about: String = redis::cmd("INFO")
        .arg("server")
        .query_async(&mut redis)
        .await
        .unwrap();
    let run_id = |line: &str| line.strip_prefix("run_id:").map(str::to_owned);
    let server = about.lines().find_map(run_id).unwrap();
    for (key, value) in saved {
        let value = value.replace(&server, &"0".repeat(server.len()));
        let _: () = redis.set(&key, value).await.unwrap();
    }
    let elsewhere = Site::of(&stage.second_process().await, &tenant).await;
    for site in [&site, &elsewhere] {
        assert!(!site.is_in(&gone).await);
        assert!(site.is_in(&staying).await);
    }
}

#[actix_web::test]
async fn a_session_ends_by_itself() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    assert!(site.is_in(&cookie).await);
    stage.clock.advance(chrono::TimeDelta::hours(14 * 24));
    assert!(!site.is_in(&cookie).await);
    flush(&stage).await;
    assert!(!site.is_in(&cookie).await);
}

#[actix_web::test]
async fn everybody_is_told_of_an_end() {
    let (stage, _, site, ada) = one_tenant().await;
    let mut listener = redis::Client::open(stage.redis.url())
        .unwrap()
        .get_async_pubsub()
        .await
        .unwrap();
    listener
        .subscribe(cp_app::sessions::SESSIONS_CHANNEL)
        .await
        .unwrap();
    let cookie = site.sign_in(&ada).await;
    let hash = presented(&cookie).hash().to_string();
    site.post("/auth/v1/sign-out", &cookie, &json!({}))
        .await
        .expect(204);
    let mut messages = listener.on_message();
    let told = async {
        while let Some(message) = messages.next().await {
            if message.get_payload::<String>().unwrap() == hash {
                return;
            }
        }
    };
    testkit::within(Duration::from_secs(5), told).await.unwrap();
}

#[actix_web::test]
async fn what_redis_missed_it_learns_when_it_is_back() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    assert!(site.is_in(&cookie).await);
    // The one who ends the session cannot reach Redis, and dies right after.
    let away = Stage::without_redis().await;
    let mut cut_off = stage.auth.clone();
    cut_off.directory = cp_app::sessions::SessionDirectory::new(
        stage.auth.central.clone(),
        stage.auth.pools.clone(),
        cp_app::cache::Cache::connect("redis://127.0.0.1:1/0").unwrap(),
        stage.clock.clone(),
    );
    let lonely = Site::of(&cut_off, &tenant).await;
    lonely
        .post("/auth/v1/sign-out", &cookie, &json!({}))
        .await
        .expect(204);
    assert!(!lonely.is_in(&cookie).await);
    drop(away);
    // Its successor finds what is left to tell.
    let successor = stage.second_process().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { successor.directory.run(stop).await }
    });
    eventually(Duration::from_secs(10), async || !site.is_in(&cookie).await).await;
    stop.cancel();
    running.await.unwrap();
}

#[actix_web::test]
async fn last_use_is_written_later() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    stage.clock.advance(chrono::TimeDelta::minutes(5));
    assert!(site.is_in(&cookie).await);
    let seen = "SELECT COUNT(*) FROM sessions WHERE last_seen_at > created_at";
    assert_eq!(stage.count(seen).await, 0);
    stage.auth.directory.write_last_seen().await;
    assert_eq!(stage.count(seen).await, 1);
}
