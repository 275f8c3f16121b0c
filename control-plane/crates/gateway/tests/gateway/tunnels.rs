//! Upgrades.

use std::net::SocketAddr;

use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{node::GoodNode, people, world::World};

async fn open(world: &World, extra: &str) -> (String, TcpStream) {
    open_at(world.address, extra).await
}

/// Asks a gateway for an upgrade; answers the head of its answer and the connection.
pub async fn open_at(address: SocketAddr, extra: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET /ws HTTP/1.1\r\nhost: acme.trellis.localhost:8080\r\nconnection: keep-alive, Upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-version: 13\r\n{extra}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let head = until(&mut stream, "\r\n\r\n").await;
    (head, stream)
}

async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).ends_with(end) {
        read.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_go_both_ways_until_the_session_ends() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let cookie = format!("cookie: trellis={}\r\n", world.somebody.cookie);
    let (head, mut stream) = open(&world, &cookie).await;
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(head.contains("upgrade: websocket") && head.contains("sec-websocket-accept: yes"));
    assert!(
        !head.contains("transfer-encoding") && !head.contains("content-length"),
        "{head}"
    );
    until(&mut stream, "identity:true;").await;
    for text in ["one", "two", "three"] {
        stream.write_all(text.as_bytes()).await.unwrap();
        assert_eq!(until(&mut stream, text).await, text);
    }
    let text = "UPDATE sessions SET revoked_at = NOW(6) WHERE id = ?";
    people::execute(world.db.conn(), text, vec![world.somebody.session.into()]).await;
    world
        .directory
        .member_changed(world.somebody.member.into())
        .await;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_ends_with_its_session() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let mut answer = world.get("/api/v1/drip").send().await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "first\n");
    let text = "UPDATE sessions SET revoked_at = NOW(6) WHERE id = ?";
    people::execute(world.db.conn(), text, vec![world.somebody.session.into()]).await;
    world
        .directory
        .member_changed(world.somebody.member.into())
        .await;
    assert_eq!(answer.chunk().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_needs_a_credential_and_the_same_origin() {
    let node = GoodNode::start();
    let world = World::with(&[&node.address]).await;
    let (head, _stream) = open(&world, "").await;
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
    let cookie = format!("cookie: trellis={}\r\n", world.somebody.cookie);
    let (head, _stream) = open(
        &world,
        &format!("{cookie}origin: http://globex.trellis.localhost:8080\r\n"),
    )
    .await;
    assert!(head.starts_with("HTTP/1.1 403"), "{head}");
    let (head, _stream) = open(
        &world,
        &format!("{cookie}origin: http://acme.trellis.localhost:8080\r\n"),
    )
    .await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert_eq!(node.requests(), 1);
    // A node that does not agree answers plainly.
    let plain = world.request(Method::GET, "/api/v1/missing");
    let plain = plain
        .header("upgrade", "websocket")
        .header("connection", "upgrade");
    assert_eq!(plain.send().await.unwrap().status(), 404);
}
