//! A supervised connection: opened, topology declared, watched, and opened again when lost.
//!
//! The client's automatic recovery is off. It would hide from consumers that their deliveries
//! are void, and earlier versions lost the prefetch; starting over on a fresh connection has no
//! such state to lose.

use std::{fmt, pin::pin, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::StreamExt;
use lapin::{Connection, ConnectionProperties, Event, uri::AMQPUri};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{info, warn};

use crate::{BrokerError, Topology};

/// How long connecting, declaring and closing may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a link needs to know.
#[derive(Clone)]
pub struct LinkOptions {
    /// `amqp://user:password@host:port/vhost`.
    pub url: String,
    /// Shown in the broker's list of connections and in metrics: `relay`, `activity`.
    pub name: &'static str,
    /// A peer silent for two of these is gone.
    pub heartbeat: Duration,
    /// What is declared at each connect.
    pub topology: Topology,
}

impl fmt::Debug for LinkOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkOptions")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// One connection's life. What belongs to an older session is void.
#[derive(Clone)]
pub struct Session {
    pub(crate) epoch: u64,
    pub(crate) connection: Arc<Connection>,
}

#[derive(Clone)]
enum State {
    Down(Arc<str>),
    Up(Session),
    Closed,
}

/// A handle to a supervised connection; the connection closes with the last one.
#[derive(Clone)]
pub struct Link {
    state: watch::Receiver<State>,
    topology: Topology,
    stop: CancellationToken,
    _last: Arc<DropGuard>,
}

impl Link {
    /// Starts to connect, in the background; a broker that is away is no error.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn start(options: LinkOptions) -> Result<Self, BrokerError> {
        let mut uri: AMQPUri = options.url.parse().map_err(BrokerError::Address)?;
        uri.query.heartbeat = Some(interval(options.heartbeat));
        let (sender, state) = watch::channel(State::Down("connecting".into()));
        let stop = CancellationToken::new();
        let topology = options.topology.clone();
        let supervisor = Supervisor {
            uri,
            options,
            state: sender,
            stop: stop.clone(),
        };
        tokio::spawn(supervisor.run());
        Ok(Self {
            state,
            topology,
            _last: Arc::new(stop.clone().drop_guard()),
            stop,
        })
    }

    /// The session, when there is one.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        match &*self.state.borrow() {
            State::Up(session) => Some(session.clone()),
            State::Down(_) | State::Closed => None,
        }
    }

    /// Waits for a session.
    ///
    /// # Errors
    /// When the link was closed.
    pub async fn connected(&self) -> Result<Session, BrokerError> {
        let mut state = self.state.clone();
        let known = state
            .wait_for(|state| !matches!(state, State::Down(_)))
            .await;
        match known.as_deref() {
            Ok(State::Up(session)) => Ok(session.clone()),
            _ => Err(BrokerError::Away),
        }
    }

    /// Waits until a session has ended.
    pub async fn ended(&self, session: &Session) {
        let mut state = self.state.clone();
        let other = |state: &State| !matches!(state, State::Up(now) if now.epoch == session.epoch);
        // An error means that the supervisor is gone, and the session with it.
        let _ = state.wait_for(other).await;
    }

    /// What calls within a session come to; they are given up when it ends, since the client does not
    /// answer every call that a lost connection leaves open.
    pub(crate) async fn within<T, E: From<BrokerError>>(
        &self,
        session: &Session,
        calls: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        tokio::select! {
            biased;
            answer = calls => answer,
            () = self.ended(session) => Err(BrokerError::Away.into()),
        }
    }

    /// Whether there is a session, or why not; for `/readyz`.
    ///
    /// # Errors
    /// The reason.
    pub fn check(&self) -> Result<(), String> {
        match &*self.state.borrow() {
            State::Up(_) => Ok(()),
            State::Down(reason) => Err(reason.to_string()),
            State::Closed => Err("closed".to_owned()),
        }
    }

    /// What the link declares.
    #[must_use]
    pub const fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Closes the connection and waits for it.
    pub async fn close(&self) {
        self.stop.cancel();
        let mut state = self.state.clone();
        let _ = state.wait_for(|state| matches!(state, State::Closed)).await;
    }
}

/// The heartbeat to ask for. The client notices silence after at most two and a half of its
/// intervals, and we a second after it; three quarters make that less than two of ours.
fn interval(heartbeat: Duration) -> u16 {
    u16::try_from(heartbeat.as_secs() * 3 / 4)
        .unwrap_or(u16::MAX)
        .max(1)
}

struct Supervisor {
    uri: AMQPUri,
    options: LinkOptions,
    state: watch::Sender<State>,
    stop: CancellationToken,
}

impl Supervisor {
    async fn run(self) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.keep_connected()).await;
        let last = self.state.borrow().clone();
        if let State::Up(session) = last {
            close(&session.connection).await;
        }
        self.state.send_replace(State::Closed);
    }

    async fn keep_connected(&self) {
        let mut epoch = 0;
        let mut pauses = pauses();
        loop {
            match self.open().await {
                Ok(connection) => {
                    epoch += 1;
                    pauses = self::pauses();
                    let connection = Arc::new(connection);
                    info!(link = self.options.name, epoch, "connected to the broker");
                    let session = Session {
                        epoch,
                        connection: Arc::clone(&connection),
                    };
                    self.state.send_replace(State::Up(session));
                    self.gauge(1.0);
                    let reason = self.lost(&connection).await;
                    metrics::counter!("broker_connections_lost_total", "link" => self.options.name)
                        .increment(1);
                    self.down(&reason);
                }
                Err(error) => self.down(&error.to_string()),
            }
            tokio::time::sleep(pauses.next().unwrap_or(PATIENCE)).await;
        }
    }

    fn down(&self, reason: &str) {
        warn!(
            link = self.options.name,
            reason, "no connection to the broker"
        );
        self.gauge(0.0);
        self.state.send_replace(State::Down(reason.into()));
    }

    fn gauge(&self, connected: f64) {
        metrics::gauge!("broker_connected", "link" => self.options.name).set(connected);
    }

    async fn open(&self) -> Result<Connection, BrokerError> {
        tokio::time::timeout(PATIENCE, async {
            let properties =
                ConnectionProperties::default().with_connection_name(self.options.name.into());
            let connection = Connection::connect_uri(self.uri.clone(), properties).await?;
            let channel = connection.create_channel().await?;
            self.options.topology.declare(&channel).await?;
            channel.close(200, "declared".into()).await?;
            Ok(connection)
        })
        .await
        .map_err(|_| BrokerError::Silent(PATIENCE))?
    }

    /// Watches a connection; returns why it ended. The state is looked at as well as the events,
    /// since an error from before the first look is in the state only.
    async fn lost(&self, connection: &Connection) -> String {
        let mut events = pin!(connection.events_listener());
        let mut looks = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                event = events.next() => match event {
                    // A channel that fails is told of in the same way, and leaves the others be.
                    Some(Event::Error(error)) if !connection.status().connected() => {
                        return error.to_string();
                    }
                    Some(Event::ConnectionBlocked(reason)) => {
                        warn!(link = self.options.name, reason, "the broker takes no messages for now");
                    }
                    Some(_) => {}
                    None => return "closed".to_owned(),
                },
                _ = looks.tick() => {
                    if !connection.status().connected() {
                        return "the connection ended".to_owned();
                    }
                }
            }
        }
    }
}

async fn close(connection: &Connection) {
    let closing = connection.close(200, "bye".into());
    match tokio::time::timeout(PATIENCE, closing).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "closing the connection to the broker failed"),
        Err(_) => warn!("the broker did not answer the closing of the connection"),
    }
}

/// 0.1 s to 5 s, doubling, each with up to as much again at random, so that a fleet does not
/// come back in step.
fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(5))
        .with_jitter()
        .without_max_times()
        .build()
}
