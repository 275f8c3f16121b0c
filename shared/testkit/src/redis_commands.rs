//! What Redis was really asked in one numbered database: the commands as the server saw them.

use futures_util::StreamExt as _;
use redis::aio::MultiplexedConnection;
use uuid::Uuid;

use crate::{TestRedis, must, services};

/// A command that Redis executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisCommand {
    /// Who asked: `address:port`.
    pub client: String,
    /// The command, in capitals.
    pub name: String,
    /// The rest of the line, quoted by the server.
    pub arguments: String,
}

/// Sees the commands of one database from its start on. What a script asks is part of the script's
/// one command and is not counted.
pub struct RedisCommandCounter {
    database: String,
    lines: std::pin::Pin<Box<dyn futures_util::Stream<Item = String> + Send>>,
    marker: MultiplexedConnection,
}

impl std::fmt::Debug for RedisCommandCounter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisCommandCounter")
            .field("database", &self.database)
            .finish()
    }
}

impl RedisCommandCounter {
    /// Starts to watch.
    ///
    /// # Panics
    ///
    /// When Redis cannot be reached.
    pub async fn start(redis: &TestRedis) -> Self {
        let client = must(
            redis::Client::open(services().redis_url.as_str()),
            "Redis's URL",
        );
        let marker = must(
            client.get_multiplexed_async_connection().await,
            "a connection",
        );
        let monitor = must(client.get_async_monitor().await, "a monitor");
        let lines = Box::pin(monitor.into_on_message::<String>());
        Self {
            database: redis.number().to_string(),
            lines,
            marker,
        }
    }

    /// What was asked since the start or the last call, in order. Complete: the server's own
    /// order is used, not time.
    ///
    /// # Panics
    ///
    /// When the connection to Redis is lost.
    pub async fn take(&mut self) -> Vec<RedisCommand> {
        let token = Uuid::new_v4().simple().to_string();
        must(
            redis::cmd("ECHO")
                .arg(&token)
                .exec_async(&mut self.marker)
                .await,
            "a mark in the monitor's stream",
        );
        let mut commands = Vec::new();
        loop {
            let Some(line) = self.lines.next().await else {
                panic!("the monitor's stream ended")
            };
            if line.contains(&token) {
                return commands;
            }
            if let Some((database, command)) = parse(&line)
                && database == self.database
                && command.client != "lua"
            {
                commands.push(command);
            }
        }
    }
}

/// `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`
fn parse(line: &str) -> Option<(String, RedisCommand)> {
    let (_, rest) = line.split_once('[')?;
    let (origin, asked) = rest.split_once("] \"")?;
    let (database, client) = origin.split_once(' ')?;
    let (name, arguments) = asked.split_once('"')?;
    let command = RedisCommand {
        client: client.to_owned(),
        name: name.to_ascii_uppercase(),
        arguments: arguments.trim().to_owned(),
    };
    Some((database.to_owned(), command))
}
