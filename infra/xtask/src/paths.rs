//! Where things are: the repository, and the directory of each set of private servers.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::ports::Ports;
use crate::services;

/// Longest path a Unix socket may have, with some air.
const SOCKET_PATH_LIMIT: usize = 100;
/// Below this the shared-memory file system is left alone.
const SHARED_MEMORY_NEEDED_KIB: u64 = 3 * 1024 * 1024;

/// Which set of private servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// For `up`: durable, under `target/dev`.
    Dev,
    /// For tests: fast and forgetful, under `target/test-services`.
    Test,
    /// For benchmarks: the servers of tests, but durable, under `target/bench-services`.
    Bench,
    /// For fault experiments, which kill them: durable, under `target/fault-services`.
    Fault,
}

impl Profile {
    /// The name as typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Test => "test",
            Self::Bench => "bench",
            Self::Fault => "fault",
        }
    }
}

/// Where the servers of a set run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// As processes of this machine.
    Here,
    /// In containers.
    Docker,
}

/// The checked-out repository.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
}

impl Repository {
    /// Finds the repository this program was built from.
    pub fn locate() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root
            .canonicalize()
            .context("the repository of xtask is gone")?;
        Ok(Self { root })
    }

    /// The top directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target directory.
    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// The set of servers of a profile.
    pub fn stack(&self, profile: Profile) -> Stack {
        let dir = match profile {
            Profile::Dev => self.target().join("dev"),
            Profile::Test => self.target().join("test-services"),
            Profile::Bench => self.target().join("bench-services"),
            Profile::Fault => self.target().join("fault-services"),
        };
        let key = fnv(self.root.as_os_str().as_encoded_bytes());
        Stack {
            profile,
            host: services::host(),
            dir,
            key,
            ports: Ports::of(profile),
        }
    }
}

/// One set of private servers: directory, ports, names.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Dev or test.
    pub profile: Profile,
    /// As processes or in containers.
    pub host: Host,
    /// Everything the set writes is below (but what tests keep in memory, see [`Stack::data`]).
    pub dir: PathBuf,
    /// Short name of the clone, so that two clones on a machine stay apart.
    pub key: String,
    /// Where its servers listen.
    pub ports: Ports,
}

impl Stack {
    /// A directory of the set, created when missing and readable by its owner only.
    pub fn directory(&self, name: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        private_directory(&path)?;
        Ok(path)
    }

    /// The log file of a server or program.
    pub fn log_file(&self, name: &str) -> PathBuf {
        self.dir.join("logs").join(format!("{name}.log"))
    }

    /// The pid file of a server or program.
    pub fn pid_file(&self, name: &str) -> PathBuf {
        self.dir.join("run").join(format!("{name}.pid"))
    }

    /// The file scripts source.
    pub fn env_file(&self) -> PathBuf {
        self.dir.join("env")
    }

    /// A path short enough for a Unix socket.
    pub fn socket(&self, name: &str) -> PathBuf {
        let near = self.dir.join("run").join(name);
        if near.as_os_str().len() <= SOCKET_PATH_LIMIT {
            return near;
        }
        let profile = self.profile.name();
        std::env::temp_dir()
            .join(format!("trellis-{}-{profile}", self.key))
            .join(name)
    }

    /// Where the servers keep their data that wait for the disk when they write: for tests in
    /// memory, where there is enough of it.
    pub fn data(&self) -> PathBuf {
        let memory = Path::new("/dev/shm");
        match self.profile {
            Profile::Test if size_kib(memory) >= SHARED_MEMORY_NEEDED_KIB => {
                memory.join(format!("trellis-{}-test", self.key))
            }
            _ => self.dir.clone(),
        }
    }
}

/// Creates a directory that only its owner may read.
pub fn private_directory(path: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot create {}", path.display()))
}

/// Size of a file system in KiB, 0 when there is none or `df` cannot tell.
fn size_kib(path: &Path) -> u64 {
    let output = std::process::Command::new("df")
        .arg("-kP")
        .arg(path)
        .output();
    output
        .ok()
        .and_then(|o| String::from_utf8(o.stdout).ok())
        .and_then(|text| text.lines().nth(1)?.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}

/// FNV-1a, as eight hexadecimal digits: a short name for a path, nothing more.
fn fnv(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    format!("{hash:08x}")
}
