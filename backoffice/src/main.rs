//! The back office.

use std::process::ExitCode;

use backoffice::cli::Cli;
use clap::Parser as _;

fn main() -> ExitCode {
    Cli::parse().run()
}
