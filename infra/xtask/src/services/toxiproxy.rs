//! Toxiproxy, which stands between programs and servers in fault experiments: it cuts, delays and
//! silences connections. Its proxies are made by the experiments.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::Service;
use crate::http;
use crate::paths::{Repository, Stack};
use crate::process::Daemon;
use crate::tools::go::Program;

const NAME: &str = "toxiproxy";
const PROGRAM: Program = Program {
    name: NAME,
    title: "Toxiproxy",
    package: "github.com/Shopify/toxiproxy/v2/cmd/server",
};

/// The Toxiproxy of a set.
#[derive(Debug)]
pub struct Toxiproxy {
    stack: Stack,
    program: PathBuf,
}

impl Toxiproxy {
    /// The process of a set.
    pub fn process(stack: &Stack) -> Daemon {
        Daemon::new(stack, NAME)
    }

    /// The instance of a set, built if need be.
    pub fn new(repository: &Repository, stack: &Stack) -> Result<Self> {
        Ok(Self {
            stack: stack.clone(),
            program: PROGRAM.build(repository, stack)?,
        })
    }
}

impl Service for Toxiproxy {
    fn name(&self) -> &'static str {
        NAME
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn ports(&self) -> Vec<(u16, &'static str)> {
        vec![(self.stack.ports.toxiproxy, "TOXIPROXY")]
    }

    fn launch(&self) -> Result<()> {
        let port = self.stack.ports.toxiproxy.to_string();
        self.daemon().start(Command::new(&self.program).args([
            "-host",
            "127.0.0.1",
            "-port",
            &port,
        ]))
    }

    fn check(&self) -> Result<()> {
        http::ready(self.stack.ports.toxiproxy, "/version")
    }

    fn environment(&self) -> Result<Vec<(String, String)>> {
        Ok(vec![(
            "TRELLIS_FAULT_TOXIPROXY".to_owned(),
            format!("http://127.0.0.1:{}", self.stack.ports.toxiproxy),
        )])
    }

    fn daemon(&self) -> Daemon {
        Self::process(&self.stack)
    }
}
