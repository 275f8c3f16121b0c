//! `status` and `logs`: what runs, and what it says.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::programs::PROGRAMS;
use crate::paths::{Host, Profile, Repository, Stack};
use crate::process::Daemon;
use crate::{http, interrupt, progress, services};

const LOG_START_BYTES: i64 = 4000;
const POLL: Duration = Duration::from_millis(200);

/// Shows every server and program.
pub fn status(repository: &Repository) -> Result<bool> {
    let stack = repository.stack(Profile::Dev);
    let mut well = true;
    let mut row = |daemon: &Daemon, port: u16, healthy: bool| {
        let pid = daemon.pid();
        let contained = stack.host == Host::Docker;
        let state = match (pid, healthy) {
            (None, true) if contained => "ready",
            (None, _) => "stopped",
            (Some(_), true) => "ready",
            (Some(_), false) => "not ready",
        };
        well &= state == "ready";
        let pid = pid.map_or_else(String::new, |pid| pid.to_string());
        progress::line(&format!(
            "{:<20} {state:<10} {pid:>8} {port:>6}",
            daemon.name()
        ));
    };
    progress::line(&format!(
        "{:<20} {:<10} {:>8} {:>6}",
        "NAME", "STATE", "PID", "PORT"
    ));
    for (daemon, port, healthy) in services::states(repository, &stack)? {
        row(&daemon, port, healthy);
    }
    for program in &PROGRAMS {
        let [first, ..] = program.ports else { continue };
        let healthy = http::ready(first.number(), "/readyz").is_ok();
        row(&Daemon::new(&stack, program.name), first.number(), healthy);
    }
    Ok(well)
}

/// Shows the end of a log and what is added to it, until Ctrl-C.
pub fn logs(stack: &Stack, name: &str) -> Result<()> {
    let path = stack.log_file(name);
    let Ok(mut file) = fs::File::open(&path) else {
        bail!(
            "there is no log of '{name}'; there are: {}",
            log_names(stack).join(", ")
        );
    };
    let length = i64::try_from(file.metadata()?.len())?;
    file.seek(SeekFrom::End(-length.min(LOG_START_BYTES)))?;
    let mut first = true;
    while !interrupt::requested() {
        let mut text = Vec::new();
        file.read_to_end(&mut text).context("cannot read the log")?;
        let mut text = String::from_utf8_lossy(&text).into_owned();
        if first && length > LOG_START_BYTES {
            // Begin with a whole line.
            text = text
                .split_once('\n')
                .map(|(_, rest)| rest.to_owned())
                .unwrap_or_default();
        }
        first = false;
        progress::raw(&text);
        thread::sleep(POLL);
    }
    Ok(())
}

fn log_names(stack: &Stack) -> Vec<String> {
    let entries = fs::read_dir(stack.dir.join("logs"))
        .into_iter()
        .flatten()
        .flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".log")?.to_owned()))
        .collect();
    names.sort();
    names
}
