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

/// A package, and the program that tells that it is not needed because it came from elsewhere.
type Package = (&'static str, Option<&'static str>);

/// What the servers, the browser tests and the build need.
pub const ESSENTIAL: &[Package] = &[
    ("mariadb-server", None),
    ("mariadb-client", None),
    ("redis-server", None),
    ("rabbitmq-server", None),
    ("chromium", None),
    ("chromium-driver", None),
    // It has a successor that provides the command.
    ("pkg-config", Some("pkg-config")),
    ("libssl-dev", None),
    ("nodejs", Some("node")),
    ("npm", Some("npm")),
    ("python3-venv", Some("pip3")),
];

/// What Keycloak needs, and what fetches it.
pub const JAVA: &[Package] = &[
    ("openjdk-17-jdk-headless", Some("java")),
    ("maven", Some("mvn")),
    ("unzip", Some("unzip")),
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
pub fn install_missing(stack: &Stack, packages: &[Package]) -> Result<()> {
    let missing = missing(packages)?;
    if missing.is_empty() {
        return Ok(());
    }
    let step = Step::begin(format!("install {}", missing.join(" ")));
    let mut shell = as_root(&missing)?;
    shell
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["sh", "-c", INSTALL, "install"]);
    shell.args(&missing);
    run_logged(&mut shell, &stack.log_file("apt"))
        .with_context(|| format!("cannot install {}", missing.join(" ")))?;
    step.done("installed");
    Ok(())
}

fn missing(packages: &[Package]) -> Result<Vec<&'static str>> {
    let output = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\\n"])
        .args(packages.iter().map(|(name, _)| name))
        .output()
        .context("cannot run dpkg-query")?;
    let known = String::from_utf8_lossy(&output.stdout).into_owned();
    let installed = |name: &str| {
        known
            .lines()
            .any(|line| line == format!("{name} installed"))
    };
    Ok(packages
        .iter()
        .filter(|(name, program)| {
            let provided = program.is_some_and(|program| in_path(program).is_some());
            !provided && !installed(name)
        })
        .map(|(name, _)| *name)
        .collect())
}

/// Begins a command that runs as root.
fn as_root(missing: &[&str]) -> Result<Command> {
    if is_root() {
        return Ok(Command::new("env"));
    }
    if in_path("sudo").is_none() {
        bail!(
            "packages are missing and this is not root: as root, run \
             `apt-get install --no-install-recommends {}`",
            missing.join(" ")
        );
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["--non-interactive", "--preserve-env=DEBIAN_FRONTEND", "env"]);
    Ok(sudo)
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
