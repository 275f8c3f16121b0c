//! The development mailbox: a program of this repository, built when it is wanted.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::Service;
use crate::http;
use crate::paths::{Profile, Repository, Stack};
use crate::process::{Daemon, run_logged};

const NAME: &str = "mailbox";

/// The mailbox of a set.
#[derive(Debug)]
pub struct Mailbox {
    repository: Repository,
    stack: Stack,
}

impl Mailbox {
    /// The instance of a set.
    pub fn new(repository: &Repository, stack: &Stack) -> Self {
        Self {
            repository: repository.clone(),
            stack: stack.clone(),
        }
    }

    /// Where its pages and its API are.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.stack.ports.mailbox)
    }
}

impl Service for Mailbox {
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
        vec![
            (self.stack.ports.smtp, "SMTP"),
            (self.stack.ports.mailbox, "MAILBOX"),
        ]
    }

    fn launch(&self) -> Result<()> {
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--package", "mailbox"])
            .current_dir(self.repository.root());
        run_logged(&mut build, &self.stack.log_file("mailbox-build"))?;
        let program = self.repository.target().join("debug").join("mailbox");
        let ports = self.stack.ports;
        self.daemon().start(
            Command::new(program)
                .args(["--smtp", &format!("127.0.0.1:{}", ports.smtp)])
                .args(["--http", &format!("127.0.0.1:{}", ports.mailbox)]),
        )
    }

    fn check(&self) -> Result<()> {
        http::ready(self.stack.ports.mailbox, "/livez")
    }

    fn environment(&self) -> Result<Vec<(String, String)>> {
        Ok(match self.stack.profile {
            Profile::Dev => vec![("TRELLIS_MAILBOX".to_owned(), self.url())],
            Profile::Test => vec![
                (
                    "TRELLIS_TEST_SMTP_URL".to_owned(),
                    format!("smtp://127.0.0.1:{}", self.stack.ports.smtp),
                ),
                ("TRELLIS_TEST_MAILBOX".to_owned(), self.url()),
            ],
        })
    }

    fn daemon(&self) -> Daemon {
        Daemon::new(&self.stack, NAME)
    }
}
