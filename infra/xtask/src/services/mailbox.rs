//! The development mailbox: a program of this repository, built when it is wanted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

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

    /// The program, built when there is none or its sources are newer.
    fn program(&self) -> Result<PathBuf> {
        let sources = self.repository.root().join("infra/mailbox");
        let changed = newest(&sources);
        let target = self.repository.target();
        let built = ["debug", "release"].map(|profile| target.join(profile).join(NAME));
        if let Some(fresh) = built.iter().find(|program| modified(program) > changed) {
            return Ok(fresh.clone());
        }
        let mut build = crate::cargo::command();
        build
            .args(["build", "--package", NAME])
            .current_dir(self.repository.root());
        run_logged(&mut build, &self.stack.log_file("mailbox-build"))?;
        Ok(target.join("debug").join(NAME))
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
            (self.stack.ports.mailbox, "MAILBOX"),
            (self.stack.ports.smtp, "SMTP"),
        ]
    }

    fn launch(&self) -> Result<()> {
        let program = self.program()?;
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
            Profile::Test | Profile::Bench | Profile::Fault => vec![
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

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}

/// When the newest file below a directory was changed.
fn newest(directory: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                newest(&path)
            } else {
                modified(&path)
            }
        })
        .max()
}
