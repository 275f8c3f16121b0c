//! The programs of the platform: how each is started, and when it is ready.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::process::Command;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use super::Up;
use crate::paths::{Host, Profile, Repository, Stack};
use crate::process::Daemon;
use crate::progress;
use crate::{http, interrupt, ports, services};

const READY_LIMIT: Duration = Duration::from_secs(60);
/// A little longer than the programs take to drain.
const GRACE: Duration = Duration::from_secs(30);
const LOG_START_BYTES: i64 = 4000;
const POLL: Duration = Duration::from_millis(200);

/// A port of a program, which the environment may move.
#[derive(Debug, Clone, Copy)]
pub struct Port {
    name: &'static str,
    usual: u16,
}

impl Port {
    /// Its number: `TRELLIS_DEV_{NAME}_PORT`, or the usual one.
    pub fn number(self) -> u16 {
        ports::moved(Profile::Dev, self.name).unwrap_or(self.usual)
    }

    /// The address on this machine.
    pub fn address(self) -> String {
        format!("127.0.0.1:{}", self.number())
    }
}

/// Where tenants' people and clients arrive.
pub const GATEWAY_PORT: Port = Port {
    name: "GATEWAY",
    usual: 8080,
};
/// The staff API.
pub const STAFF_PORT: Port = Port {
    name: "STAFF",
    usual: 8081,
};
/// The back office.
pub const BACKOFFICE_PORT: Port = Port {
    name: "BACKOFFICE",
    usual: 8082,
};
/// Where runtime nodes ask the control plane.
pub const NODE_API_PORT: Port = Port {
    name: "NODE_API",
    usual: 8083,
};
/// Health of the control plane's worker.
pub const WORK_PORT: Port = Port {
    name: "CONTROL_PLANE_WORK",
    usual: 8084,
};
/// The nodes that serve.
pub const NODE_PORTS: [Port; 2] = [
    Port {
        name: "RUNTIME_1",
        usual: 8090,
    },
    Port {
        name: "RUNTIME_2",
        usual: 8091,
    },
];
/// Health of the runtime's worker.
pub const RUNTIME_WORK_PORT: Port = Port {
    name: "RUNTIME_WORK",
    usual: 8092,
};
/// Health of the runtime's timers.
pub const TICK_PORT: Port = Port {
    name: "RUNTIME_TICK",
    usual: 8093,
};

/// A program: its name, the binary, the subcommand, and the ports it listens on, the first of
/// which tells whether it is ready.
struct Program {
    name: &'static str,
    binary: &'static str,
    role: &'static str,
    ports: &'static [Port],
}

const PROGRAMS: [Program; 7] = [
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
