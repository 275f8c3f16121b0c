//! The ports of all sets of servers, how to move them, and who sits on one that is taken.

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Result, bail};

use crate::paths::{Profile, Stack};

/// Every port of a set. Each moves with `TRELLIS_{DEV|TEST|BENCH|FAULT}_{NAME}_PORT`.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// MariaDB.
    pub mariadb: u16,
    /// Redis.
    pub redis: u16,
    /// RabbitMQ, AMQP.
    pub rabbitmq: u16,
    /// RabbitMQ, between Erlang nodes.
    pub rabbitmq_dist: u16,
    /// RabbitMQ, management API (test set only).
    pub rabbitmq_api: u16,
    /// Erlang's port mapper, one of our own.
    pub epmd: u16,
    /// MongoDB or what stands in for it.
    pub mongodb: u16,
    /// Mailbox, SMTP.
    pub smtp: u16,
    /// Mailbox, pages and API.
    pub mailbox: u16,
    /// Toxiproxy's API (fault set only).
    pub toxiproxy: u16,
}

impl Ports {
    /// The ports of a profile with what the environment moves.
    pub fn of(profile: Profile) -> Self {
        let base = match profile {
            Profile::Dev => 8000,
            Profile::Test => 9000,
            Profile::Bench => 10000,
            Profile::Fault => 11000,
        };
        let port = |name: &str, offset: u16| moved(profile, name).unwrap_or(base + offset);
        Self {
            mariadb: port("MARIADB", 306),
            redis: port("REDIS", 379),
            rabbitmq: port("RABBITMQ", 672),
            rabbitmq_dist: port("RABBITMQ_DIST", 673),
            rabbitmq_api: port("RABBITMQ_API", 674),
            epmd: port("EPMD", 675),
            mongodb: port("MONGODB", 717),
            smtp: port("SMTP", 25),
            mailbox: port("MAILBOX", 26),
            toxiproxy: port("TOXIPROXY", 474),
        }
    }
}

/// The port the environment names for `name`, if it does.
pub fn moved(profile: Profile, name: &str) -> Option<u16> {
    std::env::var(variable(profile, name)).ok()?.parse().ok()
}

fn variable(profile: Profile, name: &str) -> String {
    format!("TRELLIS_{}_{name}_PORT", profile.name().to_uppercase())
}

/// Refuses a port that somebody else listens on, and names who it is.
pub fn require_free(stack: &Stack, what: &str, name: &str, port: u16) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if TcpListener::bind(address).is_ok() {
        return Ok(());
    }
    let variable = variable(stack.profile, name);
    let owner = owner(port).map_or_else(String::new, |owner| format!(" by {owner}"));
    bail!(
        "port {port}, wanted for {what}, is in use{owner}; \
         stop that program or choose another port with {variable}"
    );
}

/// Name and pid of the process that listens on a port, where the system tells.
fn owner(port: u16) -> Option<String> {
    let inodes = listening_inodes(port);
    if inodes.is_empty() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?;
    for process in processes.flatten() {
        let name = process.file_name();
        let Some(pid) = name
            .to_str()
            .filter(|n| n.bytes().all(|b| b.is_ascii_digit()))
        else {
            continue;
        };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let holds = files.flatten().any(|file| {
            fs::read_link(file.path())
                .is_ok_and(|link| link.to_str().is_some_and(|link| inodes.contains(link)))
        });
        if holds {
            let command = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (pid {pid})", command.trim()));
        }
    }
    None
}

/// `socket:[inode]` of every socket that listens on a port.
fn listening_inodes(port: u16) -> HashSet<String> {
    const LISTENING: &str = "0A";
    let suffix = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|table| {
            table
                .lines()
                .skip(1)
                .filter_map(|line| {
                    let mut fields = line.split_whitespace();
                    let local = fields.nth(1)?;
                    let state = fields.nth(1)?;
                    let inode = fields.nth(5)?;
                    (local.ends_with(&suffix) && state == LISTENING)
                        .then(|| format!("socket:[{inode}]"))
                })
                .collect::<Vec<_>>()
        })
        .collect()
}
