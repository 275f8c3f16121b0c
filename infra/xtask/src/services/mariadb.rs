//! MariaDB: a private instance with an account for 127.0.0.1, durable for development, in memory for tests.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Service, compose};
use crate::paths::{Host, Profile, Stack, private_directory};
use crate::process::{Daemon, run_logged};
use crate::{apt, limits, secrets};

const NAME: &str = "mariadb";

/// The MariaDB of a set.
#[derive(Debug)]
pub struct MariaDb {
    stack: Stack,
    password: String,
}

impl MariaDb {
    /// The instance of a set.
    pub fn new(stack: &Stack) -> Result<Self> {
        let password = secrets::secret(stack, "mariadb-root")?;
        Ok(Self {
            stack: stack.clone(),
            password,
        })
    }

    /// Its Unix socket.
    pub fn socket(&self) -> PathBuf {
        match self.stack.host {
            Host::Here => self.stack.socket("mariadb.sock"),
            Host::Docker => self.stack.dir.join("run/mysqld/mariadb.sock"),
        }
    }

    /// How an administrator connects.
    pub fn root_url(&self) -> String {
        format!(
            "mysql://root:{}@127.0.0.1:{}",
            self.password, self.stack.ports.mariadb
        )
    }

    /// Runs SQL as the administrator and returns what it prints, one tab-separated row a line.
    pub fn query(&self, sql: &str) -> Result<String> {
        let mut client = match &self.stack.host {
            Host::Here => Command::new("mariadb"),
            Host::Docker => compose::inside(&self.stack, NAME, "mariadb", &self.password),
        };
        let socket = match &self.stack.host {
            Host::Here => self.socket().display().to_string(),
            Host::Docker => "/run/mysqld/mariadb.sock".to_owned(),
        };
        let output = client
            .arg("--no-defaults")
            .args([
                "--user=root",
                "--batch",
                "--skip-column-names",
                "--connect-timeout=5",
            ])
            .arg(format!("--socket={socket}"))
            .env("MYSQL_PWD", &self.password)
            .args(["-e", sql])
            .output()
            .context("cannot run the mariadb client")?;
        if !output.status.success() {
            bail!(
                "{}",
                String::from_utf8_lossy(&output.stderr).trim().to_owned()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Creates the system tables when there are none.
    fn prepare(&self) -> Result<()> {
        let data = self.stack.data().join("mariadb");
        if data.join("mysql").join("global_priv.frm").exists() {
            return Ok(());
        }
        private_directory(&data)?;
        let mut install = Command::new("mariadb-install-db");
        install
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
            ])
            .arg(format!("--datadir={}", data.display()));
        if apt::is_root() {
            install.arg("--user=root");
        }
        run_logged(&mut install, &self.stack.log_file("mariadb-install"))
    }

    /// SQL run at every start: the accounts are as the secrets say, whatever they were.
    fn accounts(&self) -> Result<PathBuf> {
        let path = self.stack.directory("run")?.join("mariadb-init.sql");
        let password = &self.password;
        // One statement a line: the server reads it so.
        let sql = ["localhost", "127.0.0.1"]
            .map(|host| {
                format!(
                    "CREATE USER IF NOT EXISTS root@'{host}' IDENTIFIED BY '{password}';\n\
                     ALTER USER root@'{host}' IDENTIFIED BY '{password}';\n\
                     GRANT ALL PRIVILEGES ON *.* TO root@'{host}' WITH GRANT OPTION;\n"
                )
            })
            .concat();
        secrets::write(&path, &sql)?;
        Ok(path)
    }

    /// How the server is to behave, wherever it runs.
    pub fn arguments(&self) -> Vec<String> {
        const ALWAYS: [&str; 9] = [
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_ci",
            "--default-time-zone=+00:00",
            "--max-connections=800",
            "--table-open-cache=8000",
            "--table-definition-cache=8000",
            "--lock-wait-timeout=60",
        ];
        let port = format!("--port={}", self.stack.ports.mariadb);
        let own = self
            .profile_arguments()
            .iter()
            .chain(&ALWAYS)
            .map(|text| (*text).to_owned());
        std::iter::once(port).chain(own).collect()
    }

    /// The administrator's password.
    pub fn password(&self) -> &str {
        &self.password
    }

    fn profile_arguments(&self) -> &'static [&'static str] {
        match self.stack.profile {
            Profile::Dev | Profile::Fault => {
                &["--innodb-buffer-pool-size=256M", "--performance-schema=OFF"]
            }
            // A redo log as in production: the default of 96 MB is full after seconds of a
            // backlog, and the server then writes pages instead of answering.
            Profile::Bench => &[
                "--innodb-buffer-pool-size=1G",
                "--innodb-log-file-size=1G",
                "--performance-schema=OFF",
            ],
            Profile::Test => &[
                "--innodb-buffer-pool-size=512M",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-doublewrite=OFF",
                "--innodb-use-native-aio=OFF",
                "--innodb-flush-method=fsync",
                "--sync-frm=OFF",
                "--performance-schema=ON",
                "--performance-schema-instrument=%=OFF",
                "--performance-schema-instrument=statement/%=ON",
                "--performance-schema-accounts-size=4000",
                "--performance-schema-users-size=4000",
            ],
        }
    }
}

impl Service for MariaDb {
    fn name(&self) -> &'static str {
        NAME
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(90)
    }

    fn ports(&self) -> Vec<(u16, &'static str)> {
        vec![(self.stack.ports.mariadb, "MARIADB")]
    }

    fn launch(&self) -> Result<()> {
        self.prepare()?;
        let socket = self.socket();
        socket.parent().map_or(Ok(()), private_directory)?;
        let _ = fs::remove_file(&socket);
        let server = apt::in_path("mariadbd").context("mariadbd is not installed")?;
        let mut command = Command::new(server);
        command.arg("--no-defaults");
        if apt::is_root() {
            command.arg("--user=root");
        }
        command
            .arg(format!(
                "--datadir={}",
                self.stack.data().join("mariadb").display()
            ))
            .arg(format!("--socket={}", socket.display()))
            .arg(format!(
                "--pid-file={}",
                self.stack.pid_file("mariadb-own").display()
            ))
            .arg(format!("--init-file={}", self.accounts()?.display()))
            .arg(format!("--open-files-limit={}", limits::open_files()))
            .args(self.arguments())
            .env("TZ", "UTC");
        self.daemon().start(&mut command)
    }

    fn check(&self) -> Result<()> {
        self.query("SELECT 1").map(drop)
    }

    fn environment(&self) -> Result<Vec<(String, String)>> {
        let socket = self.socket().display().to_string();
        Ok(match self.stack.profile {
            Profile::Dev => vec![
                ("TRELLIS_MARIADB_SOCKET".to_owned(), socket),
                ("TRELLIS_MARIADB_ROOT_URL".to_owned(), self.root_url()),
            ],
            Profile::Test | Profile::Bench | Profile::Fault => vec![
                ("TRELLIS_TEST_MARIADB_URL".to_owned(), self.root_url()),
                ("TRELLIS_TEST_MARIADB_SOCKET".to_owned(), socket),
            ],
        })
    }

    fn daemon(&self) -> Daemon {
        Daemon::new(&self.stack, NAME)
    }
}
