//! What is wrong gets the right problem, whole, and changes nothing.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::{
    app::{Answer, TestApp},
    matrix::world::World,
};

/// The sum over every table of the tenant's database.
async fn checksum(world: &World) -> Vec<(String, String)> {
    use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
    let conn = world.acme.db.conn();
    let query = |sql: String| conn.query_all_raw(Statement::from_string(DbBackend::MySql, sql));
    let tables = query("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'".into())
        .await
        .unwrap();
    let tables: Vec<String> = tables
        .iter()
        .map(|row| row.try_get_by_index::<String>(0).unwrap())
        .collect();
    let list: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
    let sums = query(format!("CHECKSUM TABLE {} EXTENDED", list.join(",")))
        .await
        .unwrap();
    sums.iter()
        .map(|row| {
            let sum = row.try_get_by_index::<Option<i64>>(1).unwrap();
            (
                row.try_get_by_index::<String>(0).unwrap(),
                format!("{sum:?}"),
            )
        })
        .collect()
}

/// Sends a request of the architect's with this body.
async fn send(world: &World, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
    send_if(world, method, path, Some("*"), body).await
}

async fn send_if(
    world: &World,
    method: Method,
    path: &str,
    if_match: Option<&str>,
    body: Option<Vec<u8>>,
) -> Answer {
    let mut request = world.architect.request(method, path);
    if let Some(tag) = if_match {
        request = request.insert_header(("if-match", tag));
    }
    let request = match body {
        Some(body) => TestApp::with_body(request, body),
        None => request,
    };
    world.app.send(request).await
}

fn of(body: &Value) -> Option<Vec<u8>> {
    Some(body.to_string().into_bytes())
}

fn text(body: &str) -> Option<Vec<u8>> {
    Some(body.as_bytes().to_vec())
}

macro_rules! problems {
    ($world:expr, { $($name:literal => $answer:expr),* $(,)? }) => {{
        let before = checksum($world).await;
        $(
            let answer: Answer = $answer.await;
            assert_eq!(answer.header("content-type"), Some("application/problem+json"), $name);
            assert_eq!(answer.header("x-request-id"), Some("test"), $name);
            insta::assert_json_snapshot!($name, answer.json());
        )*
        assert_eq!(checksum($world).await, before, "nothing may have changed");
    }};
}

#[actix_web::test]
async fn bodies() {
    let world = &World::new().await;
    let items = "/api/v1/work-items";
    let task = format!("{items}/{}", world.task);
    let post = |body| send(world, Method::POST, items, body);
    problems!(world, {
        "malformed JSON" => post(text("{\"kind\": \"task\",")),
        "no JSON at all" => post(text("")),
        "wrong types" => post(of(&json!({ "kind": "task", "name": 7, "parent_id": world.element }))),
        "unknown field" => post(of(&json!({ "kind": "task", "name": "A", "parent_id": world.element, "colour": 1 }))),
        "missing field" => post(of(&json!({ "kind": "task", "parent_id": world.element }))),
        "unknown kind" => post(of(&json!({ "kind": "sprint", "name": "A", "parent_id": world.element }))),
        "bad id in a body" => post(of(&json!({ "kind": "task", "name": "A", "parent_id": "12" }))),
        "empty name and wrong references" => post(of(&json!({ "kind": "grid", "name": " ", "parent_id": world.grid }))),
        "unknown parent" => post(of(&json!({ "kind": "task", "name": "A", "parent_id": "00000000-0000-7000-8000-000000000000" }))),
        "a body of ten megabytes" => post(Some(vec![b'x'; 10 * 1024 * 1024])),
        "not declared as JSON" => world.app.send(
            world.architect.request(Method::POST, items).insert_header(("content-type", "text/plain")).set_payload("{}")
        ),
        "a bad time" => send(world, Method::PATCH, &task, of(&json!({ "start": "2026-02-30T10:00" }))),
        "times out of order" => send(world, Method::PATCH, &task, of(&json!({ "start": "2026-03-02T10:00", "finish": "2026-03-01T10:00" }))),
        "null for a name" => send(world, Method::PATCH, &task, text("{\"name\": []}")),
        "twice the same field" => send(world, Method::PATCH, &task, text("{\"rag\": \"red\", \"rag\": \"green\"}")),
    });
}

#[actix_web::test]
async fn targets() {
    let world = &World::new().await;
    let get = |path: &'static str| send(world, Method::GET, path, None);
    let unseen = world.outsider.get("/api/v1/folders").await.expect(200);
    let foreign = unseen["data"][0]["id"].as_str().unwrap().to_owned();
    problems!(world, {
        "unknown route" => get("/api/v1/nothing"),
        "outside the API" => get("/"),
        "wrong method" => send(world, Method::PUT, "/api/v1/folders", None),
        "bad id in the path" => get("/api/v1/work-items/12"),
        "unknown id" => get("/api/v1/work-items/00000000-0000-7000-8000-000000000000"),
        "id of another tenant" => world.architect.get(&format!("/api/v1/folders/{foreign}")),
        "unknown parameter" => get("/api/v1/work-items?colour=red"),
        "wrong parameter" => get("/api/v1/work-items?complete=maybe"),
        "limit too high" => get("/api/v1/work-items?limit=201"),
        "unknown kind in the query" => get("/api/v1/work-items?kind=sprint"),
        "unknown order" => get("/api/v1/work-items?sort=colour"),
        "foreign cursor" => get("/api/v1/work-items?cursor=bm9uc2Vuc2U"),
    });
    let wrong = send(world, Method::PUT, "/api/v1/folders", None).await;
    assert_eq!(wrong.header("allow"), Some("GET, POST"));
}

#[actix_web::test]
async fn preconditions() {
    let world = &World::new().await;
    let task = format!("/api/v1/work-items/{}", world.task);
    let unknown = "/api/v1/work-items/00000000-0000-7000-8000-000000000000";
    let rename = || of(&json!({ "name": "Renamed" }));
    let nonsense = || text("{\"name\": 7}");
    problems!(world, {
        "If-Match missing" => send_if(world, Method::PATCH, &task, None, rename()),
        "If-Match missing on delete" => send_if(world, Method::DELETE, &task, None, None),
        "If-Match stale" => send_if(world, Method::PATCH, &task, Some("\"99\""), rename()),
        "If-Match weak" => send_if(world, Method::PATCH, &task, Some("W/\"1\""), rename()),
        "If-Match malformed" => send_if(world, Method::PATCH, &task, Some("1"), rename()),
        "404 before all" => send_if(world, Method::PATCH, unknown, None, nonsense()),
        "428 before 422" => send_if(world, Method::PATCH, &task, None, nonsense()),
        "412 before 422" => send_if(world, Method::PATCH, &task, Some("\"99\""), nonsense()),
        "422 at last" => send_if(world, Method::PATCH, &task, Some("\"1\""), nonsense()),
        "403 before 428" => world.app.send(
            TestApp::with_body(world.reader.request(Method::PATCH, &task), "{\"name\": 7}")
        ),
    });
}

#[actix_web::test]
async fn identities() {
    let world = &World::new().await;
    let path = format!("/api/v1/work-items/{}", world.task);
    let ask = |identity: &'static str| {
        world
            .app
            .send(TestApp::request(Method::GET, &path).insert_header((identity::HEADER, identity)))
    };
    problems!(world, {
        "no identity" => world.app.send(TestApp::request(Method::GET, &path)),
        "nonsense for an identity" => ask("x.y.z"),
        "a token without the scope" => world.architect.with_scopes(&[]).get(&path),
    });
}

#[actix_web::test]
async fn rules() {
    let world = &World::new().await;
    let post = |path: &str, body: Value| {
        let path = format!("/api/v1/{path}");
        async move { send(world, Method::POST, &path, of(&body)).await }
    };
    let (task, element) = (&world.task, &world.element);
    problems!(world, {
        "an element completes by its tasks" => post(&format!("work-items/{element}/complete"), json!({})),
        "a label's name is taken" => post("labels", json!({ "name": "Urgent", "colour": "#000000" })),
        "a dependency on itself" => post("dependencies", json!({ "predecessor_id": task, "successor_id": task })),
        "a task cannot lie in a stage" => post(&format!("work-items/{task}/move"), json!({ "parent_id": world.stage })),
        "an external may not manage" => post("grants", json!({ "object_id": world.grid, "subject": "member", "subject_id": world.external.id(), "level": "manage" })),
        "the root stays" => send(world, Method::DELETE, &format!("/api/v1/folders/{}", world.acme.root()), None),
    });
}
