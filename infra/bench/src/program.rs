//! Memory and processor time of a process, as the kernel counts them; open files.

use std::fs;

use anyhow::{Context as _, Result};
use rustix::process::{Resource, getrlimit, setrlimit};

/// The resident memory of a process in KiB.
pub fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number
        .context("the kernel tells no resident memory")?
        .parse()?)
}

/// The processor time that a process has used, in milliseconds.
pub fn processor_ms(pid: u32) -> Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest)
        .context("no fields")?;
    let field = |place: usize| -> Result<u64> {
        Ok(fields
            .split_whitespace()
            .nth(place)
            .context("too few fields")?
            .parse()?)
    };
    // User and system time, in hundredths of a second.
    Ok((field(11)? + field(12)?) * 10)
}

/// Raises the limit of open files as far as it goes, for this process and what it starts.
pub fn raise_open_files() -> Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("the limit of open files could not be raised")
}
