//! One server of a set by its name: fault experiments kill it and start it again.

use anyhow::{Context, Result};

use super::{MongoDb, alone, servers, start_one};
use crate::paths::{Repository, Stack};
use crate::process::Daemon;

/// Ends a server as `kill -9` does.
pub fn kill(stack: &Stack, name: &str) -> Result<()> {
    Daemon::new(stack, name).kill()
}

/// Starts a server again, or finds it running.
pub fn start(repository: &Repository, stack: &Stack, name: &str) -> Result<()> {
    let _lock = alone(stack)?;
    let mongodb = MongoDb::new(repository, stack)?;
    if mongodb.daemon().name() == name {
        return mongodb.start().map(drop);
    }
    let servers = servers(stack)?;
    let server = servers.iter().find(|server| server.name() == name);
    let server = server.with_context(|| format!("there is no server {name} to start by itself"))?;
    start_one(stack, server.as_ref())
}
