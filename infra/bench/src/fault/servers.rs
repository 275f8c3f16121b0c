//! The servers of experiments, which are killed and started again the way they were first started:
//! by `cargo xtask services`.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// A server of the set.
#[derive(Debug, Clone, Copy)]
pub enum Server {
    Broker,
    Database,
    Documents,
    Redis,
}

impl Server {
    const fn name(self) -> &'static str {
        match self {
            Self::Broker => "rabbitmq",
            Self::Database => "mariadb",
            Self::Documents => "mongodb",
            Self::Redis => "redis",
        }
    }

    /// Ends it as `kill -9` does.
    pub async fn kill(self) -> Result<()> {
        xtask(vec!["--only", self.name(), "--kill"]).await
    }

    /// Starts it, and waits until it answers. One that runs stays as it is.
    pub async fn start(self) -> Result<()> {
        xtask(vec!["--only", self.name()]).await
    }
}

async fn xtask(arguments: Vec<&'static str>) -> Result<()> {
    let program = std::env::var("TRELLIS_FAULT_XTASK")
        .context("experiments are started by `cargo xtask fault NAME`")?;
    let run = move || {
        let mut command = Command::new(program);
        command
            .args(["services", "fault"])
            .args(&arguments)
            .output()
    };
    let output = tokio::task::spawn_blocking(run).await??;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "a server is not to be had: {said}");
    Ok(())
}
