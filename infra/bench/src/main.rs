//! Benchmarks, each against a baseline that is measured in the same run. `cargo xtask bench` builds
//! everything with optimisation, starts the servers of tests and runs this.

mod arena;
mod baseline;
mod cache;
mod fault;
mod live;
mod load;
mod program;
mod provision;
mod queue;
mod report;
mod request;
mod signin;
mod statistics;
mod tenancy;

use std::process::ExitCode;

use anyhow::{Result, bail};

const BENCHMARKS: &str = "request, provision, signin, cache, queue or live";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            report::line(&format!("bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Whether the bars were met.
fn run() -> Result<bool> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        // The bare handler is a process of its own, as the programs are.
        ["baseline"] => baseline::serve().map(|()| true),
        ["bench", "request"] => with_runtime(request::run()),
        ["bench", "provision"] => with_runtime(provision::run()),
        ["bench", "signin"] => with_runtime(signin::run()),
        ["bench", "cache"] => with_runtime(cache::run()),
        ["bench", "queue"] => with_runtime(queue::run()),
        ["bench", "live"] => with_runtime(live::run()),
        ["bench", name] => bail!("there is no benchmark `{name}`: {BENCHMARKS}"),
        ["fault", arguments @ ..] => with_runtime(fault::run(arguments)),
        _ => bail!("bench NAME ({BENCHMARKS}) | fault NAME"),
    }
}

fn with_runtime(work: impl Future<Output = Result<bool>>) -> Result<bool> {
    // Two threads, as a client machine might have; the load itself runs on one of its own.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(work)
}
