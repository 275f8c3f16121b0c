//! A numbered Redis database for one test.

use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use url::Url;

use crate::{must, services};

/// Numbered databases of the server of tests; number 0 is for counting them out.
const DATABASES: i64 = 2048;

/// A numbered Redis database for one test, empty at the start. Publish and subscribe know no
/// databases: channels are shared by all tests.
#[derive(Debug, Clone)]
pub struct TestRedis {
    number: i64,
    url: String,
    connection: MultiplexedConnection,
}

/// A Redis database that no other running test has.
///
/// # Panics
///
/// When Redis cannot be reached.
pub async fn redis() -> TestRedis {
    let mut url = must(
        Url::parse(&services().redis_url),
        "Redis's URL is malformed",
    );
    let mut counter = connect(url.as_str()).await;
    let drawn: i64 = must(
        counter.incr("testkit:drawn", 1).await,
        "a number of a database",
    );
    let number = drawn.rem_euclid(DATABASES - 1) + 1;
    url.set_path(&number.to_string());
    let mut connection = connect(url.as_str()).await;
    must(
        redis::cmd("FLUSHDB").exec_async(&mut connection).await,
        "an empty database",
    );
    TestRedis {
        number,
        url: url.into(),
        connection,
    }
}

impl TestRedis {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }

    /// How to connect to it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection to it, for what a test arranges and asserts.
    #[must_use]
    pub fn connection(&self) -> MultiplexedConnection {
        self.connection.clone()
    }
}

async fn connect(url: &str) -> MultiplexedConnection {
    let client = must(redis::Client::open(url), "Redis's URL is malformed");
    must(
        client.get_multiplexed_async_connection().await,
        "no connection to the Redis of tests",
    )
}
