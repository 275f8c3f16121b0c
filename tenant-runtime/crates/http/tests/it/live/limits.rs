//! What one client can ask for, and what one that does not keep up is told.

use std::time::Duration;

use futures_util::SinkExt as _;
use kernel::MemberId;
use serde_json::{Value, json};
use testkit::StatementCounter;
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;
use tr_live::{HubSettings, Presence, PresenceMessage};

use super::{Client, Stream, rename};
use crate::matrix::world::World;

#[actix_web::test]
async fn a_message_names_a_hundred_topics_at_most() {
    let world = World::new().await;
    let address = world.app.serve();
    let mut client = Client::open(address, &world.reader, "").await;
    client.hear().await;
    let unknown = |count: u128| -> Vec<String> {
        let ids = (1..=count).map(uuid::Uuid::from_u128);
        ids.map(|id| format!("grid:{id}")).collect()
    };
    client
        .say(json!({ "type": "subscribe", "topics": unknown(101) }))
        .await;
    let heard = client.hear().await;
    assert_eq!(heard["type"], "invalid", "{heard}");

    let mut topics = unknown(98);
    topics.insert(40, format!("grid:{}", world.grid));
    topics.push(format!("folder:{}", world.folder));
    let ask = json!({ "type": "subscribe", "topics": topics });
    client.say(ask).await;
    for topic in topics {
        let heard = client.hear().await;
        let known = topic.contains(&world.grid) || topic.contains(&world.folder);
        let answer = if known { "subscribed" } else { "unsubscribed" };
        assert_eq!(
            (&heard["type"], &heard["topic"]),
            (&json!(answer), &json!(topic))
        );
    }
}

#[actix_web::test]
async fn who_types_is_told_once_a_second_and_that_they_have_gone() {
    let world = World::new().await;
    let address = world.app.serve();
    let query = format!("?topics=grid:{}", world.grid);
    let mut reader = Client::open(address, &world.reader, &query).await;
    let mut editor = Client::open(address, &world.editor, &query).await;
    for client in [&mut reader, &mut editor] {
        client.hear().await;
        client.hear().await;
    }
    let begun = std::time::Instant::now();
    for state in ["viewing", "typing", "typing", "viewing", "typing", "typing"] {
        editor
            .say(json!({ "type": "presence", "grid_id": world.grid, "state": state }))
            .await;
    }
    let state = async |client: &mut Client| -> Value { client.hear().await["state"].clone() };
    assert_eq!(state(&mut reader).await, "viewing");
    assert_eq!(state(&mut reader).await, "typing");
    assert!(begun.elapsed() >= Duration::from_secs(1));
    drop(editor);
    assert_eq!(state(&mut reader).await, "left");
}

#[actix_web::test]
async fn a_stream_that_nobody_reads_loses_no_event() {
    let world = World::new().await;
    let mut stream = Stream::open(&world, "").await;
    stream.until("event: subscribed").await;
    let presence = PresenceMessage {
        grid_id: world.grid.parse().unwrap(),
        member_id: MemberId::from_uuid(uuid::Uuid::from_u128(1)),
        state: Presence::Typing,
    };
    // More than all buffers on the way hold, and nobody reads.
    for _ in 0..300_000 {
        let tenant = world.acme.context.tenant;
        world.app.hub.present(tenant, presence.clone());
    }
    rename(&world.editor, &world.task, "One").await;
    stream.until("work_item.changed").await;
}

#[actix_web::test]
async fn a_stream_that_is_too_slow_ends_with_a_word() {
    let world = World::with(HubSettings {
        backlog: 16,
        ..HubSettings::default()
    })
    .await;
    let mut stream = Stream::open(&world, "").await;
    stream.until("event: subscribed").await;
    // The feed tells hundreds at once, and the first that did not wait in memory is gone by now.
    let gone = world.acme.last().await + 20;
    world.acme.repeat(600).await;
    let purge = format!("DELETE FROM outbox WHERE number = {gone}");
    world.acme.sql(&purge).await;
    world.app.hub.committed(world.acme.context);
    stream
        .until("event: ended\ndata: {\"type\":\"ended\",\"reason\":\"too slow\"}")
        .await;
}

#[actix_web::test]
async fn a_client_that_asks_whether_we_live_and_reads_no_answer_is_let_go() {
    let world = World::with(HubSettings {
        patience: Duration::from_secs(1),
        burst: 1_000_000,
        ..HubSettings::default()
    })
    .await;
    let address = world.app.serve();
    let query = format!("?topics=grid:{}", world.grid);
    let mut reader = Client::open(address, &world.reader, &query).await;
    // Little waits on the way to the other one.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(address).await.unwrap();
    let mut pinger = Client::on(stream, &world.editor, &query).await;
    for client in [&mut reader, &mut pinger] {
        client.hear().await;
        client.hear().await;
    }
    pinger
        .say(json!({ "type": "presence", "grid_id": world.grid, "state": "viewing" }))
        .await;
    assert_eq!(reader.hear().await["state"], "viewing");
    let pinging = actix_web::rt::spawn(async move {
        let ping = || Message::Ping(vec![0; 125].into());
        while pinger.0.send(ping()).await.is_ok() {}
        // Until the test ends, it does not go by itself.
        std::future::pending::<()>().await;
        drop(pinger);
    });
    assert_eq!(reader.hear().await["state"], "left");
    pinging.abort();
}

#[actix_web::test]
async fn messages_of_a_client_wait_for_their_turn() {
    let world = World::new().await;
    let address = world.app.serve();
    let mut client = Client::open(address, &world.reader, "").await;
    client.hear().await;
    let begun = std::time::Instant::now();
    let topic = format!("grid:{}", world.grid);
    for _ in 0..60 {
        client
            .say(json!({ "type": "subscribe", "topics": [topic] }))
            .await;
    }
    for _ in 0..60 {
        assert_eq!(client.hear().await["type"], "subscribed");
    }
    // Fifty at once, and the others a tenth of a second after each other.
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

/// What a withdrawn grant on the grid asks of the database, until all have heard of it.
async fn withdraw(world: &World, clients: &mut [Client]) -> u64 {
    let grant = world.new_grant().await;
    for client in &mut *clients {
        assert_eq!(client.event().await.1, "grant.changed");
    }
    let counter = StatementCounter::start(&world.acme.account.user).await;
    let path = format!("/api/v1/grants/{grant}");
    assert_eq!(world.architect.delete(&path, "*").await.code(), 204);
    for client in clients {
        assert_eq!(client.event().await.1, "grant.changed");
    }
    counter.read().await.of("com/Execute")
}

#[actix_web::test]
async fn sockets_of_one_member_share_the_question_whether_they_may_go_on() {
    let world = World::new().await;
    let address = world.app.serve();
    let query = format!("?topics=grid:{}", world.grid);
    let mut clients = Vec::new();
    for _ in 0..12 {
        let mut client = Client::open(address, &world.reader, &query).await;
        client.hear().await;
        client.hear().await;
        clients.push(client);
    }
    let many = withdraw(&world, &mut clients).await;
    clients.truncate(1);
    let one = withdraw(&world, &mut clients).await;
    // A feed may have looked by itself meanwhile.
    assert!(many <= one + 4, "{many} for twelve, {one} for one");
}
