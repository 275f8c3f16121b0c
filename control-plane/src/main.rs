//! The control plane.

use std::process::ExitCode;

use clap::Parser as _;
use control_plane::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
