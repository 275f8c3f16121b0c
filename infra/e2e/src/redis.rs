//! A Redis of a test's own, which it may kill.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::stack::free_port;

const PATIENCE: Duration = Duration::from_secs(10);

/// A Redis that keeps over its end what it was told to save and nothing else. Dropped, it ends.
pub struct OwnRedis {
    port: u16,
    dir: TempDir,
    process: Child,
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl OwnRedis {
    /// Starts one on a port of its own.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> Result<Self> {
        let (port, dir) = (free_port()?, tempfile::tempdir()?);
        let process = launch(port, &dir)?;
        let redis = Self { port, dir, process };
        redis.ready().await?;
        Ok(redis)
    }

    /// How to connect to it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends it as `kill -9` does.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Has it save what it holds now.
    ///
    /// # Errors
    /// When it does not.
    pub async fn save(&self) -> Result<()> {
        let mut connection = tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await?;
        connection.write_all(b"SAVE\r\n").await?;
        let mut answer = [0; 5];
        connection.read_exact(&mut answer).await?;
        ensure!(&answer == b"+OK\r\n", "redis-server does not save");
        Ok(())
    }

    /// Starts it again after it was killed: empty, or with what it saved.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn restart(&mut self) -> Result<()> {
        self.process = launch(self.port, &self.dir)?;
        self.ready().await
    }

    async fn ready(&self) -> Result<()> {
        let limit = Instant::now() + PATIENCE;
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port))
            .await
            .is_err()
        {
            if Instant::now() > limit {
                bail!("redis-server does not answer on port {}", self.port);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

fn launch(port: u16, dir: &TempDir) -> Result<Child> {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--port", &port.to_string()])
        .arg("--dir")
        .arg(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("redis-server does not start")
}
