//! Live events: nothing is missed, nothing comes twice, nobody hears of what they do not see.

mod catching_up;
mod generations;
mod limits;
mod places;
mod resuming;

use std::{net::SocketAddr, time::Duration};

use actix_web::http::Method;
use futures_util::{SinkExt as _, StreamExt as _};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::{
    app::{Person, Tenant},
    matrix::world::World,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// A client of a socket.
struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn open(address: SocketAddr, person: &Person, query: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::on(stream, person, query).await
    }

    /// Over a connection that is there.
    async fn on(stream: TcpStream, person: &Person, query: &str) -> Self {
        let url = format!("ws://{}/ws{query}", stream.peer_addr().unwrap());
        let mut request = url.into_client_request().unwrap();
        let identity = person.identity().parse().unwrap();
        request.headers_mut().insert(identity::HEADER, identity);
        let (socket, _) = client_async(request, stream).await.unwrap();
        Self(socket)
    }

    async fn say(&mut self, message: Value) {
        let message = Message::text(message.to_string());
        self.0.send(message).await.unwrap();
    }

    /// The next message that is text.
    async fn hear(&mut self) -> Value {
        let text = async {
            loop {
                match self.0.next().await.expect("a message").unwrap() {
                    Message::Text(text) => return text,
                    Message::Ping(_) | Message::Pong(_) => {}
                    other => panic!("not text: {other:?}"),
                }
            }
        };
        let text = testkit::within(PATIENCE, text).await;
        serde_json::from_str(&text.expect("a message in time")).unwrap()
    }

    /// With which code and reason the node closes the socket, whatever it says before.
    async fn closed(&mut self) -> (u16, String) {
        loop {
            let message = testkit::within(PATIENCE, self.0.next()).await;
            let message = message.expect("an end in time");
            if let Message::Close(frame) = message.expect("a message").unwrap() {
                let frame = frame.expect("a reason");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    /// The next event: its number, kind and object.
    async fn event(&mut self) -> (u64, String, String) {
        let heard = self.hear().await;
        assert_eq!(heard["type"], "event", "{heard}");
        let event = &heard["event"];
        let text = |field: &str| event[field].as_str().unwrap().to_owned();
        (
            event["number"].as_u64().unwrap(),
            text("kind"),
            text("object_id"),
        )
    }
}

/// A client of a stream.
struct Stream(TcpStream);

impl Stream {
    /// Of the world's grid, for its reader; with these lines in the request's head.
    async fn open(world: &World, headers: &str) -> Self {
        let head = format!(
            "GET /api/v1/events?topics=grid:{} HTTP/1.1\r\nhost: node\r\n{headers}{}: {}\r\n\r\n",
            world.grid,
            identity::HEADER,
            world.reader.identity()
        );
        let mut stream = TcpStream::connect(world.app.serve()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(stream)
    }

    /// What comes next; nothing when it has ended.
    async fn more(&mut self) -> String {
        let mut buffer = Vec::with_capacity(64 * 1024);
        let read = testkit::within(PATIENCE, self.0.read_buf(&mut buffer)).await;
        read.expect("more in time").unwrap();
        String::from_utf8_lossy(&buffer).into_owned()
    }

    /// Reads until this comes; gives all but what came long before.
    async fn until(&mut self, word: &str) -> String {
        let mut text = String::new();
        while !text.contains(word) {
            let keep = text.len().saturating_sub(1_000);
            text.drain(..text.floor_char_boundary(keep));
            let more = self.more().await;
            assert!(!more.is_empty(), "ended without {word}: {text}");
            text.push_str(&more);
        }
        text
    }
}

impl Tenant {
    async fn sql(&self, sql: &str) {
        let done = self.db.conn().execute_unprepared(sql).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The number of the last event.
    async fn last(&self) -> u64 {
        let sql = "SELECT CAST(value AS SIGNED) FROM event_counter";
        self.count(sql).await.unsigned_abs()
    }

    /// So many events more, which are as the last one, committed at once; nobody is told.
    async fn repeat(&self, times: u64) {
        let events = format!(
            "INSERT INTO outbox (number, class, event_id, kind, version, payload, occurred_at) \
             SELECT number + seq, class, UNHEX(REPLACE(UUID(), '-', '')), kind, version, payload, \
             occurred_at FROM outbox JOIN seq_1_to_{times} \
             WHERE class = 'activity' AND number = (SELECT value FROM event_counter)"
        );
        self.sql(&events).await;
        let numbers = format!("UPDATE event_counter SET value = value + {times}");
        self.sql(&numbers).await;
    }
}

async fn rename(person: &Person, item: &str, name: &str) {
    let path = format!("/api/v1/work-items/{item}");
    let answer = person.patch(&path, "*", &json!({ "name": name })).await;
    assert_eq!(answer.code(), 200);
}

#[actix_web::test]
async fn a_listener_hears_what_is_committed_in_its_grid() {
    let world = World::new().await;
    let address = world.app.serve();
    let topics = format!("?topics=grid:{}", world.grid);
    let mut client = Client::open(address, &world.reader, &topics).await;
    assert_eq!(client.hear().await["type"], "hello");
    assert_eq!(
        client.hear().await,
        json!({ "type": "subscribed", "topic": format!("grid:{}", world.grid) })
    );
    rename(&world.editor, &world.task, "One").await;
    let heard = client.hear().await;
    let event = &heard["event"];
    assert_eq!(event["kind"], "work_item.changed");
    assert_eq!(event["object_id"], json!(world.task));
    assert_eq!(event["actor_id"], json!(world.editor.id()));
    assert_eq!(event["fields"], json!(["name"]));
    // Not what changed to what: that is for those who ask with their rights.
    assert!(!heard.to_string().contains("One"), "{heard}");
}

#[actix_web::test]
async fn whoever_comes_back_misses_nothing_and_hears_nothing_twice() {
    let world = World::new().await;
    let address = world.app.serve();
    let topics = format!("topics=grid:{}", world.grid);
    let mut client = Client::open(address, &world.reader, &format!("?{topics}")).await;
    let hello = client.hear().await;
    client.hear().await;
    rename(&world.editor, &world.task, "One").await;
    let (first, ..) = client.event().await;
    assert_eq!(first, hello["last"].as_u64().unwrap() + 1);
    drop(client);
    for name in ["Two", "Three", "Four"] {
        rename(&world.editor, &world.task, name).await;
    }
    let again = format!("?generation=1&since={first}&{topics}");
    let mut client = Client::open(address, &world.reader, &again).await;
    assert_eq!(
        client.hear().await,
        json!({ "type": "hello", "last": first, "generation": 1 })
    );
    client.hear().await;
    rename(&world.editor, &world.task, "Five").await;
    for number in first + 1..=first + 4 {
        assert_eq!(client.event().await.0, number);
    }
}

#[actix_web::test]
async fn writers_and_listeners_at_once_lose_nothing() {
    let world = World::new().await;
    let address = world.app.serve();
    let query = format!("?generation=1&since=0&topics=grid:{}", world.grid);
    let write = async {
        for number in 0..60 {
            rename(&world.editor, &world.task, &format!("Task {number}")).await;
        }
    };
    let listen = async {
        let mut heard = Vec::new();
        for _ in 0..6 {
            let mut client = Client::open(address, &world.reader, &query).await;
            client.hear().await;
            client.hear().await;
            let mut numbers = Vec::new();
            // Whatever the moment at which one comes: all renames, in order.
            while numbers.len() < 60 {
                let (number, kind, object) = client.event().await;
                if kind == "work_item.changed" && object == world.task {
                    numbers.push(number);
                }
            }
            assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
            heard.push(numbers);
        }
        heard
    };
    let ((), heard) = tokio::join!(write, listen);
    assert!(heard.iter().all(|numbers| *numbers == heard[0]));
}

#[actix_web::test]
async fn nobody_hears_of_what_they_do_not_see() {
    let world = World::new().await;
    let address = world.app.serve();
    let grid = format!("grid:{}", world.grid);
    let mut outsider = Client::open(address, &world.outsider, "").await;
    outsider.hear().await;
    outsider
        .say(json!({ "type": "subscribe", "topics": [grid, "task:1", "me"] }))
        .await;
    let refused = |topic: &str, reason: &str| json!({ "type": "unsubscribed", "topic": topic, "reason": reason });
    assert_eq!(outsider.hear().await, refused(&grid, "not_found"));
    assert_eq!(outsider.hear().await, refused("task:1", "invalid"));
    assert_eq!(
        outsider.hear().await,
        json!({ "type": "subscribed", "topic": "me" })
    );
}

#[actix_web::test]
async fn a_withdrawn_right_ends_the_topic() {
    let world = World::new().await;
    let address = world.app.serve();
    let grid = format!("grid:{}", world.grid);
    let query = format!("?topics={grid}");
    let mut guest = Client::open(address, &world.external, &query).await;
    guest.hear().await;
    assert_eq!(guest.hear().await["type"], "subscribed");
    for object in [&world.folder, &world.grid] {
        let grants = format!("/api/v1/grants?object_id={object}");
        let grants = world.architect.get(&grants).await.json();
        let mut grants = grants["data"].as_array().unwrap().iter();
        let guests = grants.find(|grant| grant["subject_id"] == json!(world.external.id()));
        if let Some(grant) = guests {
            let path = format!("/api/v1/grants/{}", grant["id"].as_str().unwrap());
            assert_eq!(world.architect.delete(&path, "*").await.code(), 204);
        }
    }
    rename(&world.editor, &world.task, "Secret").await;
    assert_eq!(
        guest.hear().await,
        json!({ "type": "unsubscribed", "topic": grid, "reason": "not_found" })
    );
    guest
        .say(json!({ "type": "subscribe", "topics": ["me"] }))
        .await;
    // The rename came before this, and was not told.
    assert_eq!(
        guest.hear().await,
        json!({ "type": "subscribed", "topic": "me" })
    );
}

#[actix_web::test]
async fn others_in_a_grid_see_who_is_there() {
    let world = World::new().await;
    let address = world.app.serve();
    let query = format!("?topics=grid:{}", world.grid);
    let mut reader = Client::open(address, &world.reader, &query).await;
    let mut editor = Client::open(address, &world.editor, &query).await;
    for client in [&mut reader, &mut editor] {
        client.hear().await;
        client.hear().await;
    }
    editor
        .say(json!({ "type": "presence", "grid_id": world.grid, "state": "typing" }))
        .await;
    assert_eq!(
        reader.hear().await,
        json!({ "type": "presence", "grid_id": world.grid, "member_id": world.editor.id(), "state": "typing" })
    );
    editor.say(json!({ "type": "nonsense" })).await;
    let heard = editor.hear().await;
    assert_eq!(heard["type"], "invalid", "{heard}");
}

#[actix_web::test]
async fn events_stream_to_those_who_cannot_upgrade() {
    let world = World::new().await;
    let mut stream = Stream::open(&world, "last-event-id: 1-0\r\n").await;
    rename(&world.editor, &world.task, "One").await;
    let mut text = String::new();
    while !text.contains("work_item.changed") {
        text.push_str(&stream.more().await);
    }
    assert!(text.contains("content-type: text/event-stream"), "{text}");
    for part in ["event: hello\nid: 1-0\ndata: {", "\nevent: event\nid: 1-"] {
        assert!(text.contains(part), "{text}");
    }
}

#[actix_web::test]
async fn numbers_that_are_gone_or_not_there_yet_are_refused() {
    let world = World::new().await;
    let path = "/api/v1/events?generation=1&since=1000000";
    let answer = world.reader.get(path).await;
    assert_eq!(
        (answer.code(), answer.json()["code"].clone()),
        (400, json!("invalid_query"))
    );
    world.acme.sql("DELETE FROM outbox WHERE number < 3").await;
    let request = world
        .reader
        .request(Method::GET, "/api/v1/events?generation=1&since=1");
    let answer = world.app.send(request).await;
    assert_eq!(
        (answer.code(), answer.json()["code"].clone()),
        (410, json!("events_gone"))
    );
}
