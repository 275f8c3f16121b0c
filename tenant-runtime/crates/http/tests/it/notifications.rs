//! What one was told, the settings of it, and the link of mail.

use actix_web::http::Method;
use kernel::{MemberId, Role};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tr_app::notifications::{Link, LinkKey};
use tr_domain::notifications::Trigger;
use uuid::Uuid;

use crate::app::{Answer, Person, Tenant, TestApp};

const KEY: [u8; 32] = [7; 32];

async fn run(tenant: &Tenant, sql: &str) {
    tenant.db.conn().execute_unprepared(sql).await.unwrap();
}

fn hex(id: &str) -> String {
    format!("x'{}'", id.replace('-', ""))
}

/// Tells somebody that a work item was assigned to them; gives the notification's id.
pub async fn tell(tenant: &Tenant, who: &Person, item: &str) -> String {
    let id = Uuid::now_v7().to_string();
    let (row, member, item) = (hex(&id), hex(&who.id()), hex(item));
    run(
        tenant,
        &format!(
            "INSERT INTO notifications (id, member_id, kind, object, object_id, detail, in_app, \
             mail, occurred_at, created_at) VALUES ({row}, {member}, 'assigned', 'work_item', \
             {item}, 'null', TRUE, 'instant', NOW(6), NOW(6))"
        ),
    )
    .await;
    id
}

/// The last segment of the link in a mail to somebody.
pub async fn link(tenant: &Tenant, who: &Person) -> String {
    let key = hex(&KEY.map(|byte| format!("{byte:02x}")).concat());
    let insert = format!("INSERT IGNORE INTO notification_keys (id, secret) VALUES (1, {key})");
    run(tenant, &insert).await;
    let member: MemberId = who.id().parse().unwrap();
    LinkKey::new(KEY).sign(&Link {
        member,
        triggers: vec![Trigger::Assigned, Trigger::DueSoon],
    })
}

struct Office {
    acme: Tenant,
    ann: Person,
    bob: Person,
    /// Seen by everybody.
    shared: String,
    /// In Ann's own folder.
    hidden: String,
}

async fn office() -> Office {
    let app = TestApp::new().await;
    let acme = app.tenant("acme").await;
    let ann = acme.member(Role::Architect).await;
    let bob = acme.member(Role::User).await;
    let root = acme.root().to_string();
    let grid = async |folder: &str, name: &str| {
        let body = json!({ "kind": "grid", "name": name, "folder_id": folder });
        ann.create("/api/v1/work-items", body).await
    };
    let shared = grid(&root, "Shared").await;
    let folder = json!({ "parent_id": root, "name": "Secret" });
    let secret = ann.create("/api/v1/folders", folder).await;
    let hidden = grid(&secret, "Hidden").await;
    let ids = hex(&hidden);
    run(
        &acme,
        &format!("DELETE FROM grants WHERE object_id = {ids}"),
    )
    .await;
    Office {
        acme,
        ann,
        bob,
        shared,
        hidden,
    }
}

async fn put(who: &Person, path: &str, body: &Value) -> Answer {
    let request = who.request(Method::PUT, path);
    who.app
        .send(TestApp::with_body(request, body.to_string()))
        .await
}

async fn unread(who: &Person) -> u64 {
    let answer = who.get("/api/v1/notifications/unread-count").await;
    answer.expect(200)["unread"].as_u64().unwrap()
}

#[actix_web::test]
async fn one_reads_what_one_was_told_and_sees() {
    let office = office().await;
    let Office {
        acme, bob, shared, ..
    } = &office;
    let mut told = Vec::new();
    for _ in 0..3 {
        told.push(tell(acme, bob, shared).await);
    }
    tell(acme, bob, &office.hidden).await;
    tell(acme, &office.ann, shared).await;
    assert_eq!(unread(bob).await, 3);
    let first = bob.get("/api/v1/notifications?limit=2").await.expect(200);
    let row = &first["data"][0];
    assert_eq!(
        (&row["id"], &row["name"]),
        (&json!(told[2]), &json!("Shared"))
    );
    assert_eq!(
        (&row["trigger"], &row["kind"]),
        (&json!("assigned"), &json!("grid"))
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/notifications?limit=2&cursor={cursor}");
    let second = bob.get(&path).await.expect(200);
    assert_eq!(second["data"][0]["id"], json!(told[0]));
    assert_eq!(
        (
            second["data"].as_array().unwrap().len(),
            &second["next_cursor"]
        ),
        (1, &Value::Null)
    );

    let read = format!("/api/v1/notifications/{}/read", told[2]);
    let marked = bob
        .post_keyed(&read, "once", &Value::Null)
        .await
        .expect(200);
    assert!(marked["read_at"].is_string());
    let again = bob.post_keyed(&read, "once", &Value::Null).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(unread(bob).await, 2);
    let left = bob
        .get("/api/v1/notifications?unread=true")
        .await
        .expect(200);
    assert_eq!(left["data"].as_array().unwrap().len(), 2);
    let unmark = format!("/api/v1/notifications/{}/unread", told[2]);
    assert_eq!(
        bob.post(&unmark, &Value::Null).await.expect(200)["read_at"],
        Value::Null
    );
    let up_to = json!({ "up_to": told[1] });
    let answer = bob.post("/api/v1/notifications/read", &up_to).await;
    assert_eq!(answer.expect(200), json!({ "marked": 2 }));
    assert_eq!((unread(bob).await, unread(&office.ann).await), (1, 1));
    // What was read is mailed no more; what was marked unread again neither.
    let dropped = "SELECT COUNT(*) FROM notifications WHERE mail = 'dropped'";
    assert_eq!(acme.count(dropped).await, 3);
}

#[actix_web::test]
async fn architects_decide_and_lock_and_people_choose_the_rest() {
    let office = office().await;
    let Office { ann, bob, .. } = &office;
    let own = "/api/v1/notification-settings";
    let defaults = "/api/v1/notification-settings/defaults";
    let fresh = bob.get(own).await.expect(200);
    assert_eq!(fresh["digest_hour"], 7);
    let assigned = json!({ "in_app": true, "mail": "instant", "chosen": false, "locked": false });
    assert_eq!(fresh["triggers"]["assigned"], assigned);
    let choice = json!({ "time_zone": "Pacific/Auckland", "digest_hour": 6,
        "triggers": { "assigned": { "in_app": false, "mail": "off" } } });
    let chosen = put(bob, own, &choice).await.expect(200);
    assert_eq!(chosen["time_zone"], "Pacific/Auckland");
    assert_eq!(chosen["triggers"]["assigned"]["mail"], "off");
    assert_eq!(chosen["triggers"]["assigned"]["chosen"], true);

    let insist = json!({ "settle_seconds": 60, "digest_hour": 8, "remind_hours": 48,
        "triggers": { "assigned": { "in_app": true, "mail": "daily", "locked": true } } });
    assert_eq!(put(bob, defaults, &insist).await.problem(), "forbidden");
    put(ann, defaults, &insist).await.expect(200);
    assert_eq!(ann.get(defaults).await.expect(200)["settle_seconds"], 60);
    let now = bob.get(own).await.expect(200);
    let locked = json!({ "in_app": true, "mail": "daily", "chosen": false, "locked": true });
    assert_eq!(now["triggers"]["assigned"], locked);
    let refused = put(bob, own, &choice).await;
    let problem = refused.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/triggers/assigned");
    assert_eq!(problem["errors"][0]["code"], "locked");
    for (body, pointer) in [
        (json!({ "time_zone": "Mars/Base" }), "/time_zone"),
        (json!({ "digest_hour": 24 }), "/digest_hour"),
    ] {
        assert_eq!(
            put(bob, own, &body).await.expect(422)["errors"][0]["pointer"],
            pointer
        );
    }
    let wrong = json!({ "settle_seconds": 3601, "digest_hour": 7, "remind_hours": 0 });
    let faults = put(ann, defaults, &wrong).await.expect(422);
    assert_eq!(faults["errors"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn a_link_asks_before_it_does_anything_and_needs_nobody_signed_in() {
    let Office { acme, bob, .. } = office().await;
    let path = format!("/unsubscribe/{}", link(&acme, &bob).await);
    // As the gateway lets in who shows nothing.
    let nobody = bob.with_scopes(&[]);
    let unsubscribed = async || {
        let own = bob.get("/api/v1/notification-settings").await.expect(200);
        (
            own["unsubscribed"].clone(),
            own["triggers"]["assigned"]["mail"].clone(),
        )
    };
    // Programs that look at links before people do, as often as they like.
    for _ in 0..3 {
        let page = nobody.get(&path).await;
        assert_eq!(
            (page.code(), page.header("cache-control")),
            (200, Some("no-store"))
        );
        let text = String::from_utf8_lossy(&page.bytes).into_owned();
        assert!(
            text.contains("<form method=\"post\">") && text.contains("assigned to you"),
            "{text}"
        );
    }
    assert_eq!(unsubscribed().await, (json!([]), json!("instant")));
    for _ in 0..2 {
        let request = nobody
            .request(Method::POST, &path)
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .set_payload("List-Unsubscribe=One-Click");
        let page = bob.app.send(request).await;
        assert_eq!(page.code(), 200);
        assert!(!String::from_utf8_lossy(&page.bytes).contains("<form"));
    }
    assert_eq!(
        unsubscribed().await,
        (json!(["assigned", "due_soon"]), json!("off"))
    );
    // A visitor is let in nowhere else, and no other link is one.
    assert_eq!(
        nobody.get("/api/v1/notifications").await.problem(),
        "scope_missing"
    );
    let forged = LinkKey::new([8; 32]).sign(&Link {
        member: bob.id().parse().unwrap(),
        triggers: vec![Trigger::Assigned],
    });
    let forged = nobody.get(&format!("/unsubscribe/{forged}")).await;
    assert_eq!(
        (forged.code(), forged.problem().as_str()),
        (404, "not_found")
    );
}
