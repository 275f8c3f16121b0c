//! A MongoDB server: the one the environment names, an installed `mongod`, the embedded stand-in
//! (a small Go program), or none, with a warning. Everything works without it.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Service, start_one};
use crate::apt;
use crate::paths::{Host, Profile, Repository, Stack, private_directory};
use crate::process::Daemon;
use crate::progress;
use crate::tools::go::Program;

const NAME: &str = "mongodb";
/// What runs where no `mongod` is installed.
const STAND_IN: Program = Program {
    name: NAME,
    title: "the MongoDB stand-in",
    package: ".",
};

/// The MongoDB of a set.
#[derive(Debug)]
pub struct MongoDb {
    repository: Repository,
    stack: Stack,
}

/// What will be run.
#[derive(Debug)]
struct Instance<'a> {
    mongodb: &'a MongoDb,
    program: PathBuf,
    /// A real `mongod`, or the stand-in.
    real: bool,
}

impl MongoDb {
    /// The instance of a set.
    pub fn new(repository: &Repository, stack: &Stack) -> Result<Self> {
        Ok(Self {
            repository: repository.clone(),
            stack: stack.clone(),
        })
    }

    /// The process, when it is one of ours.
    pub fn daemon(&self) -> Daemon {
        Daemon::new(&self.stack, NAME)
    }

    /// Starts or finds a server. Without one the answer is empty and a warning is printed.
    pub fn start(&self) -> Result<Vec<(String, String)>> {
        if let Ok(url) = std::env::var("MONGODB_URL") {
            progress::line("   ✓ mongodb                      the one of MONGODB_URL");
            return Ok(self.environment(url));
        }
        if self.stack.host == Host::Docker {
            return Ok(self.environment(self.own_url()));
        }
        let (program, real) = match apt::in_path("mongod") {
            Some(program) => (program, true),
            None => match STAND_IN.build(&self.repository, &self.stack) {
                Ok(program) => (program, false),
                Err(reason) => {
                    progress::note(&format!(
                        "no MongoDB server: {reason:#}. Caches stay off; set MONGODB_URL, \
                         or install mongod or Go 1.22"
                    ));
                    return Ok(Vec::new());
                }
            },
        };
        start_one(
            &self.stack,
            &Instance {
                mongodb: self,
                program,
                real,
            },
        )?;
        Ok(self.environment(self.own_url()))
    }

    fn own_url(&self) -> String {
        format!("mongodb://127.0.0.1:{}/", self.stack.ports.mongodb)
    }

    /// Whether it answers.
    pub fn answers(&self) -> Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.stack.ports.mongodb));
        TcpStream::connect_timeout(&address, Duration::from_secs(2))
            .map(drop)
            .context("MongoDB does not answer")
    }

    fn environment(&self, url: String) -> Vec<(String, String)> {
        let key = match self.stack.profile {
            Profile::Dev => "MONGODB_URL",
            Profile::Test | Profile::Bench | Profile::Fault => "TRELLIS_TEST_MONGODB_URL",
        };
        vec![(key.to_owned(), url)]
    }
}

impl Service for Instance<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn ports(&self) -> Vec<(u16, &'static str)> {
        vec![(self.mongodb.stack.ports.mongodb, "MONGODB")]
    }

    fn launch(&self) -> Result<()> {
        let data = self.mongodb.stack.data().join("mongodb");
        private_directory(&data)?;
        let port = self.mongodb.stack.ports.mongodb.to_string();
        let mut command = Command::new(&self.program);
        if self.real {
            command
                .args(["--bind_ip", "127.0.0.1", "--port", &port, "--dbpath"])
                .arg(data);
        } else {
            command
                .args(["--listen", &format!("127.0.0.1:{port}"), "--data"])
                .arg(data);
        }
        self.daemon().start(&mut command)
    }

    fn check(&self) -> Result<()> {
        self.mongodb.answers()
    }

    fn environment(&self) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    fn daemon(&self) -> Daemon {
        self.mongodb.daemon()
    }
}
