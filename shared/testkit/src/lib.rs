//! What tests on real servers stand on: a database of their own in milliseconds, a Redis database
//! and a RabbitMQ virtual host of their own, the mailbox, and counters of what was really asked
//! of the servers.
//!
//! The servers are those of `cargo xtask test`. Everything here panics with a reason instead of
//! returning errors: a test that cannot have its servers has nothing to say.

mod admin;
mod amqp;
mod clock_of_tests;
mod database;
mod dns;
mod eventually;
pub mod history;
mod mail;
mod mmdb;
pub mod provider;
mod proxy;
mod redis_commands;
mod redis_database;
mod row_waits;
mod services;
mod statements;
mod stopwatch;
mod sweeper;
mod template;

pub use amqp::{TestVhost, amqp_vhost};
pub use clock_of_tests::{clock, noon};
pub use database::{Account, TestDb, number};
pub use dns::TestNames;
pub use eventually::{Probe, eventually};
pub use mail::{Mail, TestMailbox, mailbox};
pub use mmdb::{mmdb, mmdb_of_places};
pub use provider::TestProvider;
pub use proxy::Proxy;
pub use redis_commands::{RedisCommand, RedisCommandCounter};
pub use redis_database::{TestRedis, redis};
pub use services::{Services, services};
pub use statements::{StatementCounter, Statements};
pub use stopwatch::{Stopwatch, within};
pub use sweeper::TestSweeper;

/// The value, or a panic that says what was wanted and why it is not there.
#[track_caller]
fn must<T, E: std::fmt::Display>(outcome: Result<T, E>, wanted: &str) -> T {
    match outcome {
        Ok(value) => value,
        Err(error) => panic!("{wanted}: {error}"),
    }
}

/// Runs what blocks where it may block, and carries its panic over.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("a blocking task was cancelled: {error}"),
        },
    }
}

/// Cleans up in a thread of its own and waits for it: short, and good in any runtime or none.
fn clean_up(work: impl FnOnce() + Send + 'static) {
    // A failure leaves something behind on a forgetful server, and a later run sweeps it.
    let _ = std::thread::spawn(work).join();
}
