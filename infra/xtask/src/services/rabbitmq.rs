//! RabbitMQ: a private node with its own Erlang port mapper, cookie and data; for tests with the
//! management API, which is the way to make virtual hosts.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Service, remove};
use crate::paths::{Profile, Stack, private_directory};
use crate::process::Daemon;
use crate::{apt, secrets};

const NAME: &str = "rabbitmq";
const USER: &str = "trellis";
const TIMEOUT: Duration = Duration::from_secs(2);

/// The RabbitMQ of a set.
#[derive(Debug)]
pub struct RabbitMq {
    stack: Stack,
    password: String,
}

impl RabbitMq {
    /// The instance of a set.
    pub fn new(stack: &Stack) -> Result<Self> {
        let password = secrets::secret(stack, "rabbitmq")?;
        Ok(Self {
            stack: stack.clone(),
            password,
        })
    }

    /// The Erlang port mapper of a set.
    pub fn port_mapper(stack: &Stack) -> Daemon {
        Daemon::new(stack, "epmd")
    }

    /// How a client connects.
    pub fn url(&self) -> String {
        format!(
            "amqp://{USER}:{}@127.0.0.1:{}/%2f",
            self.password, self.stack.ports.rabbitmq
        )
    }

    /// Erlang's own port mapper is a daemon for all of the machine; ours ends with the set.
    fn start_port_mapper(&self) -> Result<()> {
        let mapper = Self::port_mapper(&self.stack);
        if mapper.pid().is_some() {
            return Ok(());
        }
        let port = self.stack.ports.epmd;
        crate::ports::require_free(&self.stack, "epmd", "EPMD", port)?;
        let program = apt::in_path("epmd").context("epmd (Erlang) is not installed")?;
        mapper.start(Command::new(program).args([
            "-address",
            "127.0.0.1",
            "-port",
            &port.to_string(),
        ]))?;
        mapper.wait(Duration::from_secs(10), || connect(port).map(drop))
    }

    /// Writes the settings' file and the list of plugins.
    pub fn write_settings(&self) -> Result<PathBuf> {
        let run = self.stack.directory("run")?;
        let ports = self.stack.ports;
        let mut text = format!(
            "listeners.tcp.local = 127.0.0.1:{}\ndefault_user = {USER}\ndefault_pass = {}\n\
             loopback_users = none\nlog.file = false\nlog.console = true\nlog.console.level = info\n\
             disk_free_limit.absolute = 200MB\n",
            ports.rabbitmq, self.password
        );
        let plugins = match self.stack.profile {
            Profile::Dev => "[].\n",
            Profile::Test | Profile::Bench | Profile::Fault => {
                text.push_str(&format!(
                    "management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {}\n",
                    ports.rabbitmq_api
                ));
                // Who consumes with which prefetch is told by the collector only.
                if self.stack.profile != Profile::Fault {
                    text.push_str("management_agent.disable_metrics_collector = true\n");
                }
                "[rabbitmq_management].\n"
            }
        };
        fs::write(run.join("rabbitmq-plugins"), plugins)?;
        let file = run.join("rabbitmq.conf");
        secrets::write(&file, &text)?;
        Ok(file)
    }
}

impl Service for RabbitMq {
    fn name(&self) -> &'static str {
        NAME
    }

    fn grace(&self) -> Duration {
        Duration::from_secs(45)
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(120)
    }

    fn ports(&self) -> Vec<(u16, &'static str)> {
        let ports = self.stack.ports;
        let mut all = vec![
            (ports.rabbitmq, "RABBITMQ"),
            (ports.rabbitmq_dist, "RABBITMQ_DIST"),
        ];
        if self.stack.profile != Profile::Dev {
            all.push((ports.rabbitmq_api, "RABBITMQ_API"));
        }
        all
    }

    fn launch(&self) -> Result<()> {
        self.start_port_mapper()?;
        let settings = self.write_settings()?;
        let home = self.stack.directory("rabbitmq")?;
        let data = self.stack.data().join("rabbitmq").join("data");
        // Tests make virtual hosts of their own each time. What is kept in memory would have the
        // password of a target directory that may be gone.
        if self.stack.profile == Profile::Test {
            remove(&data)?;
        }
        private_directory(&data)?;
        let run = self.stack.directory("run")?;
        let ports = self.stack.ports;
        let node = format!(
            "trellis-{}-{}@localhost",
            self.stack.profile.name(),
            self.stack.key
        );
        let mut command = Command::new(server_script()?);
        // Exactly what it needs: a RABBITMQ_… variable of the surroundings must not reach it.
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("LANG", "C.UTF-8")
            .env("HOME", &home)
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", ports.epmd.to_string())
            // The script becomes the server then, instead of staying as its parent.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .env("RABBITMQ_NODENAME", node)
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", ports.rabbitmq.to_string())
            .env("RABBITMQ_DIST_PORT", ports.rabbitmq_dist.to_string())
            .env("RABBITMQ_CONF_ENV_FILE", run.join("rabbitmq-env.conf"))
            .env("RABBITMQ_CONFIG_FILE", settings)
            .env(
                "RABBITMQ_ENABLED_PLUGINS_FILE",
                run.join("rabbitmq-plugins"),
            )
            .env("RABBITMQ_MNESIA_BASE", data)
            .env("RABBITMQ_LOG_BASE", home.join("log"))
            .env("RABBITMQ_PID_FILE", run.join("rabbitmq-own.pid"))
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}",
            )
            .current_dir(&home);
        self.daemon().start(&mut command)
    }

    fn check(&self) -> Result<()> {
        let mut stream = connect(self.stack.ports.rabbitmq)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        let mut frame = [0_u8; 1];
        stream
            .read_exact(&mut frame)
            .context("RabbitMQ does not answer")?;
        if frame != [1] {
            bail!("RabbitMQ answers something else than a method frame");
        }
        if self.stack.profile != Profile::Dev {
            connect(self.stack.ports.rabbitmq_api)?;
        }
        Ok(())
    }

    fn environment(&self) -> Result<Vec<(String, String)>> {
        Ok(match self.stack.profile {
            Profile::Dev => vec![("AMQP_URL".to_owned(), self.url())],
            Profile::Test | Profile::Bench | Profile::Fault => {
                let api = format!(
                    "http://{USER}:{}@127.0.0.1:{}",
                    self.password, self.stack.ports.rabbitmq_api
                );
                vec![
                    ("TRELLIS_TEST_AMQP_URL".to_owned(), self.url()),
                    ("TRELLIS_TEST_AMQP_API_URL".to_owned(), api),
                ]
            }
        })
    }

    fn daemon(&self) -> Daemon {
        Daemon::new(&self.stack, NAME)
    }
}

fn connect(port: u16) -> Result<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, TIMEOUT)
        .with_context(|| format!("nothing answers on port {port}"))
}

/// The server's own script: Debian's wrapper on `PATH` changes to another user.
fn server_script() -> Result<PathBuf> {
    let mut found: Vec<PathBuf> = ["/usr/lib/rabbitmq/lib", "/opt/homebrew/opt/rabbitmq"]
        .iter()
        .filter_map(|base| fs::read_dir(base).ok())
        .flat_map(|entries| entries.flatten())
        .map(|entry| entry.path().join("sbin").join("rabbitmq-server"))
        .filter(|script| script.exists())
        .collect();
    found.sort();
    found
        .pop()
        .or_else(|| apt::in_path("rabbitmq-server"))
        .context("rabbitmq-server is not installed")
}
