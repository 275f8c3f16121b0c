//! What this system offers: packages to install, programs that are there, or Docker.

use anyhow::{Result, bail};

use super::compose;
use crate::apt;
use crate::paths::{Host, Stack};

/// Programs without which no set runs as processes.
const PROGRAMS: [&str; 3] = ["mariadbd", "redis-server", "rabbitmq-server"];

/// Where servers run on this system: in containers where there is Docker and no apt.
pub fn host() -> Host {
    let here = apt::available()
        || PROGRAMS
            .iter()
            .all(|program| apt::in_path(program).is_some());
    if !here && compose::available() {
        Host::Docker
    } else {
        Host::Here
    }
}

/// Installs the servers with apt, or says what to do where there is none.
pub fn install(stack: &Stack) -> Result<()> {
    if apt::available() {
        return apt::install_missing(stack, apt::ESSENTIAL);
    }
    for program in PROGRAMS {
        if apt::in_path(program).is_none() {
            bail!("{program} is not installed and this system has no apt: install it, or Docker");
        }
    }
    Ok(())
}
