//! Webhooks: what an architect may say of them, and what is shown of what was sent.

use kernel::Role;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::app::{Person, Tenant, TestApp};

const PATH: &str = "/api/v1/webhooks";

async fn architect() -> (Tenant, Person) {
    let tenant = TestApp::new().await.tenant("acme").await;
    let architect = tenant.member(Role::Architect).await;
    (tenant, architect)
}

fn body() -> Value {
    json!({ "url": "https://8.8.8.8/hook?token=t", "kinds": ["work_item.*"] })
}

/// Makes a delivery, and gives its path.
async fn sent(me: &Person, hook: &str) -> String {
    let sent = me.post(&format!("{hook}/test"), &json!({})).await;
    let id = sent.expect(202)["id"].as_str().unwrap().to_owned();
    format!("{hook}/deliveries/{id}")
}

async fn run(tenant: &Tenant, sql: &str) {
    tenant.db.conn().execute_unprepared(sql).await.unwrap();
}

#[actix_web::test]
async fn a_secret_is_shown_once_and_never_kept_in_clear() {
    let (tenant, me) = architect().await;
    let first = me.post_keyed(PATH, "k", &body()).await;
    let made = first.expect(201);
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(
        secret.starts_with("whsec_") && secret.len() == 6 + 44,
        "{secret}"
    );
    assert_eq!(made["enabled"], true);
    let again = me.post_keyed(PATH, "k", &body()).await;
    assert_eq!(again.expect(201)["secret"], Value::Null);
    assert_eq!(again.id(), first.id());
    let hook = format!("{PATH}/{}", first.id());
    let rotated = me.post(&format!("{hook}/rotate-secret"), &json!({})).await;
    let other = rotated.expect(200);
    assert_ne!(other["secret"].as_str().unwrap(), secret);
    assert!(other["previous_secret_until"].is_string());
    for path in [PATH, &hook, "/api/v1/activity"] {
        let shown = me.get(path).await.expect(200).to_string();
        assert!(!shown.contains("whsec_"), "{shown}");
    }
    // What was sealed is not what was shown, nor is it in an answer that is kept.
    let bytes = format!("0x{}", hex(&secret));
    let known = "SELECT (SELECT COUNT(*) FROM webhooks WHERE LOCATE({0}, secret) OR \
        LOCATE({0}, previous_secret)) + (SELECT COUNT(*) FROM idempotency_keys WHERE \
        LOCATE('whsec_', body))";
    assert_eq!(tenant.count(&known.replace("{0}", &bytes)).await, 0);
}

/// The bytes that a secret stands for, in hexadecimal digits.
fn hex(secret: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let bytes = BASE64_STANDARD.decode(&secret[6..]).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[actix_web::test]
async fn what_may_not_be_called_or_does_not_exist_is_refused_field_by_field() {
    let (tenant, me) = architect().await;
    let addresses = [
        ("http://8.8.8.8/", "forbidden_address"),
        ("https://127.0.0.1/", "forbidden_address"),
        ("https://localhost/", "forbidden_address"),
        ("https://[::ffff:10.0.0.1]/", "forbidden_address"),
        (
            "https://169.254.169.254/latest/meta-data",
            "forbidden_address",
        ),
        ("https://user:pw@8.8.8.8/", "forbidden_address"),
        ("https://intranet/", "forbidden_address"),
        ("https://hooks.example/", "unknown_host"),
        ("hooks.example", "invalid"),
    ];
    for (url, code) in addresses {
        let refused = me.post(PATH, &json!({ "url": url, "kinds": ["*"] })).await;
        let problem = refused.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], "/url", "{problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{url}: {problem}");
    }
    let root = tenant.root();
    let others = [
        (json!({ "kinds": [] }), "/kinds"),
        (json!({ "kinds": ["*", "moon.landed"] }), "/kinds/1"),
        (json!({ "kinds": ["webhook.*"] }), "/kinds/0"),
        (json!({ "description": "x".repeat(501) }), "/description"),
        (json!({ "grid_id": root }), "/grid_id"),
        (json!({ "folder_id": me.id() }), "/folder_id"),
        (json!({ "folder_id": root, "grid_id": root }), "/folder_id"),
    ];
    let hook = format!("{PATH}/{}", me.post(PATH, &body()).await.id());
    for (wrong, pointer) in others {
        let mut new = body();
        for (field, value) in wrong.as_object().unwrap() {
            new[field] = value.clone();
        }
        for refused in [
            me.post(PATH, &new).await,
            me.patch(&hook, "*", &wrong).await,
        ] {
            let problem = refused.expect(422);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
    }
    let patched = me.patch(&hook, "*", &json!({ "folder_id": root })).await;
    assert_eq!(patched.expect(200)["folder_id"], root.to_string());
}

#[actix_web::test]
async fn a_change_is_for_a_revision_and_enabling_forgets_what_failed() {
    let (tenant, me) = architect().await;
    let hook = format!("{PATH}/{}", me.post(PATH, &body()).await.id());
    run(
        &tenant,
        "UPDATE webhooks SET disabled_at = NOW(6), disabled_reason = 'failing', failures = 30, \
         failing_since = NOW(6)",
    )
    .await;
    let shown = me.get(&hook).await.expect(200);
    assert_eq!(
        (&shown["enabled"], &shown["disabled_reason"]),
        (&json!(false), &json!("failing"))
    );
    for verb in ["test", "replay-failed"] {
        let since = json!({ "since": "2026-01-01T00:00:00Z" });
        let refused = me.post(&format!("{hook}/{verb}"), &since).await;
        assert_eq!(
            (refused.code(), refused.problem().as_str()),
            (409, "invalid_state")
        );
    }
    let enable = json!({ "enabled": true });
    assert_eq!(me.patch(&hook, "\"7\"", &enable).await.code(), 412);
    let patched = me.patch(&hook, "\"1\"", &enable).await;
    assert_eq!(patched.header("etag"), Some("\"2\""));
    let shown = patched.expect(200);
    assert_eq!(shown["consecutive_failures"], 0);
    assert_eq!(shown["failing_since"], Value::Null);
    assert_eq!(
        me.patch(&hook, "\"2\"", &enable).await.header("etag"),
        Some("\"2\"")
    );
    let off = me.patch(&hook, "\"2\"", &json!({ "enabled": false })).await;
    assert_eq!(off.expect(200)["disabled_reason"], "person");
    assert_eq!(me.delete(&hook, "\"3\"").await.code(), 204);
    assert_eq!(me.get(&hook).await.code(), 404);
}

#[actix_web::test]
async fn deliveries_are_filtered_paged_and_replayed() {
    let (tenant, me) = architect().await;
    let hook = format!("{PATH}/{}", me.post(PATH, &body()).await.id());
    let other = format!("{PATH}/{}", me.post(PATH, &body()).await.id());
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(sent(&me, &hook).await);
    }
    let foreign = sent(&me, &other).await;
    let listed = me
        .get(&format!("{hook}/deliveries?limit=2"))
        .await
        .expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let cursor = listed["next_cursor"].as_str().unwrap();
    let next = me
        .get(&format!("{hook}/deliveries?limit=3&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(next["data"].as_array().unwrap().len(), 3);
    assert_eq!(next["next_cursor"], Value::Null);
    let one = me.get(&made[0]).await.expect(200);
    assert_eq!(
        (&one["state"], &one["kind"]),
        (&json!("pending"), &json!("webhook.test"))
    );
    assert_eq!(one["body"]["type"], "webhook.test");
    let id = foreign.rsplit('/').next().unwrap();
    assert_eq!(me.get(&format!("{hook}/deliveries/{id}")).await.code(), 404);
    for bad in ["state=lost", "cursor=x"] {
        assert_eq!(
            me.get(&format!("{hook}/deliveries?{bad}")).await.code(),
            400,
            "{bad}"
        );
    }
    run(
        &tenant,
        "UPDATE webhook_deliveries SET state = 'failed', attempts = 10",
    )
    .await;
    run(
        &tenant,
        "UPDATE jobs SET taken_at = NOW(6), done_at = NOW(6)",
    )
    .await;
    let replayed = me
        .post(&format!("{}/replay", made[0]), &json!({}))
        .await
        .expect(202);
    assert_eq!(
        (&replayed["state"], &replayed["attempts"]),
        (&json!("pending"), &json!(0))
    );
    let since = json!({ "since": "2026-01-01T00:00:00Z" });
    let path = format!("{hook}/replay-failed");
    let all = me.post_keyed(&path, "k", &since).await;
    assert_eq!(all.expect(202), json!({ "replayed": 4, "more": false }));
    assert_eq!(
        me.post_keyed(&path, "k", &since).await.json()["replayed"],
        4
    );
    let failed = me
        .get(&format!("{other}/deliveries?state=failed"))
        .await
        .expect(200);
    assert_eq!(failed["data"].as_array().unwrap().len(), 1);
    let open = "SELECT COUNT(*) FROM jobs WHERE taken_at IS NULL";
    assert_eq!(tenant.count(open).await, 5);
}

#[actix_web::test]
async fn there_may_be_fifty() {
    let (_tenant, me) = architect().await;
    for _ in 0..50 {
        me.post(PATH, &body()).await.expect(201);
    }
    let refused = me.post(PATH, &body()).await;
    assert_eq!(
        (refused.code(), refused.problem().as_str()),
        (409, "invalid_state")
    );
}
