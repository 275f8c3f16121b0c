//! The tenant runtime.

use std::process::ExitCode;

use clap::Parser as _;
use tenant_runtime::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
