//! What clients build on: statuses, headers, bodies, pages.

use actix_web::http::Method;
use kernel::Role;
use serde_json::{Value, json};

use crate::{app::TestApp, matrix::world::World};

#[actix_web::test]
async fn an_item_is_created_read_changed_deleted_and_brought_back() {
    let world = World::new().await;
    let me = &world.editor;
    let body = json!({ "kind": "task", "name": "Write", "parent_id": world.element,
                       "duration_minutes": 90, "labels": [{ "id": world.label, "primary": true }] });
    let created = me.post("/api/v1/work-items", &body).await;
    let item = created.expect(201);
    assert_eq!(created.header("etag"), Some("\"1\""));
    let path = format!("/api/v1/work-items/{}", created.id());
    assert_eq!(created.header("location"), Some(path.as_str()));
    let fields: Vec<_> = item
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    insta::assert_json_snapshot!("fields of a work item", fields);
    insta::assert_json_snapshot!("a task", item, {
        ".id" => "…", ".grid_id" => "…", ".parent_id" => "…", ".stage_id" => "…",
        ".theme_id" => "…", ".labels[].id" => "…",
    });

    let read = me.get(&path).await;
    assert_eq!(
        (read.expect(200), read.header("etag")),
        (item, Some("\"1\""))
    );

    let changed = me
        .patch(&path, "\"1\"", &json!({ "rag": "amber", "labels": [] }))
        .await;
    let item = changed.expect(200);
    assert_eq!(
        (&item["rag"], &item["labels"]),
        (&json!("amber"), &json!([]))
    );
    assert_eq!(changed.header("etag"), Some("\"2\""));
    let cleared = me
        .patch(&path, "\"2\"", &json!({ "rag": null }))
        .await
        .expect(200);
    assert_eq!(cleared["rag"], Value::Null);

    assert_eq!(
        world.architect.delete(&path, "\"3\"").await.expect(204),
        Value::Null
    );
    assert_eq!(me.get(&path).await.code(), 404);
    let undelete = format!("{path}/undelete");
    let request = world.architect.request(Method::POST, &undelete);
    let stale = world
        .app
        .send(request.insert_header(("if-match", "\"77\"")))
        .await;
    assert_eq!(stale.problem(), "precondition_failed");
    let request = world.architect.request(Method::POST, &undelete);
    let back = world
        .app
        .send(request.insert_header(("if-match", "*")))
        .await;
    assert_eq!(back.expect(200)["deleted_at"], Value::Null);
    me.get(&path).await.expect(200);
}

#[actix_web::test]
async fn verbs_take_an_etag_and_go_without() {
    let world = World::new().await;
    let task = world.new_task().await;
    let path = format!("/api/v1/work-items/{task}");
    let me = &world.reader;
    let done = me
        .post(&format!("{path}/complete"), &json!({}))
        .await
        .expect(200);
    assert_eq!(done["progress"], 1.0);
    let request = me.request(Method::POST, &format!("{path}/reopen"));
    let stale = world
        .app
        .send(request.insert_header(("if-match", "\"77\"")))
        .await;
    assert_eq!(stale.problem(), "precondition_failed");
    let request = me.request(Method::POST, &format!("{path}/reopen"));
    let open = world.app.send(request).await.expect(200);
    assert_eq!(open["completed_at"], Value::Null);
}

#[actix_web::test]
async fn a_list_is_walked_page_by_page() {
    let app = TestApp::new().await;
    let acme = app.tenant("acme").await;
    let me = acme.member(Role::Architect).await;
    let mut names = Vec::new();
    for n in 0..5 {
        let name = format!("Plan {n}");
        let body = json!({ "kind": "grid", "name": name, "folder_id": acme.root() });
        me.create("/api/v1/work-items", body).await;
        names.push(name);
    }
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let page = me
            .get(&format!(
                "/api/v1/work-items?kind=grid&sort=name&limit=2{cursor}"
            ))
            .await
            .expect(200);
        let rows = page["data"].as_array().unwrap();
        seen.extend(
            rows.iter()
                .map(|row| row["name"].as_str().unwrap().to_owned()),
        );
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((seen, pages), (names, 3));
}

#[actix_web::test]
async fn a_board_holds_the_plan() {
    let world = World::new().await;
    let board = world
        .external
        .get(&format!("/api/v1/grids/{}/board", world.grid))
        .await
        .expect(200);
    assert_eq!(board["stages"][0]["id"], world.stage);
    assert_eq!(
        board["cells"][0]["elements"][0]["tasks"],
        json!({ "total": 2, "done": 0 })
    );
}
