//! The load generator, the same for everything that is measured: one thread, connections that are
//! kept, one request at a time on each. It does as little as it can, because it shares the machine
//! with what it measures.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

use crate::statistics::percentile;

/// A request, ready to be written, and where to.
#[derive(Debug, Clone)]
pub struct Shot {
    /// `host:port`.
    pub address: String,
    /// The whole request.
    pub bytes: Vec<u8>,
}

/// How a load went.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Outcome {
    /// Requests a second.
    pub per_second: f64,
    /// Half of them took at most so many microseconds.
    pub p50_micros: u64,
    /// 99 of 100 took at most so many.
    pub p99_micros: u64,
    /// How many there were.
    pub requests: usize,
}

/// Asks over so many connections as fast as the answers come. A failed answer ends it.
pub async fn closed(shots: &[Shot], connections: usize, time: Duration) -> Result<Outcome> {
    let until = Instant::now() + time;
    on_a_thread(shots.to_vec(), connections, move |_, shot| async move {
        let mut connection = Connection::open(&shot.address).await?;
        let mut taken = Vec::with_capacity(1 << 16);
        while Instant::now() < until {
            let started = Instant::now();
            connection.ask(&shot.bytes).await?;
            taken.push(micros(started.elapsed()));
        }
        Ok(taken)
    })
    .await
}

/// Asks at a fixed rate. What a request has to wait for those before it counts: a slow answer is
/// not allowed to slow the questions down.
pub async fn fixed(
    shots: &[Shot],
    connections: usize,
    per_second: f64,
    time: Duration,
) -> Result<Outcome> {
    #[expect(clippy::cast_precision_loss, reason = "a handful of connections")]
    let between = Duration::from_secs_f64(connections as f64 / per_second);
    let start = Instant::now() + Duration::from_millis(50);
    on_a_thread(
        shots.to_vec(),
        connections,
        move |number, shot| async move {
            let mut connection = Connection::open(&shot.address).await?;
            let mut taken = Vec::with_capacity(1 << 16);
            #[expect(clippy::cast_precision_loss, reason = "a handful of connections")]
            let shift = between.mul_f64(number as f64 / connections as f64);
            let mut due = start + shift;
            while due < start + time {
                tokio::time::sleep_until(due.into()).await;
                connection.ask(&shot.bytes).await?;
                taken.push(micros(due.elapsed()));
                due += between;
            }
            Ok(taken)
        },
    )
    .await
}

/// Runs the connections on one thread of their own.
async fn on_a_thread<F, W>(shots: Vec<Shot>, connections: usize, work: F) -> Result<Outcome>
where
    F: Fn(usize, Shot) -> W + Send + 'static,
    W: Future<Output = Result<Vec<u64>>> + Send + 'static,
{
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let outcome = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(anyhow::Error::from)
            .and_then(|runtime| runtime.block_on(all(shots, connections, work)));
        let _ = tell.send(outcome);
    });
    told.await.context("the load broke off")?
}

async fn all<F, W>(shots: Vec<Shot>, connections: usize, work: F) -> Result<Outcome>
where
    F: Fn(usize, Shot) -> W,
    W: Future<Output = Result<Vec<u64>>> + Send + 'static,
{
    let started = Instant::now();
    let mut running = JoinSet::new();
    for (number, shot) in shots.into_iter().cycle().take(connections).enumerate() {
        running.spawn(work(number, shot));
    }
    let mut taken = Vec::new();
    while let Some(outcome) = running.join_next().await {
        taken.extend(outcome??);
    }
    let elapsed = started.elapsed();
    taken.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    let per_second = taken.len() as f64 / elapsed.as_secs_f64();
    Ok(Outcome {
        per_second,
        p50_micros: percentile(&taken, 0.50),
        p99_micros: percentile(&taken, 0.99),
        requests: taken.len(),
    })
}

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> Result<Self> {
        Self::over(TcpStream::connect(address).await?)
    }

    /// A connection that comes from this address of the machine.
    pub async fn from(own: IpAddr, address: &str) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(own, 0))?;
        Self::over(socket.connect(address.parse()?).await?)
    }

    fn over(stream: TcpStream) -> Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            read: Vec::with_capacity(16 << 10),
        })
    }

    /// Sends a request and reads the answer, which must be a 200 of known length.
    async fn ask(&mut self, request: &[u8]) -> Result<()> {
        let status = self.exchange(request).await?;
        ensure!(status == 200, "{}", String::from_utf8_lossy(&self.read));
        Ok(())
    }

    /// Sends a request and reads the answer, which must be of known length; its status.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.read.clear();
        let mut answered = None;
        loop {
            let count = self.stream.read_buf(&mut self.read).await?;
            ensure!(count > 0, "the connection was closed");
            if answered.is_none() {
                answered = head(&self.read)?;
            }
            if let Some((status, length)) = answered
                && self.read.len() >= length
            {
                return Ok(status);
            }
        }
    }
}

/// Status and length of the whole answer, once its head is there.
fn head(read: &[u8]) -> Result<Option<(u16, usize)>> {
    let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(read.get(..end).unwrap_or_default())?;
    let status = head.split(' ').nth(1).context("the answer has no status")?;
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = length.context("the answer says no length")?;
    let length = end + 4 + length.trim().parse::<usize>()?;
    Ok(Some((status.parse()?, length)))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
