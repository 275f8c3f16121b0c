//! The development commands of the repository: one place that knows how the servers, the programs
//! and the checks are started, so that nobody has to.

mod apt;
mod bench;
mod cargo;
mod ci;
mod cli;
mod env_file;
mod fault;
mod http;
mod idp;
mod interrupt;
mod limits;
mod paths;
mod ports;
mod process;
mod progress;
mod secrets;
mod services;
mod test;
mod tools;
mod up;

use std::process::ExitCode;

fn main() -> ExitCode {
    limits::raise_open_files();
    interrupt::install();
    let outcome = cli::run();
    interrupt::see_through();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            progress::failure(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
