//! Builds the programs; cargo's own progress is shown.

use anyhow::{Result, ensure};

use super::Up;

/// Every program at once, as `test` builds them too: another choice of packages would mean other
/// features of what they depend on, and building that again.
pub const PROGRAMS: [&str; 7] = [
    "build",
    "--workspace",
    "--exclude",
    "xtask",
    "--exclude",
    "bench",
    "--bins",
];

/// Builds what `up` starts.
pub fn run(up: &mut Up) -> Result<String> {
    if up.no_build {
        return Ok("not asked for".to_owned());
    }
    let mut command = crate::cargo::command();
    command.args(PROGRAMS).current_dir(up.repository.root());
    if up.release {
        command.arg("--release");
    }
    ensure!(command.status()?.success(), "the programs cannot be built");
    Ok("every program".to_owned())
}
