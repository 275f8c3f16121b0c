//! Long-running processes of ours: started apart from the terminal, found again by their pid file,
//! ended politely first.

use std::fs::{self, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::paths::{Stack, private_directory};

const POLL: Duration = Duration::from_millis(50);
const LOG_LINES_SHOWN: usize = 12;

/// A process known by its pid file.
#[derive(Debug, Clone)]
pub struct Daemon {
    name: String,
    pid_file: PathBuf,
    log_file: PathBuf,
}

impl Daemon {
    /// The process of that name in a set.
    pub fn new(stack: &Stack, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            pid_file: stack.pid_file(name),
            log_file: stack.log_file(name),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its pid, when it runs. A pid that went to somebody else since does not count.
    pub fn pid(&self) -> Option<i32> {
        let text = fs::read_to_string(&self.pid_file).ok()?;
        let (pid, birth) = text.trim().split_once(' ')?;
        let pid = pid.parse().ok()?;
        (birth_of(pid)? == birth).then_some(pid)
    }

    /// Starts it in a process group of its own, with its output in the log file.
    pub fn start(&self, command: &mut Command) -> Result<()> {
        for file in [&self.pid_file, &self.log_file] {
            file.parent().map_or(Ok(()), private_directory)?;
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log_file)
            .with_context(|| format!("cannot write {}", self.log_file.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
        let pid = i32::try_from(child.id())?;
        reap(child);
        let birth = birth_of(pid).unwrap_or_default();
        fs::write(&self.pid_file, format!("{pid} {birth}\n"))
            .with_context(|| format!("cannot write {}", self.pid_file.display()))?;
        crate::interrupt::remember(self);
        Ok(())
    }

    /// Waits until `healthy` says so. Fails with the log's end when the process dies or time is up.
    pub fn wait(&self, limit: Duration, healthy: impl Fn() -> Result<()>) -> Result<()> {
        let started = Instant::now();
        loop {
            let Err(reason) = healthy() else {
                return Ok(());
            };
            if self.pid().is_none() {
                bail!("{} ended while starting\n{}", self.name, self.log_end());
            }
            if started.elapsed() > limit {
                return Err(reason.context(format!(
                    "{} was not ready within {} s\n{}",
                    self.name,
                    limit.as_secs(),
                    self.log_end()
                )));
            }
            thread::sleep(POLL);
        }
    }

    /// Ends it: politely, and after `grace` by force. Says whether there was something to end.
    pub fn stop(&self, grace: Duration) -> Result<bool> {
        let Some(pid) = self.pid() else {
            let _ = fs::remove_file(&self.pid_file);
            return Ok(false);
        };
        signal(pid, Signal::SIGTERM)?;
        let started = Instant::now();
        while self.pid().is_some() {
            if started.elapsed() > grace {
                crate::progress::note(&format!(
                    "{} did not end within {} s and was killed",
                    self.name,
                    grace.as_secs()
                ));
                signal(pid, Signal::SIGKILL)?;
                break;
            }
            thread::sleep(POLL);
        }
        let _ = fs::remove_file(&self.pid_file);
        Ok(true)
    }

    /// Ends it by force and waits until it is gone.
    pub fn kill(&self) -> Result<()> {
        let pid = self.pid();
        let pid = pid.with_context(|| format!("{} does not run", self.name))?;
        signal(pid, Signal::SIGKILL)?;
        // Its sockets close with the last of its threads, which may outlive the first.
        while self.pid().is_some() || threads(pid) > 1 {
            thread::sleep(POLL);
        }
        let _ = fs::remove_file(&self.pid_file);
        Ok(())
    }

    /// The last lines of its log, indented.
    pub fn log_end(&self) -> String {
        let text = fs::read(&self.log_file).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let shown = lines
            .iter()
            .skip(lines.len().saturating_sub(LOG_LINES_SHOWN));
        let body: String = shown.map(|line| format!("     | {line}\n")).collect();
        format!("     log: {}\n{body}", self.log_file.display())
    }
}

/// Waits until `healthy` says so; for what runs elsewhere.
pub fn wait(limit: Duration, healthy: impl Fn() -> Result<()>) -> Result<()> {
    let started = Instant::now();
    while let Err(reason) = healthy() {
        if started.elapsed() > limit {
            return Err(reason.context(format!("not ready within {} s", limit.as_secs())));
        }
        thread::sleep(POLL);
    }
    Ok(())
}

/// Runs a command to its end with its output in a file; on failure the error carries the output's end.
pub fn run_logged(command: &mut Command, log_file: &Path) -> Result<()> {
    log_file.parent().map_or(Ok(()), private_directory)?;
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(log_file)?;
    let status = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;
    if status.success() {
        return Ok(());
    }
    let text = fs::read(log_file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines
        .iter()
        .skip(lines.len().saturating_sub(LOG_LINES_SHOWN));
    bail!(
        "{} failed ({status})\n     log: {}\n{}",
        command.get_program().to_string_lossy(),
        log_file.display(),
        shown
            .map(|line| format!("     | {line}\n"))
            .collect::<String>()
    );
}

/// Collects the exit status in the background, so that a dead child is not taken for a live one.
fn reap(mut child: std::process::Child) {
    thread::spawn(move || {
        let _ = child.wait();
    });
}

fn signal(pid: i32, signal: Signal) -> Result<()> {
    match kill(Pid::from_raw(pid), signal) {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot signal process {pid}")),
    }
}

/// How many threads of a process there are, where the system tells.
fn threads(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}

/// When a live process was born, as an opaque text; none for a dead one.
fn birth_of(pid: i32) -> Option<String> {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return birth_by_ps(pid);
    };
    // The name in parentheses may hold anything: count from the last one.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let born = fields.nth(18)?;
    (!matches!(state, "Z" | "X")).then(|| born.to_owned())
}

/// The same on systems without /proc.
fn birth_by_ps(pid: i32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        return None;
    }
    let output = Command::new("ps")
        .args(["-o", "lstart=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout)
        .ok()?
        .trim()
        .replace(' ', "-");
    (!text.is_empty()).then_some(text)
}
