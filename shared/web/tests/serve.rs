//! Servers in one process: they find a free port, name an occupied one, and end their requests.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use actix_web::{App, HttpResponse, web as aw};
use clock::Clock;
use tokio::sync::Notify;
use web::Listen;

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn get(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn post(address: SocketAddr, bytes: usize) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(&vec![b' '; bytes])?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[tokio::test]
async fn an_occupied_port_is_named() {
    let taken = std::net::TcpListener::bind(ANY).unwrap();
    let address = taken.local_addr().unwrap();
    let error = web::bind(Listen::on(address), App::new).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert_eq!(
        error.to_string(),
        format!("port {} is in use ({address})", address.port())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_ends_what_it_began() {
    let (entered, release, stop) = (
        Arc::new(Notify::new()),
        Arc::new(Notify::new()),
        Arc::new(Notify::new()),
    );
    let (inside, gate) = (Arc::clone(&entered), Arc::clone(&release));
    let slow = web::bind(
        Listen {
            address: ANY,
            workers: 1,
        },
        move || {
            let (inside, gate) = (Arc::clone(&inside), Arc::clone(&gate));
            App::new().wrap(web::Edge::new(Clock::system())).route(
                "/slow",
                aw::get().to(move || {
                    let (inside, gate) = (Arc::clone(&inside), Arc::clone(&gate));
                    async move {
                        inside.notify_one();
                        gate.notified().await;
                        HttpResponse::Ok().body("finished")
                    }
                }),
            )
        },
    )
    .unwrap();
    let other = web::bind(
        Listen {
            address: ANY,
            workers: 1,
        },
        || {
            App::new().wrap(web::Edge::new(Clock::system())).route(
                "/echo",
                aw::post().to(|body: web::OptionalJson<()>| async move {
                    HttpResponse::Ok().body(format!("{}", body.0.is_some()))
                }),
            )
        },
    )
    .unwrap();
    let (first, second) = (slow.addresses()[0], other.addresses()[0]);
    let ending = Arc::clone(&stop);
    let slow = tokio::spawn(slow.run(async move { ending.notified().await }));
    let other = tokio::spawn(other.run(std::future::pending()));

    let large = tokio::task::spawn_blocking(move || post(second, 10_000_000))
        .await
        .unwrap()
        .unwrap();
    assert!(large.starts_with("HTTP/1.1 413"), "{large}");
    assert!(large.contains("\"payload_too_large\""), "{large}");

    let request = tokio::task::spawn_blocking(move || get(first, "/slow"));
    entered.notified().await;
    stop.notify_one();
    release.notify_one();
    let answer = request.await.unwrap().unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("finished"),
        "{answer}"
    );
    slow.await.unwrap().unwrap();
    other.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_ends_its_event_streams() {
    let opened = Arc::new(Notify::new());
    let seen = Arc::clone(&opened);
    let server = web::bind(
        Listen {
            address: ANY,
            workers: 1,
        },
        move || {
            let seen = Arc::clone(&seen);
            App::new().wrap(web::Edge::new(Clock::system())).route(
                "/events",
                aw::get().to(move || {
                    let seen = Arc::clone(&seen);
                    async move {
                        seen.notify_one();
                        web::sse::stream(futures_util::stream::pending())
                    }
                }),
            )
        },
    )
    .unwrap();
    let address = server.addresses()[0];
    let stop = Arc::clone(&opened);
    let server = tokio::spawn(server.run(async move { stop.notified().await }));
    let answer = tokio::task::spawn_blocking(move || get(address, "/events"));
    let ended = tokio::time::timeout(std::time::Duration::from_secs(10), server).await;
    ended.expect("the stream held the server").unwrap().unwrap();
    assert!(answer.await.unwrap().unwrap().contains("text/event-stream"));
}
