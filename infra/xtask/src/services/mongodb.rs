//! A MongoDB server: the one the environment names, an installed `mongod`, the embedded stand-in
//! (a small Go program), or none, with a warning. Everything works without it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Service, start_one};
use crate::apt;
use crate::paths::{Host, Profile, Repository, Stack};
use crate::process::{Daemon, run_logged};
use crate::progress::{self, Step};

const NAME: &str = "mongodb";
/// Oldest Go that builds the stand-in.
const GO_NEEDED: (u32, u32) = (1, 22);

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
            None => match self.stand_in() {
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
            Profile::Test | Profile::Bench => "TRELLIS_TEST_MONGODB_URL",
        };
        vec![(key.to_owned(), url)]
    }

    /// Builds the stand-in unless it is built and its sources are older.
    fn stand_in(&self) -> Result<PathBuf> {
        let sources = self.repository.root().join("infra/dev/mongodb");
        let program = self.repository.target().join("dev-tools").join("mongodb");
        let built = fs::metadata(&program).and_then(|m| m.modified()).ok();
        let changed = ["main.go", "go.mod", "go.sum"]
            .iter()
            .filter_map(|file| {
                fs::metadata(sources.join(file))
                    .and_then(|m| m.modified())
                    .ok()
            })
            .max();
        if built.is_some() && built >= changed {
            return Ok(program);
        }
        let go = go()?;
        let step = Step::begin("build the MongoDB stand-in");
        let mut build = Command::new(go);
        build
            .args(["build", "-trimpath", "-buildvcs=false", "-o"])
            .arg(&program)
            .arg(".")
            .current_dir(&sources);
        run_logged(&mut build, &self.stack.log_file("mongodb-build"))?;
        step.done("built");
        Ok(program)
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
        let data = self.mongodb.stack.directory("mongodb")?;
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

/// A Go that is new enough.
fn go() -> Result<PathBuf> {
    let go = apt::in_path("go").context("neither mongod nor Go is installed")?;
    let output = Command::new(&go).args(["env", "GOVERSION"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut numbers = text
        .trim_start_matches("go")
        .split('.')
        .map(|part| part.parse::<u32>());
    let version = match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor),
        _ => anyhow::bail!("Go says {text:?} about its version"),
    };
    anyhow::ensure!(version >= GO_NEEDED, "Go is {text}, and 1.22 is needed");
    Ok(go)
}
