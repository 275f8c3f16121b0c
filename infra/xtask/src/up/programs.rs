//! The programs of the platform: how each is started, and when it is ready.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Result, bail};

use super::Up;
use super::listen::{
    BACKOFFICE_PORT, GATEWAY_PORT, NODE_API_PORT, NODE_PORTS, Port, RUNTIME_WORK_PORT, STAFF_PORT,
    TICK_PORT, WORK_PORT,
};
use crate::paths::Stack;
use crate::process::Daemon;
use crate::{http, ports, progress};

const READY_LIMIT: Duration = Duration::from_secs(60);
/// A little longer than the programs take to drain.
const GRACE: Duration = Duration::from_secs(30);

/// A program: its name, the binary, the subcommand, and the ports it listens on, the first of
/// which tells whether it is ready.
#[derive(Debug)]
pub struct Program {
    /// What `status` and `logs` call it.
    pub name: &'static str,
    binary: &'static str,
    role: &'static str,
    /// Where it listens; the first tells whether it is ready.
    pub ports: &'static [Port],
}

/// Every program, in the order in which they are started.
pub const PROGRAMS: [Program; 7] = [
    Program {
        name: "control-plane",
        binary: "control-plane",
        role: "serve",
        ports: &[GATEWAY_PORT, STAFF_PORT, NODE_API_PORT],
    },
    Program {
        name: "control-plane-work",
        binary: "control-plane",
        role: "work",
        ports: &[WORK_PORT],
    },
    Program {
        name: "runtime-1",
        binary: "tenant-runtime",
        role: "serve",
        ports: &[NODE_PORTS[0]],
    },
    Program {
        name: "runtime-2",
        binary: "tenant-runtime",
        role: "serve",
        ports: &[NODE_PORTS[1]],
    },
    Program {
        name: "runtime-work",
        binary: "tenant-runtime",
        role: "work",
        ports: &[RUNTIME_WORK_PORT],
    },
    Program {
        name: "runtime-tick",
        binary: "tenant-runtime",
        role: "tick",
        ports: &[TICK_PORT],
    },
    Program {
        name: "backoffice",
        binary: "backoffice",
        role: "serve",
        ports: &[BACKOFFICE_PORT],
    },
];

/// Names of all programs.
pub const NAMES: [&str; 7] = [
    "control-plane",
    "control-plane-work",
    "runtime-1",
    "runtime-2",
    "runtime-work",
    "runtime-tick",
    "backoffice",
];

/// The runtime's processes, each a node with a secret of its own.
pub const NODES: [&str; 4] = ["runtime-1", "runtime-2", "runtime-work", "runtime-tick"];

/// Starts what does not run, restarts what runs as it was built before, waits for all.
pub fn start(up: &mut Up) -> Result<String> {
    let mut started = 0;
    for program in &PROGRAMS {
        started += usize::from(program.start(up)?);
    }
    for program in &PROGRAMS {
        let [first, ..] = program.ports else { continue };
        let daemon = Daemon::new(&up.stack, program.name);
        daemon.wait(READY_LIMIT, || http::ready(first.number(), "/readyz"))?;
    }
    Ok(format!("{} ready, {started} started", PROGRAMS.len()))
}

impl Program {
    /// Says whether it had to be started.
    fn start(&self, up: &Up) -> Result<bool> {
        let daemon = Daemon::new(&up.stack, self.name);
        let mut command = super::bootstrap::command(up, self.binary)?;
        command.arg(self.role);
        self.settings(up, &mut command)?;
        let shape = shape(up, self.binary, &command)?;
        let memory = up.memory()?.join(format!("started-{}", self.name));
        if daemon.pid().is_some() {
            if fs::read_to_string(&memory).is_ok_and(|kept| kept == shape) {
                return Ok(false);
            }
            progress::line(&format!(
                "     {} is restarted as it is built now",
                self.name
            ));
            daemon.stop(GRACE)?;
        }
        for port in self.ports {
            ports::require_free(&up.stack, self.name, port.name, port.number())?;
        }
        daemon.start(&mut command)?;
        fs::write(memory, shape)?;
        Ok(true)
    }

    /// What sets this process apart from others of the same binary.
    fn settings(&self, up: &Up, command: &mut Command) -> Result<()> {
        if !NODES.contains(&self.name) {
            return Ok(());
        }
        let [port, ..] = self.ports else {
            return Ok(());
        };
        let secret = super::bootstrap::node_secret_file(up, self.name)?;
        command
            .env("TR__NODE__NAME", self.name)
            .env("TR__NODE__SECRET_FILE", secret)
            .env(
                format!("TR__{}__ADDRESS", self.role.to_uppercase()),
                port.address(),
            );
        // Without a document server the platform runs as well, only slower.
        if let Some(url) = up.environment.get("MONGODB_URL") {
            command.env("TR__CACHE__URL", url);
        }
        Ok(())
    }
}

/// What a process was started as: another build or other settings make another shape.
fn shape(up: &Up, binary: &str, command: &Command) -> Result<String> {
    let built = fs::metadata(up.program(binary))?
        .modified()?
        .duration_since(UNIX_EPOCH)?;
    let files = super::bootstrap::settings_file(up, binary);
    let settings = fs::read_to_string(files).unwrap_or_default();
    let environment: Vec<String> = command
        .get_envs()
        .map(|(key, value)| {
            let value = value.unwrap_or_default();
            format!("{}={}", key.to_string_lossy(), value.to_string_lossy())
        })
        .collect();
    Ok(format!(
        "{}\n{}\n{settings}",
        built.as_nanos(),
        environment.join("\n")
    ))
}

/// Ends the programs, the last started first.
pub fn stop(stack: &Stack) -> Result<()> {
    // All are asked at once, so that their draining overlaps.
    let stopping: Vec<_> = NAMES
        .iter()
        .rev()
        .map(|name| {
            let daemon = Daemon::new(stack, name);
            thread::spawn(move || daemon.stop(GRACE).map(|stopped| (daemon, stopped)))
        })
        .collect();
    for thread in stopping {
        let Ok(outcome) = thread.join() else {
            bail!("stopping a program panicked")
        };
        let (daemon, stopped) = outcome?;
        if stopped {
            progress::line(&format!("   ✓ {:<28} stopped", daemon.name()));
        }
    }
    Ok(())
}
