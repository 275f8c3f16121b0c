//! Two hundred people sign in at once, again and again. What that costs others who are at work, and
//! how much memory it takes: Argon2 wants 19 MiB and a processor for every password.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use cp_app::passwords::{PasswordSettings, Passwords};
use secrecy::SecretString;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::{
    arena::Arena,
    load::{self, Connection, Outcome, Shot},
    program, report,
    report::Bar,
    statistics::median,
};

/// Sign-ins in flight.
const PEOPLE: usize = 200;
/// What others ask for meanwhile, each second, over so many connections.
const RATE: f64 = 100.0;
const CONNECTIONS: usize = 8;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(6);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// The control plane's resident memory may be this at most, in MiB.
const MEMORY: f64 = 256.0;
const PASSWORD: &str = "nine lanterns by the river";

/// What was measured.
#[derive(Debug, Serialize)]
struct Figures {
    idle: Vec<Outcome>,
    busy: Vec<Outcome>,
    signed_in: u64,
    told_to_come_again: u64,
    sign_ins_per_second: f64,
    resident_before_kib: u64,
    resident_peak_kib: u64,
}

/// Runs it. Whether the bars were met.
pub async fn run() -> Result<bool> {
    report::line("signin: starting the platform");
    let arena = Arena::open().await?;
    let shots = people(&arena).await?;
    let others = [Shot {
        address: format!("127.0.0.1:{}", arena.stack.ports().gateway),
        bytes: arena.through_the_gateway(),
    }];
    load::fixed(&others, CONNECTIONS, RATE, ROUND / 2).await?;
    let pid = arena.stack.pid("control-plane").context("it runs")?;
    let before = program::resident_kib(pid)?;
    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    let mut crowd = Crowd::default();
    let mut peak = before;
    for _ in 0..ROUNDS {
        idle.push(load::fixed(&others, CONNECTIONS, RATE, ROUND).await?);
        let memory = Memory::watch(pid);
        let rush = Rush::begin(&shots);
        busy.push(load::fixed(&others, CONNECTIONS, RATE, ROUND).await?);
        crowd.add(&rush.end().await?);
        peak = peak.max(memory.peak().await?);
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of sign-ins")]
    let per_second = crowd.signed_in as f64 / (ROUND.as_secs_f64() * ROUNDS as f64);
    let figures = Figures {
        signed_in: crowd.signed_in,
        told_to_come_again: crowd.refused,
        sign_ins_per_second: per_second,
        resident_before_kib: before,
        resident_peak_kib: peak,
        idle,
        busy,
    };
    figures.tell();
    ensure!(figures.signed_in > 0, "nobody was signed in");
    report::conclude("signin", &figures.bars(), &figures)
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "KiB and microseconds")]
    fn bars(&self) -> [Bar; 2] {
        let p99 = |rounds: &[Outcome]| {
            median(rounds.iter().map(|round| round.p99_micros as f64).collect())
        };
        [
            Bar::at_most(
                "resident memory of the control plane, MiB",
                self.resident_peak_kib as f64 / 1024.0,
                MEMORY,
            ),
            Bar::at_most(
                "p99 of others, busy / idle",
                p99(&self.busy) / p99(&self.idle),
                2.0,
            ),
        ]
    }

    fn tell(&self) {
        for (name, rounds) in [("idle", &self.idle), ("busy", &self.busy)] {
            for round in rounds {
                report::line(&format!(
                    "others, {name}: {:>4.0}/s  p50 {:>6} µs  p99 {:>6} µs",
                    round.per_second, round.p50_micros, round.p99_micros
                ));
            }
        }
        report::line(&format!(
            "{:.1} sign-ins/s of {PEOPLE} in flight, {} told to come again; {} → {} MiB resident",
            self.sign_ins_per_second,
            self.told_to_come_again,
            self.resident_before_kib / 1024,
            self.resident_peak_kib / 1024,
        ));
    }
}

/// Two hundred members with a password; the sign-in of each.
async fn people(arena: &Arena) -> Result<Vec<Shot>> {
    let passwords = Passwords::new(PasswordSettings::default())?;
    let hash = passwords.hash(&SecretString::from(PASSWORD)).await?;
    let (host, port) = (arena.host(), arena.stack.ports().gateway);
    let mut shots = Vec::with_capacity(PEOPLE);
    for number in 0..PEOPLE {
        let email = format!("person-{number}@bench.example");
        arena.people.join(&email, "user", Some(&hash)).await?;
        let body = serde_json::json!({ "email": email, "password": PASSWORD }).to_string();
        let bytes = format!(
            "POST /auth/v1/sign-in HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        shots.push(Shot {
            address: format!("127.0.0.1:{port}"),
            bytes: bytes.into(),
        });
    }
    Ok(shots)
}

/// How the sign-ins went.
#[derive(Debug, Default)]
struct Crowd {
    signed_in: u64,
    refused: u64,
}

impl Crowd {
    fn add(&mut self, other: &Self) {
        self.signed_in += other.signed_in;
        self.refused += other.refused;
    }
}

/// All of them at it.
struct Rush {
    over: Arc<AtomicBool>,
    everybody: std::thread::JoinHandle<Result<Crowd>>,
}

impl Rush {
    /// On a thread of their own: they must not slow down those whose time is taken.
    fn begin(shots: &[Shot]) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (shots, until) = (shots.to_vec(), over.clone());
        let everybody = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(rush(shots, until))
        });
        Self { over, everybody }
    }

    async fn end(self) -> Result<Crowd> {
        self.over.store(true, Ordering::Relaxed);
        tokio::task::spawn_blocking(|| self.everybody.join())
            .await?
            .map_err(|_| anyhow::anyhow!("the sign-ins broke off"))?
    }
}

async fn rush(shots: Vec<Shot>, over: Arc<AtomicBool>) -> Result<Crowd> {
    let mut everybody = JoinSet::new();
    for (number, shot) in shots.into_iter().enumerate() {
        everybody.spawn(again_and_again(number, shot, over.clone()));
    }
    let mut crowd = Crowd::default();
    while let Some(one) = everybody.join_next().await {
        crowd.add(&one??);
    }
    Ok(crowd)
}

/// One person, from an address of their own: many from one would be slowed down as an attack.
async fn again_and_again(number: usize, shot: Shot, over: Arc<AtomicBool>) -> Result<Crowd> {
    let address = Ipv4Addr::new(127, 0, 1, u8::try_from(number)?);
    let mut connection = Connection::from(IpAddr::V4(address), &shot.address).await?;
    let mut crowd = Crowd::default();
    while !over.load(Ordering::Relaxed) {
        match connection.exchange(&shot.bytes).await? {
            200 => crowd.signed_in += 1,
            429 | 503 => crowd.refused += 1,
            other => anyhow::bail!("a sign-in was answered {other}"),
        }
    }
    Ok(crowd)
}

/// The most memory that a process had while it was watched.
struct Memory {
    over: Arc<AtomicBool>,
    most: Arc<AtomicU64>,
    watcher: tokio::task::JoinHandle<Result<()>>,
}

impl Memory {
    fn watch(pid: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let most = Arc::new(AtomicU64::new(0));
        let (until, kept) = (over.clone(), most.clone());
        let watcher = tokio::spawn(async move {
            while !until.load(Ordering::Relaxed) {
                kept.fetch_max(program::resident_kib(pid)?, Ordering::Relaxed);
                tokio::time::sleep(LOOK).await;
            }
            Ok(())
        });
        Self {
            over,
            most,
            watcher,
        }
    }

    async fn peak(self) -> Result<u64> {
        self.over.store(true, Ordering::Relaxed);
        self.watcher.await??;
        Ok(self.most.load(Ordering::Relaxed))
    }
}
