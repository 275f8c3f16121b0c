//! One work item read (a) through the gateway, (b) at the runtime directly, (c) from a bare handler
//! that runs the same statement, in the same run on the same servers.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use sqlx::Row as _;

use crate::{
    arena::Arena,
    baseline,
    load::{self, Outcome, Shot},
    program, report,
    report::Bar,
    statistics::median,
};

const CONNECTIONS: [usize; 3] = [1, 16, 64];
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);
const WARM_UP: Duration = Duration::from_secs(2);
const NAMES: [&str; 3] = ["gateway", "runtime", "bare"];

/// What was measured.
#[derive(Debug, Serialize)]
struct Figures {
    closed: BTreeMap<usize, BTreeMap<&'static str, Measured>>,
    fixed_rate_per_second: f64,
    fixed: BTreeMap<&'static str, Measured>,
    resident_kib: BTreeMap<&'static str, u64>,
    processor_micros_per_request: BTreeMap<&'static str, f64>,
    body_bytes: usize,
}

/// The medians of the rounds.
#[derive(Debug, Clone, Copy, Serialize)]
struct Measured {
    per_second: f64,
    p50_micros: f64,
    p99_micros: f64,
}

impl Measured {
    fn of(rounds: &[Outcome]) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "microseconds")]
        let micros = |value: fn(&Outcome) -> u64| {
            median(rounds.iter().map(|round| value(round) as f64).collect())
        };
        Self {
            per_second: median(rounds.iter().map(|round| round.per_second).collect()),
            p50_micros: micros(|round| round.p50_micros),
            p99_micros: micros(|round| round.p99_micros),
        }
    }
}

/// Runs it. Whether the bars were met.
pub async fn run() -> Result<bool> {
    report::line("request: starting the platform");
    let arena = Arena::open().await?;
    let stage = Stage::set(arena).await?;
    let body_bytes = stage.compare().await?;
    let mut closed = BTreeMap::new();
    for connections in CONNECTIONS {
        let measured = stage.closed(connections).await?;
        for (name, one) in &measured {
            report::line(&format!(
                "{connections:>3} connections  {name:<8} {:>8.0}/s  p50 {:>6.0} µs  p99 {:>6.0} µs",
                one.per_second, one.p50_micros, one.p99_micros
            ));
        }
        closed.insert(connections, measured);
    }
    let at_16 = closed.get(&16).context("measured at 16 connections")?;
    let of = |name: &str| at_16.get(name).copied().context("measured");
    let (gateway, runtime, bare) = (of("gateway")?, of("runtime")?, of("bare")?);
    let rate = (gateway.per_second * 0.4).round();
    let fixed = stage.fixed(rate).await?;
    for (name, one) in &fixed {
        report::line(&format!(
            "{rate:>5.0}/s fixed    {name:<8} p50 {:>6.0} µs  p99 {:>6.0} µs",
            one.p50_micros, one.p99_micros
        ));
    }
    let bars = [
        Bar::at_least(
            "gateway / bare, throughput at 16",
            gateway.per_second / bare.per_second,
            0.5,
        ),
        Bar::at_most(
            "gateway / bare, p50 at 16",
            gateway.p50_micros / bare.p50_micros,
            2.0,
        ),
        Bar::at_least(
            "runtime / bare, throughput at 16",
            runtime.per_second / bare.per_second,
            0.8,
        ),
    ];
    let figures = Figures {
        closed,
        fixed_rate_per_second: rate,
        fixed,
        resident_kib: stage.resident()?,
        processor_micros_per_request: stage.processor().await?,
        body_bytes,
    };
    for (name, kib) in &figures.resident_kib {
        report::line(&format!("{name:<14} {:>5} MiB resident", kib / 1024));
    }
    for (name, micros) in &figures.processor_micros_per_request {
        report::line(&format!(
            "{name:<30} {micros:>6.0} µs of processor a request"
        ));
    }
    report::conclude("request", &bars, &figures)
}

/// The three that are measured.
struct Stage {
    arena: Arena,
    bare: Child,
    bare_address: String,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.bare.kill();
        let _ = self.bare.wait();
    }
}

impl Stage {
    async fn set(arena: Arena) -> Result<Self> {
        let shots = [Shot {
            address: format!("127.0.0.1:{}", arena.stack.ports().gateway),
            bytes: arena.through_the_gateway(),
        }];
        let statement = statement(&arena, &shots).await?;
        let mut bare = Command::new(std::env::current_exe()?)
            .arg("baseline")
            .env(baseline::DATABASE, arena.database().await?)
            .env(baseline::STATEMENT, statement)
            .env(baseline::MEMBER, arena.member().to_string())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut port = String::new();
        let stdout = bare.stdout.take().context("it has an output")?;
        BufReader::new(stdout).read_line(&mut port)?;
        let bare_address = format!("127.0.0.1:{}", port.trim());
        Ok(Self {
            arena,
            bare,
            bare_address,
        })
    }

    fn shots(&self, name: &str) -> Result<Vec<Shot>> {
        let ports = self.arena.stack.ports();
        let local = |port: u16| format!("127.0.0.1:{port}");
        Ok(match name {
            "gateway" => {
                let bytes = self.arena.through_the_gateway();
                vec![Shot {
                    address: local(ports.gateway),
                    bytes,
                }]
            }
            "runtime" => {
                let bytes = self.arena.to_a_node()?;
                let node = |port| Shot {
                    address: local(port),
                    bytes: bytes.clone(),
                };
                ports.runtimes.map(node).to_vec()
            }
            _ => {
                let bytes = format!("GET {} HTTP/1.1\r\nHost: bare\r\n\r\n", self.arena.path());
                vec![Shot {
                    address: self.bare_address.clone(),
                    bytes: bytes.into(),
                }]
            }
        })
    }

    /// All three must answer the same; how long the body is.
    async fn compare(&self) -> Result<usize> {
        let mut bodies = Vec::new();
        for name in NAMES {
            let shots = self.shots(name)?;
            let shot = shots.first().context("a shot")?;
            bodies.push(body(shot).await?);
        }
        for (name, other) in NAMES.iter().zip(&bodies) {
            ensure!(
                Some(other) == bodies.first(),
                "{name} answers otherwise: {bodies:?}"
            );
        }
        Ok(bodies.first().map_or(0, |body| body.to_string().len()))
    }

    async fn closed(&self, connections: usize) -> Result<BTreeMap<&'static str, Measured>> {
        let mut rounds: BTreeMap<&'static str, Vec<Outcome>> = BTreeMap::new();
        for name in NAMES {
            load::closed(&self.shots(name)?, connections, WARM_UP / 2).await?;
        }
        for round in 0..ROUNDS {
            // Another order each time, so that nobody always comes first.
            for place in 0..NAMES.len() {
                let Some(name) = NAMES.get((place + round) % NAMES.len()) else {
                    continue;
                };
                let outcome = load::closed(&self.shots(name)?, connections, ROUND).await?;
                rounds.entry(name).or_default().push(outcome);
            }
        }
        Ok(rounds
            .into_iter()
            .map(|(name, rounds)| (name, Measured::of(&rounds)))
            .collect())
    }

    async fn fixed(&self, rate: f64) -> Result<BTreeMap<&'static str, Measured>> {
        let mut measured = BTreeMap::new();
        for name in NAMES {
            let outcome = load::fixed(&self.shots(name)?, 16, rate, ROUND * 2).await?;
            measured.insert(name, Measured::of(&[outcome]));
        }
        Ok(measured)
    }

    fn pids(&self) -> Result<BTreeMap<&'static str, u32>> {
        let of = |name: &str| self.arena.stack.pid(name).context("it runs");
        Ok(BTreeMap::from([
            ("control-plane", of("control-plane")?),
            ("runtime-1", of("runtime-1")?),
            ("runtime-2", of("runtime-2")?),
            ("bare", self.bare.id()),
        ]))
    }

    fn resident(&self) -> Result<BTreeMap<&'static str, u64>> {
        self.pids()?
            .into_iter()
            .map(|(name, pid)| Ok((name, program::resident_kib(pid)?)))
            .collect()
    }

    /// Where the processor's time goes, at 16 connections.
    async fn processor(&self) -> Result<BTreeMap<&'static str, f64>> {
        let pids = self.pids()?;
        let used = |name: &str| -> Result<u64> {
            program::processor_ms(*pids.get(name).context("it runs")?)
        };
        let nodes = || -> Result<u64> { Ok(used("runtime-1")? + used("runtime-2")?) };
        let (gateway, node) = (used("control-plane")?, nodes()?);
        let asked = load::closed(&self.shots("gateway")?, 16, ROUND)
            .await?
            .requests;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
        let each = |ms: u64, requests: usize| ms as f64 * 1000.0 / requests as f64;
        let mut spent = BTreeMap::from([
            (
                "gateway, through the gateway",
                each(used("control-plane")? - gateway, asked),
            ),
            ("runtime, through the gateway", each(nodes()? - node, asked)),
        ]);
        let node = nodes()?;
        let asked = load::closed(&self.shots("runtime")?, 16, ROUND)
            .await?
            .requests;
        spent.insert("runtime, directly", each(nodes()? - node, asked));
        let bare = used("bare")?;
        let asked = load::closed(&self.shots("bare")?, 16, ROUND)
            .await?
            .requests;
        spent.insert("bare handler", each(used("bare")? - bare, asked));
        Ok(spent)
    }
}

/// The statement that the runtime prepares to read an item: written down by the server while the
/// first requests come in, so that the bare handler runs the same, whatever it becomes.
async fn statement(arena: &Arena, shots: &[Shot]) -> Result<String> {
    let tell = async |text: &'static str| sqlx::raw_sql(text).execute(&arena.central).await;
    tell("SET GLOBAL log_output = 'TABLE', GLOBAL general_log = ON").await?;
    let asked = load::closed(shots, 1, ROUND / 20).await;
    tell("SET GLOBAL general_log = OFF, GLOBAL log_output = 'FILE'").await?;
    asked?;
    let row = sqlx::query(
        "SELECT CAST(argument AS CHAR) FROM mysql.general_log WHERE command_type = 'Prepare' \
         AND argument LIKE 'SELECT i.id, i.kind%WHERE i.id = ?%' \
         AND argument LIKE '%FROM grants gr%' LIMIT 1",
    )
    .fetch_optional(&arena.central)
    .await?;
    let row = row.context("the runtime prepared no statement to read an item")?;
    let text = row.try_get(0)?;
    tell("TRUNCATE TABLE mysql.general_log").await?;
    Ok(text)
}

async fn body(shot: &Shot) -> Result<serde_json::Value> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(&shot.address).await?;
    let request = String::from_utf8(shot.bytes.clone())?;
    let request = request.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no head")?;
    ensure!(head.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(serde_json::from_str(body)?)
}
