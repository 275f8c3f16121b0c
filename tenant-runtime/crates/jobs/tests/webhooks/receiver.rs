//! A receiver in this process that answers as a test says, and keeps what it was sent.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use http::{HeaderMap, HeaderName};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What a receiver does with a message.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Answers this, headers and body as they stand.
    Says(&'static str, String),
    /// Answers this status.
    Status(u16),
    /// Answers 500 and goes on and on.
    Endless,
    /// Answers nothing.
    Silent,
    /// Closes the connection.
    Rude,
}

/// A message as it was received.
#[derive(Debug, Clone)]
pub struct Message {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Message {
    pub fn id(&self) -> &str {
        self.headers.get("webhook-id").unwrap().to_str().unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether somebody else's code accepts the signature.
    pub fn verifies(&self, secret: &[u8]) -> bool {
        let webhook = standardwebhooks::Webhook::from_bytes(secret.to_vec()).unwrap();
        webhook.verify(&self.body, &self.headers).is_ok()
    }
}

struct Kept {
    answer: Answer,
    messages: Vec<Message>,
}

/// A receiver; it lives as long as the test's runtime.
#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            kept: Arc::new(Mutex::new(Kept {
                answer: Answer::Status(204),
                messages: Vec::new(),
            })),
        };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = serving.clone();
                tokio::spawn(async move { receiver.serve(stream).await });
            }
        });
        receiver
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn answer(&self, answer: Answer) {
        self.kept.lock().unwrap().answer = answer;
    }

    pub fn messages(&self) -> Vec<Message> {
        self.kept.lock().unwrap().messages.clone()
    }

    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(message) = read(&mut stream).await {
            let answer = {
                let mut kept = self.kept.lock().unwrap();
                kept.messages.push(message);
                kept.answer.clone()
            };
            match answer {
                Answer::Says(head, body) => {
                    let length = body.len();
                    let text = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}");
                    let _ = stream.write_all(text.as_bytes()).await;
                }
                Answer::Status(status) => {
                    let text = format!("HTTP/1.1 {status} So\r\ncontent-length: 0\r\n\r\n");
                    let _ = stream.write_all(text.as_bytes()).await;
                }
                Answer::Endless => {
                    let head = "HTTP/1.1 500 No\r\ncontent-length: 10485760\r\n\r\n";
                    let _ = stream.write_all(head.as_bytes()).await;
                    while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                    return;
                }
                Answer::Silent => std::future::pending().await,
                Answer::Rude => return,
            }
        }
    }
}

/// A request; none when the connection ends.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Message> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HeaderMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        let name: HeaderName = name.parse().unwrap();
        headers.insert(name, value.parse().unwrap());
    }
    let length = headers
        .get("content-length")?
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Message {
        path,
        headers,
        body,
    })
}
