//! One who listens, as a browser does: opens a socket, counts what it hears, comes back with its
//! last number.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use tokio::{
    net::TcpStream,
    sync::{mpsc, watch},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message, client::IntoClientRequest as _, http::StatusCode, protocol::WebSocketConfig,
    },
};

use crate::arena::{Arena, GENERATION};

/// The pause before coming again after having been turned away; browsers take longer.
const PAUSE: Duration = Duration::from_millis(500);
/// What a client keeps for a socket: the default would be 128 KiB.
const BUFFER: usize = 4 << 10;

/// What all are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Open the socket.
    Listen,
    /// Listen up to this number, then go.
    Until(u64),
    /// Come back and listen up to this number.
    Back(u64),
}

/// What one tells.
#[derive(Debug)]
pub enum Heard {
    /// It listens from after this number.
    Opened(u64),
    /// It heard all; how long each was under way, in microseconds.
    All(Vec<u64>),
    /// The node closed the socket.
    LetGo(String),
    /// It came back and heard so many events, after having been turned away so often.
    Back { events: usize, refused: usize },
}

/// The way to the node.
#[derive(Clone)]
pub struct Door {
    arena: Arc<Arena>,
    address: String,
}

impl Door {
    /// To the first node.
    pub fn of(arena: Arc<Arena>) -> Self {
        let [port, _] = arena.stack.ports().runtimes;
        Self {
            arena,
            address: format!("127.0.0.1:{port}"),
        }
    }

    /// A socket that hears of the grid; comes again while the node is too busy. Tells how often.
    async fn open(&self, since: Option<u64>) -> Result<(WebSocketStream<TcpStream>, usize)> {
        let since = since.map_or(String::new(), |number| {
            format!("&since={number}&generation={}", GENERATION)
        });
        let url = format!(
            "ws://{}/ws?topics=grid:{}{since}",
            self.address, self.arena.grid
        );
        let mut refused = 0;
        loop {
            let mut request = url.as_str().into_client_request()?;
            let identity = self.arena.identity()?.parse()?;
            request.headers_mut().insert(identity::HEADER, identity);
            let config = WebSocketConfig::default()
                .read_buffer_size(BUFFER)
                .write_buffer_size(BUFFER);
            let stream = TcpStream::connect(&self.address).await?;
            match client_async_with_config(request, stream, Some(config)).await {
                Ok((socket, _)) => return Ok((socket, refused)),
                Err(Error::Http(answer)) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    refused += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Listens, goes and comes back as told.
pub async fn listen(
    door: Door,
    mut said: watch::Receiver<Moment>,
    tell: mpsc::UnboundedSender<Heard>,
) -> Result<()> {
    let (mut socket, _) = door.open(None).await?;
    let mut last = hello(&mut socket).await?;
    tell.send(Heard::Opened(last))?;
    let mut delays = Vec::new();
    while *said.borrow() != Moment::Until(last) {
        match event(&mut socket).await? {
            Ok((number, occurred)) => {
                if number != last + 1 {
                    bail!("event {number} came after {last}");
                }
                last = number;
                let delay = (Utc::now() - occurred).num_microseconds();
                delays.push(u64::try_from(delay.unwrap_or(0).max(0))?);
            }
            Err(reason) => return Ok(tell.send(Heard::LetGo(reason))?),
        }
    }
    drop(socket);
    tell.send(Heard::All(delays))?;
    let back = said
        .wait_for(|moment| matches!(moment, Moment::Back(_)))
        .await;
    let Moment::Back(until) = *back? else {
        return Ok(());
    };
    let (mut socket, refused) = door.open(Some(last)).await?;
    let mut events = 0;
    while last < until {
        let (number, _) = event(&mut socket).await?.map_err(anyhow::Error::msg)?;
        if number != last + 1 {
            bail!("event {number} came after {last}, after coming back");
        }
        last = number;
        events += 1;
    }
    Ok(tell.send(Heard::Back { events, refused })?)
}

/// The number after which all is heard.
async fn hello(socket: &mut WebSocketStream<TcpStream>) -> Result<u64> {
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            let last = part(&text, "\"last\":").context("no hello")?;
            return Ok(last.parse()?);
        }
    }
    bail!("closed before the hello")
}

/// The next event's number and time; or why there is none.
async fn event(
    socket: &mut WebSocketStream<TcpStream>,
) -> Result<Result<(u64, DateTime<Utc>), String>> {
    while let Some(message) = socket.next().await {
        match message {
            // Read by its words: two thousand clients share the machine with the node.
            Ok(Message::Text(text)) => {
                let Some(number) = part(&text, "\"number\":") else {
                    continue;
                };
                let occurred = part(&text, "\"occurred_at\":\"").context("no time")?;
                return Ok(Ok((number.parse()?, occurred.parse()?)));
            }
            Ok(Message::Close(frame)) => return Ok(Err(format!("{frame:?}"))),
            Ok(_) => {}
            Err(error) => return Ok(Err(error.to_string())),
        }
    }
    Ok(Err("the connection ended".to_owned()))
}

/// What follows a word, up to the next comma, quote or brace.
fn part<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(word)?;
    rest.split([',', '"', '}']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_found() {
        let text = r#"{"type":"event","event":{"number":17,"kind":"k","occurred_at":"2026-11-23T08:00:00Z"}}"#;
        assert_eq!(part(text, "\"number\":"), Some("17"));
        assert_eq!(
            part(text, "\"occurred_at\":\""),
            Some("2026-11-23T08:00:00Z")
        );
        assert_eq!(part(text, "\"last\":"), None);
        assert_eq!(part(r#"{"type":"hello","last":5}"#, "\"last\":"), Some("5"));
    }
}
