//! The private servers of a set: started together, each on its own, found healthy or not at all.

mod compose;
mod mailbox;
mod mariadb;
mod mongodb;
mod rabbitmq;
mod redis;
pub mod single;
mod system;
mod toxiproxy;

use std::fs::{self, File};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::env_file;
use crate::paths::{Host, Profile, Repository, Stack, private_directory};
use crate::process::{Daemon, wait};
use crate::progress::{self, Step};
use crate::tools;

pub use mailbox::Mailbox;
pub use mariadb::MariaDb;
pub use mongodb::MongoDb;
pub use rabbitmq::RabbitMq;
pub use redis::Redis;
pub use system::host;
pub use toxiproxy::Toxiproxy;

/// A server that a set consists of.
pub trait Service: Send + Sync {
    /// Name of its pid and log file.
    fn name(&self) -> &'static str;
    /// How long it may take to end.
    fn grace(&self) -> Duration;
    /// How long it may take to be ready.
    fn limit(&self) -> Duration;
    /// Every port it listens on, with the setting that moves it.
    fn ports(&self) -> Vec<(u16, &'static str)>;
    /// Prepares its files and starts it.
    fn launch(&self) -> Result<()>;
    /// Whether it answers.
    fn check(&self) -> Result<()>;
    /// What is done once after each start, or when it was found running.
    fn after_start(&self) -> Result<()> {
        Ok(())
    }
    /// What clients need to know, as environment variables.
    fn environment(&self) -> Result<Vec<(String, String)>>;
    /// The process.
    fn daemon(&self) -> Daemon;
}

/// The servers that everything needs. Mailbox and MongoDB come after them: they may have to be built.
fn servers(stack: &Stack) -> Result<Vec<Box<dyn Service>>> {
    Ok(vec![
        Box::new(MariaDb::new(stack)?),
        Box::new(Redis::new(stack)?),
        Box::new(RabbitMq::new(stack)?),
    ])
}

/// Where servers are, as environment variables.
pub type Addresses = Vec<(String, String)>;

/// Starts every server of a set and writes the file that tells clients where they are.
pub fn start(repository: &Repository, stack: &Stack) -> Result<Addresses> {
    let mut addresses = start_servers(repository, stack)?;
    addresses.extend(start_others(repository, stack)?);
    tell(stack, &addresses)?;
    Ok(addresses)
}

/// Installs and starts the servers that everything needs.
pub fn start_servers(repository: &Repository, stack: &Stack) -> Result<Addresses> {
    let _lock = alone(stack)?;
    progress::heading(&format!("servers ({})", stack.profile.name()));
    let servers = servers(stack)?;
    match stack.host {
        Host::Docker => start_containers(repository, stack, &servers)?,
        Host::Here => {
            system::install(stack)?;
            start_all(stack, &servers)?;
        }
    }
    let mut addresses = Addresses::new();
    for server in &servers {
        addresses.extend(server.environment()?);
    }
    Ok(addresses)
}

/// Starts the mailbox and a MongoDB server, both of which may have to be built, and makes ready what
/// comes from package registries.
pub fn start_others(repository: &Repository, stack: &Stack) -> Result<Addresses> {
    let _lock = alone(stack)?;
    let mailbox = Mailbox::new(repository, stack);
    start_one(stack, &mailbox)?;
    let mut addresses = mailbox.environment()?;
    addresses.extend(MongoDb::new(repository, stack)?.start()?);
    if stack.profile == Profile::Fault {
        let toxiproxy = Toxiproxy::new(repository, stack)?;
        start_one(stack, &toxiproxy)?;
        addresses.extend(toxiproxy.environment()?);
    }
    addresses.extend(tools::make_ready(repository, stack));
    Ok(addresses)
}

/// Waits until nobody else starts the same servers, and keeps others waiting.
fn alone(stack: &Stack) -> Result<File> {
    private_directory(&stack.dir)?;
    let lock = File::create(stack.dir.join("lock")).context("cannot create the lock file")?;
    lock.lock()
        .context("cannot wait for another start of the same servers")?;
    Ok(lock)
}

/// Whether the servers that everything needs run.
pub fn running(stack: &Stack) -> Result<bool> {
    if stack.host == Host::Docker {
        return compose::running(stack);
    }
    Ok(servers(stack)?
        .iter()
        .all(|server| server.daemon().pid().is_some()))
}

/// Every server of a set: its process, its port and whether it answers.
pub fn states(repository: &Repository, stack: &Stack) -> Result<Vec<(Daemon, u16, bool)>> {
    let mailbox = Mailbox::new(repository, stack);
    let mongodb = MongoDb::new(repository, stack)?;
    let state = |server: &dyn Service| {
        let port = server.ports().first().map_or(0, |(port, _)| *port);
        (server.daemon(), port, server.check().is_ok())
    };
    let mut states: Vec<_> = servers(stack)?
        .iter()
        .map(|server| state(server.as_ref()))
        .collect();
    states.push(state(&mailbox));
    if mongodb.daemon().pid().is_some() {
        states.push((
            mongodb.daemon(),
            stack.ports.mongodb,
            mongodb.answers().is_ok(),
        ));
    }
    Ok(states)
}

/// Writes the file that tests read, and experiments that are run by hand. Development has one of its
/// own, written by `up`.
pub fn tell(stack: &Stack, environment: &[(String, String)]) -> Result<()> {
    match stack.profile {
        Profile::Dev | Profile::Bench => Ok(()),
        Profile::Test | Profile::Fault => env_file::write(&stack.env_file(), environment),
    }
}

/// Starts the containers and waits until the servers in them answer.
fn start_containers(
    repository: &Repository,
    stack: &Stack,
    servers: &[Box<dyn Service>],
) -> Result<()> {
    let step = Step::begin("docker compose up");
    compose::start(repository, stack)?;
    for server in servers {
        wait(server.limit(), || server.check()).with_context(|| server.name())?;
    }
    step.done("ready");
    Ok(())
}

/// Starts all at once; every failure is reported.
fn start_all(stack: &Stack, services: &[Box<dyn Service>]) -> Result<()> {
    let failures: Vec<anyhow::Error> = thread::scope(|scope| {
        let running: Vec<_> = services
            .iter()
            .map(|service| scope.spawn(|| start_one(stack, service.as_ref())))
            .collect();
        running
            .into_iter()
            .filter_map(|thread| match thread.join() {
                Ok(outcome) => outcome.err(),
                Err(_) => Some(anyhow!("a server's start panicked")),
            })
            .collect()
    });
    let Some((first, others)) = failures.split_first() else {
        return Ok(());
    };
    for failure in others {
        progress::failure(&format!("{failure:#}"));
    }
    bail!("{first:#}")
}

/// Starts one, or finds it running and healthy.
pub fn start_one(stack: &Stack, service: &dyn Service) -> Result<()> {
    let step = Step::begin(service.name());
    let daemon = service.daemon();
    if daemon.pid().is_some() {
        if daemon.wait(service.limit(), || service.check()).is_ok() {
            service.after_start()?;
            step.done("was running");
            return Ok(());
        }
        progress::note(&format!(
            "{} runs but does not answer: restarting it",
            service.name()
        ));
        daemon.stop(service.grace())?;
    }
    for (port, variable) in service.ports() {
        crate::ports::require_free(stack, service.name(), variable, port)?;
    }
    service
        .launch()
        .with_context(|| format!("cannot start {}", service.name()))?;
    daemon.wait(service.limit(), || service.check())?;
    service.after_start()?;
    step.done("ready");
    Ok(())
}

/// Stops every server of a set; with `wipe` its data goes too.
pub fn stop(repository: &Repository, stack: &Stack, wipe: bool) -> Result<()> {
    let mut daemons: Vec<(Daemon, Duration)> = servers(stack)?
        .iter()
        .map(|server| (server.daemon(), server.grace()))
        .collect();
    daemons.push((
        Mailbox::new(repository, stack).daemon(),
        Duration::from_secs(10),
    ));
    daemons.push((
        MongoDb::new(repository, stack)?.daemon(),
        Duration::from_secs(10),
    ));
    daemons.push((Toxiproxy::process(stack), Duration::from_secs(10)));
    daemons.push((RabbitMq::port_mapper(stack), Duration::from_secs(5)));
    if stack.host == Host::Docker {
        compose::stop(repository, stack, wipe)?;
    }
    for (daemon, grace) in daemons {
        let step = Step::begin(daemon.name());
        if daemon.stop(grace)? {
            step.done("stopped");
        }
    }
    if wipe {
        remove(&stack.data())?;
        remove(&stack.dir)?;
        progress::line("   ✓ data deleted");
    }
    Ok(())
}

fn remove(directory: &std::path::Path) -> Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot delete {}", directory.display()))
        }
        _ => Ok(()),
    }
}
