//! What a folder's and a grid's listeners hear of what lies in them, and of what leaves.

use serde_json::{Value, json};

use super::{Client, rename};
use crate::{app::Person, matrix::world::World};

async fn move_to(person: &Person, kind: &str, id: &str, parent: Value) {
    let path = format!("/api/v1/{kind}/{id}/move");
    let answer = person.post(&path, &parent).await;
    assert_eq!(answer.code(), 200, "{}", answer.json());
}

async fn listen(world: &World, person: &Person, topic: &str) -> Client {
    let address = world.app.serve();
    let mut client = Client::open(address, person, &format!("?topics={topic}")).await;
    client.hear().await;
    assert_eq!(client.hear().await["type"], "subscribed");
    client
}

/// Takes away what the external was given on an object.
async fn withdraw(world: &World, object: &str) {
    let grants = format!("/api/v1/grants?object_id={object}");
    let grants = world.architect.get(&grants).await.json();
    let mut grants = grants["data"].as_array().unwrap().iter();
    let grant = grants.find(|grant| grant["subject_id"] == json!(world.external.id()));
    let path = format!("/api/v1/grants/{}", grant.unwrap()["id"].as_str().unwrap());
    assert_eq!(world.architect.delete(&path, "*").await.code(), 204);
}

async fn rename_folder(world: &World, folder: &str) {
    let path = format!("/api/v1/folders/{folder}");
    let body = json!({ "name": world.name() });
    assert_eq!(world.architect.patch(&path, "*", &body).await.code(), 200);
}

#[actix_web::test]
async fn who_sees_the_folder_and_not_the_grid_hears_nothing_of_the_grid() {
    let world = World::new().await;
    let topic = format!("folder:{}", world.folder);
    let mut guest = listen(&world, &world.external, &topic).await;
    rename(&world.editor, &world.grid, "Open").await;
    assert_eq!(guest.event().await.2, world.grid);

    withdraw(&world, &world.grid).await;
    rename(&world.editor, &world.grid, "Secret").await;
    let hidden = world.new_folder().await;
    withdraw(&world, &hidden).await;
    rename_folder(&world, &hidden).await;
    rename_folder(&world, &world.folder).await;
    let mut heard = guest.event().await;
    while heard.2 == hidden && heard.1 != "folder.changed" {
        // That it came to be, they saw.
        heard = guest.event().await;
    }
    assert_eq!((&*heard.1, &heard.2), ("folder.changed", &world.folder));
}

#[actix_web::test]
async fn a_folder_hears_what_lies_in_it_and_what_leaves() {
    let world = World::new().await;
    let topic = format!("folder:{}", world.folder);
    let mut reader = listen(&world, &world.reader, &topic).await;
    let root = world.acme.root().to_string();

    let below = world.new_folder().await;
    rename_folder(&world, &below).await;
    let to = json!({ "folder_id": below });
    move_to(&world.architect, "work-items", &world.grid, to).await;
    move_to(
        &world.architect,
        "folders",
        &below,
        json!({ "parent_id": root }),
    )
    .await;
    // Elsewhere by now.
    rename_folder(&world, &below).await;
    let gone = world.new_folder().await;
    let path = format!("/api/v1/folders/{gone}");
    assert_eq!(world.architect.delete(&path, "*").await.code(), 204);

    for (kind, object) in [
        ("folder.created", &below),
        ("folder.changed", &below),
        ("work_item.moved", &world.grid),
        ("folder.moved", &below),
        ("folder.created", &gone),
        ("folder.deleted", &gone),
    ] {
        let (_, heard, of) = reader.event().await;
        assert_eq!((&*heard, &of), (kind, object));
    }
}

/// A grid that the external does not see, and an element in it.
async fn hidden_grid(world: &World) -> (String, String) {
    let item = async |body| world.architect.create("/api/v1/work-items", body).await;
    let root = world.acme.root();
    let grid = item(json!({ "kind": "grid", "name": "Other", "folder_id": root })).await;
    let stage = item(json!({ "kind": "stage", "name": "Stage", "parent_id": grid })).await;
    let theme = item(json!({ "kind": "theme", "name": "Theme", "parent_id": grid })).await;
    let element = item(
        json!({ "kind": "element", "name": "Element", "parent_id": stage,
                               "theme_id": theme }),
    );
    let element = element.await;
    (grid, element)
}

#[actix_web::test]
async fn a_grid_hears_what_leaves_it_and_not_for_where() {
    let world = World::new().await;
    let (grid, element) = hidden_grid(&world).await;
    let task = world.new_task().await;
    let topic = format!("grid:{}", world.grid);
    let mut guest = listen(&world, &world.external, &topic).await;
    let to = json!({ "parent_id": element });
    move_to(&world.architect, "work-items", &task, to).await;
    let heard = guest.hear().await;
    assert_eq!(heard["event"]["kind"], "work_item.moved");
    assert_eq!(heard["event"]["object_id"], json!(task));
    assert_eq!(heard["event"]["grid_id"], json!(world.grid));
    assert!(!heard.to_string().contains(&grid), "{heard}");
}

#[actix_web::test]
async fn who_holds_no_right_on_a_grid_is_not_told_that_something_in_it_is_theirs() {
    let world = World::new().await;
    let (_, element) = hidden_grid(&world).await;
    let body = json!({ "kind": "task", "name": "Hidden", "parent_id": element,
                       "assignee_id": world.external.id() });
    let mut guest = listen(&world, &world.external, "me").await;
    let hidden = world.architect.create("/api/v1/work-items", body).await;
    for (task, person) in [
        (&hidden, &world.reader),
        (&hidden, &world.external),
        (&world.task, &world.external),
    ] {
        let path = format!("/api/v1/work-items/{task}");
        let body = json!({ "assignee_id": person.id() });
        assert_eq!(world.editor.patch(&path, "*", &body).await.code(), 200);
    }
    assert_eq!(guest.event().await.2, world.task);
}
