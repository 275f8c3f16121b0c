use std::time::Duration;

use chrono::TimeDelta;
use cp_app::sessions::PresentedCredential;
use redis::AsyncCommands as _;
use sea_orm::ConnectionTrait as _;
use serde_json::json;
use testkit::eventually;

use crate::support::{Enrolled, Stage, TestTenant, code_at, cookie_of, one_tenant};

async fn limit(stage: &Stage, tenant: &TestTenant, idle: Option<u32>, absolute: Option<u32>) {
    let sql = "INSERT INTO tenant_security (tenant_id, idle_minutes, absolute_minutes, updated_at) \
               VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE idle_minutes = VALUES(idle_minutes), \
               absolute_minutes = VALUES(absolute_minutes)";
    let id = tenant.host.tenant_id.as_uuid();
    let now = stage.now();
    stage
        .execute(sql, [id.into(), idle.into(), absolute.into(), now.into()])
        .await;
    let directory = &stage.auth.directory;
    directory
        .tenant_changed(tenant.host.tenant_id)
        .await
        .unwrap();
}

async fn flush(stage: &Stage) {
    let mut connection = stage.redis.connection();
    let _: () = redis::cmd("FLUSHDB")
        .query_async(&mut connection)
        .await
        .unwrap();
}

fn key(tenant: &TestTenant, cookie: &str) -> String {
    let value = cookie.split_once('=').unwrap().1;
    let hash = *PresentedCredential::from_cookie(value).unwrap().hash();
    format!("t:{}:session:{hash}", tenant.host.tenant_id)
}

#[actix_web::test]
async fn a_session_that_is_not_used_ends() {
    let (stage, tenant, site, ada) = one_tenant().await;
    limit(&stage, &tenant, Some(30), None).await;
    let cookie = site.sign_in(&ada).await;
    // Used again and again it goes on, long beyond the limit.
    for _ in 0..6 {
        stage.clock.advance(TimeDelta::minutes(20));
        assert!(site.is_in(&cookie).await);
        stage.auth.directory.write_last_seen().await;
    }
    stage.clock.advance(TimeDelta::minutes(32));
    assert!(!site.is_in(&cookie).await);
    flush(&stage).await;
    assert!(!site.is_in(&cookie).await);
}

#[actix_web::test]
async fn ones_list_has_what_is_good_and_ends_all_others() {
    let (stage, tenant, site, ada) = one_tenant().await;
    limit(&stage, &tenant, Some(30), None).await;
    site.sign_in(&ada).await;
    stage.clock.advance(TimeDelta::minutes(60));
    let mut cookies = Vec::new();
    for _ in 0..3 {
        cookies.push(site.sign_in(&ada).await);
    }
    let list = site.get("/auth/v1/sessions", &cookies[0]).await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 3);
    site.delete("/auth/v1/sessions", &cookies[0])
        .await
        .expect(204);
    assert!(site.is_in(&cookies[0]).await);
    assert!(!site.is_in(&cookies[1]).await && !site.is_in(&cookies[2]).await);
}

#[actix_web::test]
async fn no_entry_of_the_cache_outlives_the_idle_limit() {
    let (stage, tenant, site, ada) = one_tenant().await;
    limit(&stage, &tenant, Some(5), None).await;
    let cookie = site.sign_in(&ada).await;
    assert!(site.is_in(&cookie).await);
    let mut redis = stage.redis.connection();
    let left: i64 = redis.pttl(key(&tenant, &cookie)).await.unwrap();
    assert!((1..=300_000).contains(&left), "{left}");
    // A change of the member rewrites entries without a use: it lengthens none.
    stage.clock.advance(TimeDelta::minutes(3));
    stage.auth.directory.member_changed(ada.id).await;
    let left: i64 = redis.pttl(key(&tenant, &cookie)).await.unwrap();
    assert!(left <= 210_000, "{left}");
}

#[actix_web::test]
async fn a_socket_that_is_only_open_lengthens_nothing() {
    let (stage, tenant, site, ada) = one_tenant().await;
    limit(&stage, &tenant, Some(5), None).await;
    let cookie = site.sign_in(&ada).await;
    let presented = PresentedCredential::from_cookie(cookie.split_once('=').unwrap().1).unwrap();
    let (directory, id) = (&stage.auth.directory, tenant.host.tenant_id);
    stage.clock.advance(TimeDelta::minutes(5));
    flush(&stage).await;
    // Still good, as a use may not have been written yet.
    assert!(directory.look(id, &presented).await.unwrap().is_some());
    stage.clock.advance(TimeDelta::minutes(2));
    assert!(directory.look(id, &presented).await.unwrap().is_none());
    assert!(!site.is_in(&cookie).await);
}

#[actix_web::test]
async fn a_tenants_limit_holds_for_sessions_that_are_there() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    stage.clock.advance(TimeDelta::hours(2));
    assert!(site.is_in(&cookie).await);
    limit(&stage, &tenant, None, Some(180)).await;
    assert!(site.is_in(&cookie).await);
    stage.clock.advance(TimeDelta::minutes(60));
    assert!(!site.is_in(&cookie).await);
    let young = site.sign_in(&ada).await;
    stage.clock.advance(TimeDelta::minutes(20));
    limit(&stage, &tenant, None, Some(15)).await;
    assert!(!site.is_in(&young).await);
}

#[actix_web::test]
async fn without_a_limit_of_its_own_the_platforms_holds() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    assert!(site.is_in(&cookie).await);
    stage.clock.advance(TimeDelta::hours(71));
    assert!(site.is_in(&cookie).await);
    stage.auth.directory.write_last_seen().await;
    stage.clock.advance(TimeDelta::hours(73));
    assert!(!site.is_in(&cookie).await);
}

/// A request that has read the session's row and not yet written it to Redis, while the session
/// ends and Redis is emptied.
#[actix_web::test]
async fn who_read_the_row_before_redis_was_emptied_does_not_put_it_back() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let value = cookie.split_once('=').unwrap().1;
    let presented = PresentedCredential::from_cookie(value).unwrap();
    let conn = stage.central.conn();
    // Reading a row waits for a lock that the test holds.
    let held = stage.auth.central.begin().await.unwrap();
    let name = format!("{}-0", stage.central.name());
    held.execute_unprepared(&format!("SELECT GET_LOCK('{name}', 0)"))
        .await
        .unwrap();
    let view = format!(
        "CREATE VIEW sessions AS SELECT * FROM sessions_kept WHERE \
         GET_LOCK(CONCAT('{}-', 0 * LENGTH(token_hash)), 20) = 1",
        stage.central.name()
    );
    conn.execute_unprepared("RENAME TABLE sessions TO sessions_kept")
        .await
        .unwrap();
    conn.execute_unprepared(&view).await.unwrap();

    let (directory, id) = (stage.auth.directory.clone(), tenant.host.tenant_id);
    let reading = tokio::spawn(async move { directory.resolve(id, &presented).await });
    let waits = "SELECT COUNT(*) FROM information_schema.processlist \
                 WHERE state = 'User lock' AND db = DATABASE()";
    eventually(Duration::from_secs(10), async || {
        stage.count(waits).await == 1
    })
    .await;
    let end = "UPDATE sessions_kept SET revoked_at = ?";
    stage.execute(end, [stage.now().into()]).await;
    flush(&stage).await;
    held.execute_unprepared(&format!("SELECT RELEASE_LOCK('{name}')"))
        .await
        .unwrap();
    // This one request came before the end.
    assert!(reading.await.unwrap().unwrap().is_some());

    conn.execute_unprepared("DROP VIEW sessions").await.unwrap();
    conn.execute_unprepared("RENAME TABLE sessions_kept TO sessions")
        .await
        .unwrap();
    let mut redis = stage.redis.connection();
    let entry: Option<String> = redis.get(key(&tenant, &cookie)).await.unwrap();
    assert_eq!(entry, None);
    assert!(!site.is_in(&cookie).await);
}

#[actix_web::test]
async fn an_emptied_redis_ends_nothing_and_revives_nothing() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let enrolled = Enrolled::totp(&stage, &site, &ada).await;
    let code = code_at(&stage, &enrolled.secret, 0);
    let half = site.half_in(&ada).await;
    let on = cookie_of(&site.give_code(&half, &code).await.expect(200), "trellis");
    site.post("/auth/v1/sign-out", &enrolled.cookie, &json!({}))
        .await
        .expect(204);
    let waiting = site.half_in(&ada).await;
    flush(&stage).await;
    assert!(site.is_in(&on).await);
    assert!(!site.is_in(&enrolled.cookie).await);
    // Neither the used code nor the used half is good again; the half that waits goes on waiting.
    site.give_code(&waiting, &code).await.expect(401);
    site.give_code(&half, &code_at(&stage, &enrolled.secret, 1))
        .await
        .expect(401);
    assert!(!site.is_in(&waiting).await);
    let recovery = json!({ "code": enrolled.codes[0] });
    let path = "/auth/v1/sign-in/recovery-code";
    site.post(path, &waiting, &recovery).await.expect(200);
    flush(&stage).await;
    let again = site.half_in(&ada).await;
    site.post(path, &again, &recovery).await.expect(401);
    let entry: Option<String> = stage
        .redis
        .connection()
        .get(key(&tenant, &waiting))
        .await
        .unwrap();
    assert_eq!(entry, None);
}
