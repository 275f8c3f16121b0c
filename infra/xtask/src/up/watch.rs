//! Staying until Ctrl-C, and telling when a program ends before that.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::Up;
use super::programs;
use crate::interrupt;
use crate::process::Daemon;
use crate::progress;

const POLL: Duration = Duration::from_millis(500);

/// Stays. The handler of Ctrl-C ends what was started, and this process with it.
pub fn until_interrupted(up: &Up) -> Result<()> {
    let daemons: Vec<Daemon> = programs::NAMES
        .iter()
        .map(|name| Daemon::new(&up.stack, name))
        .collect();
    let mut ended = HashSet::new();
    while !interrupt::requested() {
        for daemon in &daemons {
            if daemon.pid().is_none() && ended.insert(daemon.name().to_owned()) {
                progress::note(&format!(
                    "{} has ended\n{}",
                    daemon.name(),
                    daemon.log_end()
                ));
            }
        }
        thread::sleep(POLL);
    }
    Ok(())
}
