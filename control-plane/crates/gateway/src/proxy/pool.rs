//! Connections to nodes, kept alive per thread: no lock, no hand-over between threads.

use std::{
    cell::RefCell,
    collections::HashMap,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::body::Sent;

/// How long an idle connection is kept: well below the 75 seconds of a node.
const IDLE: Duration = Duration::from_secs(30);
/// How many idle connections to a node are kept.
const MAX_IDLE: usize = 64;

/// No connection to the node.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    /// It did not answer in time.
    #[error("no connection in time")]
    TimedOut,
    /// The network refused.
    #[error("no connection")]
    Io(#[from] std::io::Error),
    /// It does not speak HTTP.
    #[error("no HTTP connection")]
    Handshake(#[from] hyper::Error),
}

#[derive(Debug)]
struct Idle {
    sender: SendRequest<Sent>,
    since: Instant,
}

/// The pool of a thread. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Pool(Rc<RefCell<HashMap<Arc<str>, Vec<Idle>>>>);

/// A connection that is ready for a request.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<Sent>,
    address: Arc<str>,
    pool: Pool,
}

impl Connection {
    /// Keeps the connection for the next request, once the answer was read to its end.
    pub(super) fn keep(self) {
        if self.sender.is_closed() {
            return;
        }
        let mut pool = self.pool.0.borrow_mut();
        let idle = pool.entry(self.address).or_default();
        if idle.len() < MAX_IDLE {
            idle.push(Idle {
                sender: self.sender,
                since: Instant::now(),
            });
        }
    }
}

impl Pool {
    /// A connection that was used before, when there is one that lives.
    pub(super) async fn idle(&self, address: &Arc<str>) -> Option<Connection> {
        loop {
            let idle = self.0.borrow_mut().get_mut(address).and_then(Vec::pop)?;
            if idle.since.elapsed() > IDLE {
                // The one kept last is the youngest, so the others are older still.
                self.0.borrow_mut().remove(address);
                return None;
            }
            let mut sender = idle.sender;
            if sender.ready().await.is_ok() {
                let (address, pool) = (Arc::clone(address), self.clone());
                return Some(Connection {
                    sender,
                    address,
                    pool,
                });
            }
        }
    }

    /// A new connection.
    pub(super) async fn connect(
        &self,
        address: &Arc<str>,
        patience: Duration,
    ) -> Result<Connection, ConnectError> {
        let stream = dial(address, patience).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        actix_web::rt::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a node broke");
            }
        });
        Ok(Connection {
            sender,
            address: Arc::clone(address),
            pool: self.clone(),
        })
    }

    /// A new connection for a request that upgrades it; it is never kept.
    pub(super) async fn connect_for_upgrade(
        &self,
        address: &Arc<str>,
        patience: Duration,
    ) -> Result<Connection, ConnectError> {
        let stream = dial(address, patience).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = connection.with_upgrades();
        actix_web::rt::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to a node broke");
            }
        });
        Ok(Connection {
            sender,
            address: Arc::clone(address),
            pool: self.clone(),
        })
    }
}

async fn dial(address: &str, patience: Duration) -> Result<TcpStream, ConnectError> {
    let dialled = tokio::time::timeout(patience, TcpStream::connect(address)).await;
    let stream = dialled.map_err(|_| ConnectError::TimedOut)??;
    stream.set_nodelay(true)?;
    Ok(stream)
}
