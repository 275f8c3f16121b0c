//! `Idempotency-Key`: a repetition gets the answer of the first, and nothing happens again.

use kernel::Role;
use serde_json::{Value, json};

use crate::{app::TestApp, matrix::world::World};

#[actix_web::test]
async fn a_repetition_is_answered_as_the_first_was() {
    let world = World::new().await;
    let me = &world.architect;
    let task = world.new_task().await;
    let cases = [
        (
            "folders".to_owned(),
            json!({ "parent_id": world.folder, "name": "Once" }),
        ),
        (
            "work-items".to_owned(),
            json!({ "kind": "task", "name": "Once", "parent_id": world.element }),
        ),
        (
            "labels".to_owned(),
            json!({ "name": "Once", "colour": "#112233" }),
        ),
        ("groups".to_owned(), json!({ "name": "Once" })),
        (
            "grants".to_owned(),
            json!({ "object_id": world.grid, "subject": "group", "subject_id": world.group,
                    "level": "view" }),
        ),
        (
            "dependencies".to_owned(),
            json!({ "predecessor_id": world.task, "successor_id": task, "kind": "FS" }),
        ),
        (format!("work-items/{task}/complete"), json!({})),
        (format!("work-items/{task}/reopen"), json!({})),
        (
            format!("work-items/{task}/move"),
            json!({ "after": world.task }),
        ),
        (
            format!("folders/{}/move", world.new_folder().await),
            json!({ "parent_id": world.folder }),
        ),
    ];
    for (path, body) in cases {
        let path = format!("/api/v1/{path}");
        let first = me.post_keyed(&path, "key-1", &body).await;
        assert!(first.status.is_success(), "{path}: {}", first.json());
        assert_eq!(first.header("idempotent-replayed"), None, "{path}");
        let again = me.post_keyed(&path, "key-1", &body).await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{path}");
        assert_eq!(
            (again.code(), &again.bytes),
            (first.code(), &first.bytes),
            "{path}"
        );
        for name in ["etag", "location", "content-type"] {
            assert_eq!(again.header(name), first.header(name), "{path}: {name}");
        }
        let mut other = body.clone();
        other["name"] = json!("Other");
        let reused = me.post_keyed(&path, "key-1", &other).await;
        // A verb without a body does not look at one.
        if !path.ends_with("/reopen") {
            assert_eq!(reused.code(), 422, "{path}");
        }
    }
    let made = me
        .get(&format!("/api/v1/folders?parent_id={}", world.folder))
        .await
        .expect(200);
    let named = |row: &&Value| row["name"] == "Once";
    assert_eq!(
        made["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(named)
            .count(),
        1
    );
}

#[actix_web::test]
async fn a_key_is_of_its_member_and_route() {
    let app = TestApp::new().await;
    let acme = app.tenant("acme").await;
    let (one, two) = (
        acme.member(Role::Architect).await,
        acme.member(Role::Architect).await,
    );
    let body = json!({ "parent_id": acme.root(), "name": "Same" });
    let first = one.post_keyed("/api/v1/folders", "k", &body).await;
    let second = two.post_keyed("/api/v1/folders", "k", &body).await;
    assert_eq!((first.code(), second.code()), (201, 201));
    assert_ne!(first.id(), second.id());
    let wrong = one
        .post_keyed("/api/v1/folders", "with blanks", &body)
        .await;
    assert_eq!(wrong.problem(), "invalid_idempotency_key");
}

#[actix_web::test]
async fn a_refused_request_leaves_its_key_free() {
    let world = World::new().await;
    let path = "/api/v1/folders";
    let me = &world.editor;
    let nowhere = json!({ "parent_id": uuid::Uuid::nil(), "name": "A" });
    assert_eq!(me.post_keyed(path, "k", &nowhere).await.code(), 422);
    let good = json!({ "parent_id": world.folder, "name": "A" });
    assert_eq!(me.post_keyed(path, "k", &good).await.code(), 201);
}
