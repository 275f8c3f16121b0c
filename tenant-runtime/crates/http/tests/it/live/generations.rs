//! A tenant whose database is another from now on, as after a restore: the numbers begin anew.

use kernel::{Generation, TenantContext};
use serde_json::json;

use super::Client;
use crate::{app::Person, matrix::world::World};

#[actix_web::test]
async fn another_generation_sends_all_away_and_knows_no_number_of_the_one_before() {
    let world = World::new().await;
    let address = world.app.serve();
    let query = format!("?topics=grid:{}", world.grid);
    let mut client = Client::open(address, &world.reader, &query).await;
    let hello = client.hear().await;
    assert_eq!(hello["generation"], json!(1));
    client.hear().await;

    let restored = TenantContext {
        generation: Generation(2),
        ..world.acme.context
    };
    world.acme.sql("UPDATE tenant SET generation = 2").await;
    world.acme.place(restored);
    world.app.pools.forget(restored.tenant);
    assert_eq!(client.closed().await, (1012, "moved".to_owned()));

    let mut reader: Person = world.reader.clone();
    reader.claims.tenant = restored;
    let last = hello["last"].as_u64().unwrap();
    let old = format!("/api/v1/events{query}&since={last}&generation=1");
    let answer = reader.get(&old).await;
    assert_eq!(
        (answer.code(), answer.json()["code"].clone()),
        (410, json!("events_gone"))
    );
    let again = format!("{query}&since={last}&generation=2");
    let mut client = Client::open(address, &reader, &again).await;
    assert_eq!(
        client.hear().await,
        json!({ "type": "hello", "last": last, "generation": 2 })
    );
}

#[actix_web::test]
async fn a_number_is_one_of_a_generation() {
    let world = World::new().await;
    let answer = world.reader.get("/api/v1/events?since=1").await;
    assert_eq!(
        (answer.code(), answer.json()["code"].clone()),
        (400, json!("invalid_query"))
    );
    let again = async |id: &'static str| {
        let request = world
            .reader
            .request(actix_web::http::Method::GET, "/api/v1/events")
            .insert_header(("last-event-id", id));
        world.app.send(request).await.code()
    };
    assert_eq!(again("2-3").await, 410);
    assert_eq!(again("3").await, 400);
}
