//! A TCP proxy before a server, which can cut connections, refuse new ones, or let those that are
//! open go silent: what networks do to programs.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::broadcast,
};
use url::Url;

use crate::must;

/// A proxy on a port of its own. It lives as long as the test's runtime.
#[derive(Debug, Clone)]
pub struct Proxy {
    address: SocketAddr,
    target: String,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    cut: broadcast::Sender<()>,
    silent: AtomicBool,
    closed: AtomicBool,
    connections: AtomicUsize,
}

impl Proxy {
    /// A proxy to the server of a URL that has a port.
    pub async fn to(url: &str) -> Self {
        let url = must(Url::parse(url), "the server's URL is malformed");
        let port = url.port().map(|port| port.to_string()).unwrap_or_default();
        let target = format!("{}:{port}", url.host_str().unwrap_or("127.0.0.1"));
        let listener = must(
            TcpListener::bind("127.0.0.1:0").await,
            "no port for a proxy",
        );
        let address = must(listener.local_addr(), "no address of a proxy");
        let state = Arc::new(State {
            cut: broadcast::channel(1).0,
            silent: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
        });
        let proxy = Self {
            address,
            target,
            state,
        };
        tokio::spawn(proxy.clone().accept(listener));
        proxy
    }

    /// The URL with the proxy in place of the server.
    #[must_use]
    pub fn url(&self, url: &str) -> String {
        let mut url = must(Url::parse(url), "the server's URL is malformed");
        must(url.set_host(Some("127.0.0.1")), "a URL's host");
        // Fails only for URLs without a host.
        let _ = url.set_port(Some(self.address.port()));
        url.into()
    }

    /// Closes every connection.
    pub fn cut(&self) {
        // Nobody to tell when there is none.
        let _ = self.state.cut.send(());
    }

    /// Closes every connection and takes no new ones until it is opened again.
    pub fn close(&self) {
        self.state.closed.store(true, Ordering::SeqCst);
        self.cut();
    }

    /// Takes connections again, and lets new ones speak.
    pub fn open(&self) {
        self.state.silent.store(false, Ordering::SeqCst);
        self.state.closed.store(false, Ordering::SeqCst);
    }

    /// From now on nothing gets through, and nobody is told. Connections that fell silent stay so.
    pub fn fall_silent(&self) {
        self.state.silent.store(true, Ordering::SeqCst);
    }

    /// How many connections were made so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    async fn accept(self, listener: TcpListener) {
        while let Ok((client, _)) = listener.accept().await {
            if self.state.closed.load(Ordering::SeqCst) {
                continue;
            }
            let Ok(server) = TcpStream::connect(&self.target).await else {
                continue;
            };
            self.state.connections.fetch_add(1, Ordering::SeqCst);
            let (client_in, client_out) = client.into_split();
            let (server_in, server_out) = server.into_split();
            tokio::spawn(Arc::clone(&self.state).pump(client_in, server_out));
            tokio::spawn(Arc::clone(&self.state).pump(server_in, client_out));
        }
    }
}

impl State {
    async fn pump(self: Arc<Self>, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut cut = self.cut.subscribe();
        let mut buffer = vec![0; 16 * 1024];
        let mut dumb = false;
        loop {
            let read = tokio::select! {
                _ = cut.recv() => return,
                read = from.read(&mut buffer) => read,
            };
            let Some(bytes) = read
                .ok()
                .filter(|count| *count > 0)
                .and_then(|n| buffer.get(..n))
            else {
                return;
            };
            dumb |= self.silent.load(Ordering::SeqCst);
            if !dumb && to.write_all(bytes).await.is_err() {
                return;
            }
        }
    }
}
