//! Builds the programs; cargo's own progress is shown.

use std::process::Command;

use anyhow::{Result, ensure};

use super::Up;

/// Builds what `up` starts: the workspace's default members.
pub fn run(up: &mut Up) -> Result<String> {
    let mut command = Command::new(env!("CARGO"));
    command.arg("build").current_dir(up.repository.root());
    if up.release {
        command.arg("--release");
    }
    ensure!(command.status()?.success(), "the programs cannot be built");
    Ok("every program".to_owned())
}
