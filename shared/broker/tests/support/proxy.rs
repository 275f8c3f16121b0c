//! A TCP proxy in front of the broker that can cut connections or let them go silent.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::broadcast,
};

pub struct Proxy {
    address: SocketAddr,
    cut: broadcast::Sender<()>,
    silent: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy to the host of an AMQP URL.
    pub async fn to(url: &str) -> Self {
        let target = url
            .rsplit('@')
            .next()
            .unwrap()
            .split('/')
            .next()
            .unwrap()
            .to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (cut, _) = broadcast::channel(1);
        let silent = Arc::new(AtomicBool::new(false));
        let connections = Arc::new(AtomicUsize::new(0));
        let (cutter, quiet, count) = (cut.clone(), Arc::clone(&silent), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&target).await else {
                    continue;
                };
                count.fetch_add(1, Ordering::SeqCst);
                let (client_in, client_out) = client.into_split();
                let (server_in, server_out) = server.into_split();
                tokio::spawn(pump(
                    client_in,
                    server_out,
                    cutter.subscribe(),
                    Arc::clone(&quiet),
                ));
                tokio::spawn(pump(
                    server_in,
                    client_out,
                    cutter.subscribe(),
                    Arc::clone(&quiet),
                ));
            }
        });
        Self {
            address,
            cut,
            silent,
            connections,
        }
    }

    /// The URL with the proxy's address in place of the broker's.
    pub fn url(&self, url: &str) -> String {
        let (credentials, rest) = url.rsplit_once('@').unwrap();
        let vhost = rest.split_once('/').unwrap().1;
        format!("{credentials}@{}/{vhost}", self.address)
    }

    /// Resets every connection.
    pub fn cut(&self) {
        let _ = self.cut.send(());
    }

    /// From now on nothing gets through, and nobody is told.
    pub fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    pub fn speak(&self) {
        self.silent.store(false, Ordering::SeqCst);
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut cut: broadcast::Receiver<()>,
    silent: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 16 * 1024];
    // A connection that fell silent stays so, even when new ones are let through.
    let mut dumb = false;
    loop {
        let read = tokio::select! {
            _ = cut.recv() => return,
            read = from.read(&mut buffer) => read,
        };
        let Ok(count @ 1..) = read else { return };
        dumb |= silent.load(Ordering::SeqCst);
        if !dumb && to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
