//! Redis: persistent for development, forgetful and with many numbered databases for tests.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Service;
use crate::paths::{Profile, Stack};
use crate::process::Daemon;
use crate::{apt, secrets};

const NAME: &str = "redis";
const TIMEOUT: Duration = Duration::from_secs(2);

/// The Redis of a set.
#[derive(Debug)]
pub struct Redis {
    stack: Stack,
    password: String,
}

impl Redis {
    /// The instance of a set.
    pub fn new(stack: &Stack) -> Result<Self> {
        let password = secrets::secret(stack, "redis")?;
        Ok(Self {
            stack: stack.clone(),
            password,
        })
    }

    /// How a client connects.
    pub fn url(&self) -> String {
        format!(
            "redis://:{}@127.0.0.1:{}/0",
            self.password, self.stack.ports.redis
        )
    }

    /// Writes the settings' file.
    pub fn write_settings(&self) -> Result<PathBuf> {
        let file = self.stack.directory("run")?.join("redis.conf");
        secrets::write(&file, &self.settings()?)?;
        Ok(file)
    }

    fn settings(&self) -> Result<String> {
        let directory = self.stack.directory("redis")?;
        let lasting = match self.stack.profile {
            Profile::Dev => "appendonly yes\nappendfsync everysec\ndatabases 16\n",
            Profile::Test | Profile::Bench | Profile::Fault => {
                "save \"\"\nappendonly no\ndatabases 2048\n"
            }
        };
        Ok(format!(
            "bind 127.0.0.1\nport {port}\ndir \"{directory}\"\nrequirepass {password}\n\
             daemonize no\nmaxclients 4000\ntcp-backlog 511\n{lasting}",
            port = self.stack.ports.redis,
            directory = directory.display(),
            password = self.password,
        ))
    }
}

impl Service for Redis {
    fn name(&self) -> &'static str {
        NAME
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn ports(&self) -> Vec<(u16, &'static str)> {
        vec![(self.stack.ports.redis, "REDIS")]
    }

    fn launch(&self) -> Result<()> {
        let file = self.write_settings()?;
        let server = apt::in_path("redis-server").context("redis-server is not installed")?;
        self.daemon().start(Command::new(server).arg(file))
    }

    fn check(&self) -> Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.stack.ports.redis));
        let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        write!(stream, "AUTH {}\r\nPING\r\n", self.password)?;
        let mut answers = BufReader::new(stream).lines();
        for expected in ["+OK", "+PONG"] {
            let answer = answers.next().context("Redis closed the connection")??;
            if answer != expected {
                bail!("Redis answers {answer:?}");
            }
        }
        Ok(())
    }

    fn environment(&self) -> Result<Vec<(String, String)>> {
        let key = match self.stack.profile {
            Profile::Dev => "REDIS_URL",
            Profile::Test | Profile::Bench | Profile::Fault => "TRELLIS_TEST_REDIS_URL",
        };
        Ok(vec![(key.to_owned(), self.url())])
    }

    fn daemon(&self) -> Daemon {
        Daemon::new(&self.stack, NAME)
    }
}
