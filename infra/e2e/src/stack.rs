//! The whole platform as real processes on ports of their own, over the servers of tests.

use std::{
    collections::HashMap,
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use testkit::{TestDb, TestRedis, TestVhost};

use crate::{clean, client, staff::Staff};

/// The runtime's processes.
const NODES: [&str; 3] = ["runtime-1", "runtime-2", "runtime-work"];
/// How long a program may take to be ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// The platform: control plane, two nodes that serve, one that works, back office.
pub struct Stack {
    programs: HashMap<&'static str, Child>,
    ports: Ports,
    settings: Vec<(&'static str, String)>,
    own_settings: Vec<(&'static str, &'static str, String)>,
    central: TestDb,
    dir: TempDir,
    _redis: TestRedis,
    _vhost: TestVhost,
}

/// What a test wants otherwise than every test has it.
#[derive(Debug, Default)]
pub struct Wishes {
    /// A Redis of its own.
    pub redis: Option<String>,
    /// More settings.
    pub settings: Vec<(&'static str, String)>,
    /// Settings of one program each, by its name.
    pub own_settings: Vec<(&'static str, &'static str, String)>,
    /// A virtual host of the broker that is known before.
    pub vhost: Option<TestVhost>,
}

/// Where the programs listen on 127.0.0.1.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// Gateway.
    pub gateway: u16,
    /// Staff API.
    pub staff: u16,
    /// Node API.
    pub nodes: u16,
    /// Back office.
    pub backoffice: u16,
    /// The nodes that serve.
    pub runtimes: [u16; 2],
    /// Health of the node that works.
    pub work: u16,
}

/// A port that nothing listens on now.
///
/// # Errors
/// When the machine has none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

impl Stack {
    /// Starts everything, with one database server, one owner and no tenant.
    ///
    /// # Errors
    /// When a program does not become ready; its log is told.
    pub async fn start() -> Result<Self> {
        Self::with(Wishes::default()).await
    }

    /// Starts everything so.
    ///
    /// # Errors
    /// When a program does not become ready; its log is told.
    pub async fn with(wishes: Wishes) -> Result<Self> {
        let vhost = async {
            match wishes.vhost {
                Some(vhost) => vhost,
                None => testkit::amqp_vhost().await,
            }
        };
        let (central, redis, vhost) = tokio::join!(TestDb::central(), testkit::redis(), vhost);
        let dir = tempfile::tempdir()?;
        let ports = Ports {
            gateway: free_port()?,
            staff: free_port()?,
            nodes: free_port()?,
            backoffice: free_port()?,
            runtimes: [free_port()?, free_port()?],
            work: free_port()?,
        };
        let key = format!(
            "0a0b0c0d:{}",
            BASE64_STANDARD.encode(rand::random::<[u8; 32]>())
        );
        let own = wishes.redis.as_deref().unwrap_or(redis.url());
        let mut settings = settings(ports, &central, own, &vhost, &key);
        settings.extend(wishes.settings);
        let mut stack = Self {
            programs: HashMap::new(),
            ports,
            settings,
            own_settings: wishes.own_settings,
            central,
            dir,
            _redis: redis,
            _vhost: vhost,
        };
        stack.prepare()?;
        stack.launch("control-plane", "control-plane", "serve", &[])?;
        stack.ready("control-plane", ports.gateway).await?;
        for name in NODES {
            stack.launch_node(name)?;
        }
        stack.launch("backoffice", "backoffice", "serve", &[])?;
        for (name, port) in [
            ("runtime-1", ports.runtimes[0]),
            ("runtime-2", ports.runtimes[1]),
            ("runtime-work", ports.work),
            ("backoffice", ports.backoffice),
        ] {
            stack.ready(name, port).await?;
        }
        Ok(stack)
    }

    /// Where it listens.
    #[must_use]
    pub const fn ports(&self) -> Ports {
        self.ports
    }

    /// The central database, as the administrator sees it.
    #[must_use]
    pub const fn central(&self) -> &TestDb {
        &self.central
    }

    /// The back office's address for a browser.
    #[must_use]
    pub fn backoffice(&self, path: &str) -> String {
        format!(
            "http://backoffice.localhost:{}{path}",
            self.ports.backoffice
        )
    }

    /// A tenant's host as clients name it.
    #[must_use]
    pub fn host(&self, slug: &str) -> String {
        format!("{slug}.trellis.localhost:{}", self.ports.gateway)
    }

    /// The process of a program that runs.
    #[must_use]
    pub fn pid(&self, name: &str) -> Option<u32> {
        self.programs.get(name).map(Child::id)
    }

    /// What the programs were told under a name; empty for what they were not told.
    #[must_use]
    pub fn setting(&self, key: &str) -> &str {
        let told = self.settings.iter().find(|(name, _)| *name == key);
        told.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Ends a program as `kill -9` does.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self, name: &str) -> Result<()> {
        let mut program = self.programs.remove(name).context("it does not run")?;
        program.kill()?;
        program.wait()?;
        Ok(())
    }

    /// Asks a program to end, as `SIGTERM` does.
    ///
    /// # Errors
    /// When it does not run.
    pub fn terminate(&self, name: &str) -> Result<()> {
        let pid = self.pid(name).context("it does not run")?;
        let pid = Pid::from_raw(i32::try_from(pid)?).context("no process")?;
        Ok(kill_process(pid, Signal::TERM)?)
    }

    /// Whether a program has ended, and how; it can be started again then.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn ended(&mut self, name: &str) -> Result<Option<ExitStatus>> {
        let program = self.programs.get_mut(name).context("it does not run")?;
        let ended = program.try_wait()?;
        if ended.is_some() {
            self.programs.remove(name);
        }
        Ok(ended)
    }

    /// Starts a node that was killed.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn restart_node(&mut self, name: &'static str) -> Result<()> {
        self.launch_node(name)?;
        self.ready(name, self.node_port(name)).await
    }

    /// Where a node's health and metrics are.
    #[must_use]
    pub fn node_port(&self, name: &str) -> u16 {
        match name {
            "runtime-1" => self.ports.runtimes[0],
            "runtime-2" => self.ports.runtimes[1],
            _ => self.ports.work,
        }
    }

    /// Makes what the command line makes: owner, server, nodes.
    fn prepare(&self) -> Result<()> {
        let file = |name: &str, text: &str| -> Result<String> {
            let path = self.dir.path().join(name);
            fs::write(&path, text)?;
            Ok(path.display().to_string())
        };
        let (staff, admin) = (Staff::owner(), self.admin()?);
        let password = file("staff-password", staff.password)?;
        let totp = file("staff-totp", staff.totp_secret)?;
        self.run(&[
            "staff",
            "create",
            "--email",
            staff.email,
            "--name",
            staff.name,
            "--role",
            "owner",
            "--password-file",
            &password,
            "--totp-secret-file",
            &totp,
        ])?;
        let fleet = file("fleet-password", &admin.password)?;
        let port = self.central.port().to_string();
        self.run(&[
            "server",
            "add",
            "--name",
            "local",
            "--host",
            self.central.host(),
            "--port",
            &port,
            "--user",
            &admin.user,
            "--password-file",
            &fleet,
        ])?;
        for node in NODES {
            let secret = self.run(&["node", "create", "--name", node])?;
            file(&format!("node-{node}"), secret.trim())?;
        }
        Ok(())
    }

    /// Runs the control plane's command line and answers what it printed.
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command("control-plane")?.args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "control-plane {}: {said}",
            arguments.join(" ")
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    fn admin(&self) -> Result<clean::Admin> {
        clean::Admin::of(self.central.url())
    }

    fn command(&self, program: &str) -> Result<Command> {
        let path = program_path(program)?;
        let mut command = Command::new(path);
        command.envs(
            self.settings
                .iter()
                .map(|(key, value)| (*key, value.as_str())),
        );
        Ok(command)
    }

    fn launch_node(&mut self, name: &'static str) -> Result<()> {
        let (role, address) = match name {
            "runtime-work" => ("work", "TR__WORK__ADDRESS"),
            _ => ("serve", "TR__SERVE__ADDRESS"),
        };
        let secret = self
            .dir
            .path()
            .join(format!("node-{name}"))
            .display()
            .to_string();
        let mut settings = vec![
            ("TR__NODE__NAME", name.to_owned()),
            ("TR__NODE__SECRET_FILE", secret),
            (address, format!("127.0.0.1:{}", self.node_port(name))),
        ];
        let own = self.own_settings.iter();
        let own = own.filter(|(program, ..)| *program == name);
        settings.extend(own.map(|(_, key, value)| (*key, value.clone())));
        self.launch(name, "tenant-runtime", role, &settings)
    }

    fn launch(
        &mut self,
        name: &'static str,
        program: &str,
        role: &str,
        settings: &[(&str, String)],
    ) -> Result<()> {
        let log = fs::File::create(self.log_path(name))?;
        let child = self
            .command(program)?
            .arg(role)
            .envs(settings.iter().map(|(key, value)| (*key, value.as_str())))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{program} does not start"))?;
        self.programs.insert(name, child);
        Ok(())
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.log"))
    }

    /// What a program has logged.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.log_path(name)).unwrap_or_default()
    }

    async fn ready(&mut self, name: &'static str, port: u16) -> Result<()> {
        let http = client::builder().build()?;
        let url = format!("http://127.0.0.1:{port}/readyz");
        let start = Instant::now();
        loop {
            let answer = http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            let ended = self
                .programs
                .get_mut(name)
                .map(Child::try_wait)
                .transpose()?
                .flatten();
            if ended.is_some() || start.elapsed() > PATIENCE {
                bail!(
                    "{name} is not ready ({ended:?}); it said:\n{}",
                    self.log(name)
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for program in self.programs.values_mut() {
            let _ = program.kill();
            let _ = program.wait();
        }
        if std::thread::panicking() {
            for name in self.programs.keys() {
                let log = self.log(name);
                let from = log.len().saturating_sub(4000);
                eprintln!("--- {name}\n{}", log.get(from..).unwrap_or(&log));
            }
        }
        clean::drop_tenants(self.central.url());
    }
}

/// A program of this workspace, as it was built beside this test.
fn program_path(program: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let beside = own.parent().context("no target directory")?;
    // Tests lie one directory deeper than programs.
    let profile = match beside.parent() {
        Some(profile) if beside.ends_with("deps") => profile,
        _ => beside,
    };
    let path = profile.join(program);
    ensure!(
        path.exists(),
        "{} is not built: `cargo build` first",
        path.display()
    );
    Ok(path)
}

fn settings(
    ports: Ports,
    central: &TestDb,
    redis: &str,
    vhost: &TestVhost,
    key: &str,
) -> Vec<(&'static str, String)> {
    let local = |port: u16| format!("127.0.0.1:{port}");
    let countries = testkit::services().country_database.clone();
    vec![
        ("CP__ENVIRONMENT", "development".to_owned()),
        (
            "CP__PUBLIC_URL",
            format!("http://trellis.localhost:{}", ports.gateway),
        ),
        ("CP__GATEWAY__LISTEN", local(ports.gateway)),
        ("CP__STAFF_API__LISTEN", local(ports.staff)),
        ("CP__NODE_API__LISTEN", local(ports.nodes)),
        ("CP__DATABASE__URL", central.url().to_owned()),
        ("CP__REDIS__URL", redis.to_owned()),
        ("CP__MAILER__URL", testkit::services().smtp_url.clone()),
        ("CP__SECRETS__KEYS", key.to_owned()),
        (
            "CP__ACCESS__COUNTRY_DATABASE",
            countries.unwrap_or_default(),
        ),
        ("CP__SESSIONS__INSECURE_COOKIES", "true".to_owned()),
        // Tests and benchmarks ask more quickly than anybody else.
        ("CP__PROXY__RATES__CREDENTIAL__PER_SECOND", "0".to_owned()),
        ("CP__PROXY__RATES__TENANT__PER_SECOND", "0".to_owned()),
        ("CP__PROXY__RATES__ADDRESS__PER_SECOND", "0".to_owned()),
        ("CP__LOG__FORMAT", "text".to_owned()),
        (
            "TR__CONTROL_PLANE__URL",
            format!("http://{}", local(ports.nodes)),
        ),
        ("TR__BROKER__URL", vhost.url().to_owned()),
        ("TR__LOG__FORMAT", "text".to_owned()),
        ("BO__LISTEN__ADDRESS", local(ports.backoffice)),
        (
            "BO__STAFF_API__URL",
            format!("http://{}", local(ports.staff)),
        ),
        ("BO__COOKIES__INSECURE", "true".to_owned()),
        ("BO__LOG__FORMAT", "text".to_owned()),
    ]
}
