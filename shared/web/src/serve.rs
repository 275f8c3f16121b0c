//! A server that says clearly why it cannot listen, and stops without dropping requests.
//!
//! One process may run several: each `serve` is a future of its own, none takes signals.

use std::{fmt, io, net::SocketAddr, sync::LazyLock, time::Duration};

use actix_http::Request;
use actix_service::IntoServiceFactory;
use actix_web::{
    Error, HttpServer,
    body::MessageBody,
    dev::{AppConfig, Response, Server, Service, ServiceFactory},
};
use serde::Deserialize;
use tokio::sync::watch;

/// How long a stopping server waits for its requests.
const GRACE_SECONDS: u64 = 30;
/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept: longer than any proxy in front keeps it.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Where to listen and with how many threads.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Address and port; port 0 takes a free one.
    pub address: SocketAddr,
    /// Threads; 0 for one per core.
    #[serde(default)]
    pub workers: usize,
}

impl Listen {
    /// This address, one thread per core.
    #[must_use]
    pub const fn on(address: SocketAddr) -> Self {
        Self {
            address,
            workers: 0,
        }
    }
}

/// A server that listens but does not yet serve.
#[must_use = "nothing is served until `run`"]
pub struct Bound {
    addresses: Vec<SocketAddr>,
    server: Server,
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl Bound {
    /// Where it listens: with port 0, the port it got.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until `shutdown` is done, then ends the requests in flight.
    ///
    /// # Errors
    /// When the server's own threads fail.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let handle = self.server.handle();
        let mut server = std::pin::pin!(self.server);
        tokio::select! {
            ended = &mut server => return ended,
            () = shutdown => {}
        }
        STOPS.send_modify(|count| *count += 1);
        let (ended, ()) = tokio::join!(server, handle.stop(true));
        ended
    }
}

/// Listens and serves `factory`'s app until `shutdown` is done.
///
/// # Errors
/// When the address cannot be had, with a message that names it, or the server fails.
pub async fn serve<F, I, S, B>(
    listen: Listen,
    factory: F,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    bind(listen, factory)?.run(shutdown).await
}

/// Listens, so that a caller learns the port or the error before anything is served. Call it
/// inside a tokio runtime.
///
/// # Errors
/// When the address cannot be had, with a message that names it.
pub fn bind<F, I, S, B>(listen: Listen, factory: F) -> io::Result<Bound>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let workers = match listen.workers {
        0 => std::thread::available_parallelism().map_or(2, usize::from),
        threads => threads,
    };
    let server = HttpServer::new(factory)
        .workers(workers)
        .disable_signals()
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(GRACE_SECONDS)
        .tcp_nodelay(true)
        .bind(listen.address)
        .map_err(|error| explain(&error, listen.address))?;
    let addresses = server.addrs();
    for address in &addresses {
        tracing::info!(%address, workers, "listening");
    }
    Ok(Bound {
        addresses,
        server: server.run(),
    })
}

fn explain(error: &io::Error, address: SocketAddr) -> io::Error {
    let text = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("port {} is in use ({address})", address.port())
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "port {} needs a privilege that this user lacks ({address})",
                address.port()
            )
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{} is not an address of this machine", address.ip())
        }
        _ => format!("cannot listen on {address}: {error}"),
    };
    io::Error::new(error.kind(), text)
}

/// How many servers of this process have begun to stop.
static STOPS: LazyLock<watch::Sender<u64>> = LazyLock::new(|| watch::Sender::new(0));

/// Done when a server of this process begins to stop: answers without an end, such as event
/// streams and sockets, end themselves then.
pub fn stopping() -> impl Future<Output = ()> + Send + 'static {
    let mut stops = STOPS.subscribe();
    async move {
        // The sender is never dropped.
        let _ = stops.changed().await;
    }
}

/// Done when the process is asked to end (SIGINT or SIGTERM).
pub async fn shutdown_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        tracing::warn!("cannot listen for SIGTERM");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("asked to end");
}
