//! Which cargo is called: the one that runs this program, so that the toolchain stays the same.

use std::process::Command;

/// A call of cargo.
pub fn command() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
