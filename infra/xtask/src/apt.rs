//! Debian packages: installs what is missing, without letting the packages' scripts start system
//! services that nobody asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
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
    let log = stack.log_file("apt");
    let _guard = NoServiceStarts::set()?;
    let step = Step::begin("apt-get update");
    run_logged(&mut apt_get(&["update"])?, &log)?;
    step.done("lists are fresh");
    let step = Step::begin(format!("install {}", missing.join(" ")));
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(missing.iter().copied());
    run_logged(&mut apt_get(&arguments)?, &log)
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

fn apt_get(arguments: &[&str]) -> Result<Command> {
    let mut command = if is_root() {
        Command::new("apt-get")
    } else if in_path("sudo").is_some() {
        let mut sudo = Command::new("sudo");
        sudo.args([
            "--non-interactive",
            "--preserve-env=DEBIAN_FRONTEND",
            "apt-get",
        ]);
        sudo
    } else {
        bail!("packages are missing and this is not root: {}", advice()?);
    };
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(arguments);
    Ok(command)
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

/// While it lives, Debian's maintainer scripts start no service; afterwards all is as it was.
struct NoServiceStarts {
    kept: Option<PathBuf>,
}

impl NoServiceStarts {
    const POLICY: &str = "/usr/sbin/policy-rc.d";
    const KEPT: &str = "/usr/sbin/policy-rc.d.before-trellis";
    const TEXT: &str =
        "#!/bin/sh\n# Written by cargo xtask while it installs packages.\nexit 101\n";

    fn set() -> Result<Self> {
        let none = Self { kept: None };
        let policy = Path::new(Self::POLICY);
        if !is_root() {
            // Through sudo the scripts are left to the system's own policy.
            return Ok(none);
        }
        let kept = match fs::read_to_string(policy) {
            Ok(text) if text != Self::TEXT => {
                fs::rename(policy, Self::KEPT)?;
                Some(PathBuf::from(Self::KEPT))
            }
            _ => Some(PathBuf::from(Self::KEPT)).filter(|kept| kept.exists()),
        };
        fs::write(policy, Self::TEXT).context("cannot write policy-rc.d")?;
        fs::set_permissions(policy, fs::Permissions::from_mode(0o755))?;
        Ok(Self { kept })
    }
}

impl Drop for NoServiceStarts {
    fn drop(&mut self) {
        let policy = Path::new(Self::POLICY);
        if !fs::read_to_string(policy).is_ok_and(|text| text == Self::TEXT) {
            return;
        }
        let restored = match &self.kept {
            Some(kept) => fs::rename(kept, policy),
            None => fs::remove_file(policy),
        };
        if let Err(error) = restored {
            crate::progress::note(&format!("{} could not be restored: {error}", Self::POLICY));
        }
    }
}
