//! Nodes of the runtime as the gateway meets them: a good one, and ones that fail on purpose.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Says what it was asked.
async fn echo(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let mut headers = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.to_string()).or_default().push(value);
    }
    HttpResponse::Ok()
        .insert_header(("x-trellis-node", "secret"))
        .insert_header(("etag", "\"7\""))
        .json(json!({
            "method": request.method().as_str(),
            "target": request.uri().to_string(),
            "headers": headers,
            "length": body.len(),
        }))
}

/// So many chunks of 64 KiB, of unknown length.
async fn chunks(count: web::Path<u32>) -> HttpResponse {
    let chunk = web::Bytes::from(vec![b'x'; 64 << 10]);
    let all =
        stream::iter(0..count.into_inner()).map(move |_| Ok::<_, actix_web::Error>(chunk.clone()));
    HttpResponse::Ok()
        .content_type("application/octet-stream")
        .streaming(all)
}

/// One line, and the next when it is asked for, so that a test sees the first arrive alone.
async fn drip() -> HttpResponse {
    let lines =
        stream::once(async { Ok::<_, actix_web::Error>(web::Bytes::from_static(b"first\n")) });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(lines.chain(stream::pending()))
}

/// A line again and again, so that a client who is gone is noticed.
async fn ticks() -> HttpResponse {
    let lines = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let line = web::Bytes::from_static(b": still here\n\n");
        Some((Ok::<_, actix_web::Error>(line), ()))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(lines)
}

async fn upgrade(request: HttpRequest, mut payload: web::Payload) -> HttpResponse {
    let identity = request.headers().contains_key("x-trellis-identity");
    let echo = async_stream(identity, async move {
        payload
            .next()
            .await
            .and_then(Result::ok)
            .map(|b| (b, payload))
    });
    HttpResponse::SwitchingProtocols()
        .upgrade("websocket")
        .insert_header(("sec-websocket-accept", "yes"))
        .streaming(echo)
}

fn async_stream(
    identity: bool,
    first: impl Future<Output = Option<(web::Bytes, web::Payload)>> + 'static,
) -> impl futures_util::Stream<Item = Result<web::Bytes, actix_web::Error>> + 'static {
    let greeting = web::Bytes::from(format!("identity:{identity};"));
    let rest = stream::once(first)
        .filter_map(std::future::ready)
        .flat_map(|(bytes, payload)| {
            let rest = payload.filter_map(|chunk| std::future::ready(chunk.ok()));
            stream::once(std::future::ready(bytes)).chain(rest)
        });
    stream::once(std::future::ready(greeting))
        .chain(rest)
        .map(Ok)
}

/// A node that answers.
#[derive(Debug, Clone)]
pub struct GoodNode {
    pub address: String,
    requests: Arc<AtomicUsize>,
}

impl GoodNode {
    pub fn start() -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let server = HttpServer::new(move || {
            let counter = Arc::clone(&counter);
            App::new()
                .wrap_fn(move |request, service| {
                    counter.fetch_add(1, Ordering::SeqCst);
                    actix_web::dev::Service::call(service, request)
                })
                .app_data(web::PayloadConfig::new(64 << 20))
                .route("/api/v1/chunks/{count}", web::get().to(chunks))
                .route("/api/v1/drip", web::get().to(drip))
                .route("/api/v1/ticks", web::get().to(ticks))
                .route(
                    "/api/v1/nothing",
                    web::to(|| async { HttpResponse::NoContent().finish() }),
                )
                .route(
                    "/api/v1/unchanged",
                    web::to(|| async {
                        HttpResponse::NotModified()
                            .insert_header(("etag", "\"1\""))
                            .finish()
                    }),
                )
                .route(
                    "/api/v1/missing",
                    web::to(|| async {
                        HttpResponse::NotFound()
                            .content_type("application/problem+json")
                            .body(r#"{"code":"of_the_node"}"#)
                    }),
                )
                .route("/ws", web::get().to(upgrade))
                .default_service(web::to(echo))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let address = server.addrs()[0].to_string();
        tokio::spawn(server.run());
        Self { address, requests }
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// What a bad node does with a request that it has read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Badness {
    /// Is killed.
    Dies,
    /// Is killed in the middle of its answer.
    DiesInTheAnswer,
    /// Says nothing.
    Silent,
}

/// A node that fails.
#[derive(Debug, Clone)]
pub struct BadNode {
    pub address: String,
    requests: Arc<AtomicUsize>,
}

impl BadNode {
    pub async fn start(badness: Badness) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(misbehave(stream, badness, Arc::clone(&counter)));
            }
        });
        Self { address, requests }
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn misbehave(mut stream: TcpStream, badness: Badness, counter: Arc<AtomicUsize>) {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&read) {
        let Ok(count @ 1..) = stream.read(&mut buffer).await else {
            return;
        };
        read.extend_from_slice(&buffer[..count]);
    }
    counter.fetch_add(1, Ordering::SeqCst);
    match badness {
        Badness::Dies => {}
        Badness::DiesInTheAnswer => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
                .await
                .unwrap();
        }
        Badness::Silent => std::future::pending().await,
    }
}

fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    if head.contains("transfer-encoding: chunked") {
        return body.ends_with("0\r\n\r\n");
    }
    body.len() >= length.unwrap_or(0)
}
