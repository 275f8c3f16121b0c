//! Debian packages: installs what is missing, without letting the packages' scripts start system
//! services that nobody asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::paths::Stack;
use crate::process::run_logged;
use crate::progress::Step;

/// What the servers, the browser tests and the build need.
const PACKAGES: [&str; 8] = [
    "mariadb-server",
    "mariadb-client",
    "redis-server",
    "rabbitmq-server",
    "chromium",
    "chromium-driver",
    "pkg-config",
    "libssl-dev",
];

/// Installs the packages it is given. While it runs, the packages' scripts may start no service;
/// afterwards the system's own policy is back, whatever happened.
const INSTALL: &str = r#"
set -eu
policy=/usr/sbin/policy-rc.d
kept=$policy.before-trellis
mark='# Written by cargo xtask while it installs packages.'
restore() { if [ -e "$kept" ]; then mv -f "$kept" "$policy"; else rm -f "$policy"; fi; }
if [ -e "$policy" ] && [ ! -e "$kept" ] && ! grep -qF "$mark" "$policy"; then
  mv "$policy" "$kept"
fi
trap restore EXIT
trap 'exit 130' INT TERM
printf '#!/bin/sh\n%s\nexit 101\n' "$mark" > "$policy"
chmod 755 "$policy"
apt-get update
apt-get install --yes --no-install-recommends "$@"
"#;

/// Whether this system has apt.
pub fn available() -> bool {
    in_path("apt-get").is_some() && in_path("dpkg-query").is_some()
}

/// Installs the packages that are missing; does nothing when none is.
pub fn install_missing(stack: &Stack) -> Result<()> {
    let missing = missing()?;
    if missing.is_empty() {
        return Ok(());
    }
    let step = Step::begin(format!("install {}", missing.join(" ")));
    let mut shell = as_root()?;
    shell
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["sh", "-c", INSTALL, "install"]);
    shell.args(&missing);
    run_logged(&mut shell, &stack.log_file("apt"))
        .with_context(|| format!("cannot install {}", missing.join(" ")))?;
    step.done("installed");
    Ok(())
}

fn missing() -> Result<Vec<&'static str>> {
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\\n"])
        .args(PACKAGES)
        .output()
        .context("cannot run dpkg-query")?;
    let known = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(PACKAGES
        .into_iter()
        .filter(|name| {
            // `pkg-config` has a successor that provides the command.
            let provided = *name == "pkg-config" && in_path("pkg-config").is_some();
            !provided
                && !known
                    .lines()
                    .any(|line| line == format!("{name} installed"))
        })
        .collect())
}

/// Begins a command that runs as root.
fn as_root() -> Result<Command> {
    if is_root() {
        return Ok(Command::new("env"));
    }
    if in_path("sudo").is_none() {
        bail!("packages are missing and this is not root: {}", advice()?);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["--non-interactive", "--preserve-env=DEBIAN_FRONTEND", "env"]);
    Ok(sudo)
}

/// What to type by hand.
fn advice() -> Result<String> {
    Ok(format!(
        "as root, run `apt-get install --no-install-recommends {}`",
        missing()?.join(" ")
    ))
}

/// Whether this process is root.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Where a program is, when `PATH` (or a system directory beside it) has it.
pub fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|candidate| {
            fs::metadata(candidate)
                .is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
        })
}
