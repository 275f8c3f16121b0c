//! Coming back: what was purged is said, whatever rows stay; what nobody can read is passed over.

use std::time::Duration;

use serde_json::json;
use tr_live::HubSettings;

use super::{Client, PATIENCE, Stream, rename};
use crate::matrix::world::World;

#[actix_web::test]
async fn rows_that_stay_do_not_hide_what_was_purged() {
    let world = World::new().await;
    // Dead notifications stay, and so does an event in the middle that was done late.
    for sql in [
        "UPDATE outbox SET dead_at = UTC_TIMESTAMP(6) WHERE class = 'notification'",
        "DELETE FROM outbox WHERE class = 'activity' AND number IN (2, 3, 4, 5, 7)",
    ] {
        world.acme.sql(sql).await;
    }
    let code = async |since: u64| {
        let path = format!("/api/v1/events?generation=1&since={since}");
        // What is not refused does not end.
        let answer = testkit::within(PATIENCE, world.reader.get(&path)).await;
        answer.expect("a refusal").code()
    };
    for gone in 1..=6 {
        assert_eq!(code(gone).await, 410, "since {gone}");
    }
    let address = world.app.serve();
    let mut client = Client::open(address, &world.reader, "?generation=1&since=7").await;
    assert_eq!(client.hear().await["last"], json!(7));
}

#[actix_web::test]
async fn an_event_that_cannot_be_read_is_passed_over() {
    let world = World::new().await;
    let address = world.app.serve();
    let query = format!("?topics=grid:{}", world.grid);
    let mut client = Client::open(address, &world.reader, &query).await;
    let last = client.hear().await["last"].as_u64().unwrap();
    client.hear().await;
    for sql in [
        "INSERT INTO outbox (number, class, event_id, kind, version, payload, occurred_at) \
         SELECT value + 1, 'activity', UNHEX(REPLACE(UUID(), '-', '')), 'work_item.changed', 1, \
         '{}', UTC_TIMESTAMP(6) FROM event_counter",
        "UPDATE event_counter SET value = value + 1",
    ] {
        world.acme.sql(sql).await;
    }
    rename(&world.editor, &world.task, "One").await;
    assert_eq!(client.event().await.0, last + 2);

    let again = format!("{query}&generation=1&since={last}");
    let mut client = Client::open(address, &world.reader, &again).await;
    assert_eq!(client.hear().await["last"], json!(last));
    client.hear().await;
    assert_eq!(client.event().await.0, last + 2);
}

#[actix_web::test]
async fn who_hears_of_nothing_knows_up_to_where_they_have_heard() {
    let world = World::with(HubSettings {
        heartbeat: Duration::from_millis(50),
        ..HubSettings::default()
    })
    .await;
    let address = world.app.serve();
    let query = format!("?topics=grid:{}", world.grid);
    let mut client = Client::open(address, &world.reader, &query).await;
    let old = client.hear().await["last"].as_u64().unwrap();
    client.hear().await;
    let mut stream = Stream::open(&world, "").await;
    stream.until("event: subscribed").await;

    // Of no grid.
    world.new_label().await;
    world.acme.repeat(6_000).await;
    world.app.hub.committed(world.acme.context);
    let last = world.acme.last().await;
    let mut mark = old;
    while mark < last {
        let heard = client.hear().await;
        assert_eq!(heard["type"], "mark", "{heard}");
        let further = heard["last"].as_u64().unwrap();
        assert!(further > mark && further <= last, "{heard}");
        mark = further;
    }
    // No event, for a browser.
    stream.until(&format!("\r\nid: 1-{last}\n\n")).await;

    let old = format!("/api/v1/events{query}&generation=1&since={old}");
    assert_eq!(world.reader.get(&old).await.code(), 410);
    let again = format!("{query}&generation=1&since={mark}");
    let mut client = Client::open(address, &world.reader, &again).await;
    assert_eq!(client.hear().await["last"], json!(last));
    client.hear().await;
    rename(&world.editor, &world.task, "One").await;
    assert_eq!(client.event().await.0, last + 1);
}
