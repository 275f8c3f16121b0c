//! Keycloak as its makers publish it on Maven Central, with a realm of ours.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::paths::{Repository, Stack, private_directory};
use crate::process::{Daemon, run_logged};
use crate::progress::Step;
use crate::{apt, ports, secrets};

const VERSION: &str = "26.7.3";
const FETCHER: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy";
const REALM: &str = "acme";
const LIMIT: Duration = Duration::from_secs(420);
/// How long it may take to end.
pub const GRACE: Duration = Duration::from_secs(20);

/// Where Trellis is reached, as the realm's client says it.
#[derive(Debug)]
pub struct Addresses {
    /// The tenant's host name.
    pub host: String,
    /// Where people come back to.
    pub callback: String,
    /// Where Keycloak tells that somebody has left.
    pub backchannel: String,
    /// Where people go when they have left.
    pub home: String,
}

/// An installed Keycloak.
#[derive(Debug)]
pub struct Keycloak {
    repository: Repository,
    stack: Stack,
    home: PathBuf,
    port: u16,
}

/// Its process.
pub fn daemon(stack: &Stack) -> Daemon {
    Daemon::new(stack, "keycloak")
}

impl Keycloak {
    /// Fetches it, unless it is there.
    pub fn fetch(repository: &Repository, stack: &Stack, port: u16) -> Result<Self> {
        if apt::available() {
            apt::install_missing(stack, apt::JAVA)?;
        }
        let place = repository.target().join("dev-tools/keycloak");
        let home = place.join(format!("keycloak-{VERSION}"));
        let keycloak = Self {
            repository: repository.clone(),
            stack: stack.clone(),
            home,
            port,
        };
        if keycloak.home.join("bin/kc.sh").exists() {
            return Ok(keycloak);
        }
        let step = Step::begin(format!("fetch Keycloak {VERSION}, 170 MB"));
        private_directory(&place)?;
        let log = stack.log_file("keycloak-fetch");
        let mut fetch = Command::new("mvn");
        fetch
            .args(["--batch-mode", "--quiet", FETCHER])
            .arg(format!(
                "-Dartifact=org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
            ))
            .arg(format!("-DoutputDirectory={}", place.display()))
            .current_dir(&place);
        run_logged(&mut fetch, &log)?;
        let archive = place.join(format!("keycloak-quarkus-dist-{VERSION}.zip"));
        let mut unpack = Command::new("unzip");
        unpack
            .args(["-q", "-o"])
            .arg(&archive)
            .arg("-d")
            .arg(&place);
        run_logged(&mut unpack, &log)?;
        fs::remove_file(&archive)?;
        step.done("fetched");
        Ok(keycloak)
    }

    /// Where its own pages are.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The issuer of the realm.
    pub fn issuer(&self) -> String {
        format!("{}/realms/{REALM}", self.address())
    }

    /// The secret that the realm's client has.
    pub fn client_secret(&self) -> Result<String> {
        secrets::secret(&self.stack, "keycloak-client")
    }

    /// Its process.
    pub fn daemon(&self) -> Daemon {
        daemon(&self.stack)
    }

    /// Starts it with the realm as it is in the repository: what an earlier run left is dropped.
    pub fn start(&self, addresses: &Addresses, password: &str) -> Result<()> {
        let daemon = self.daemon();
        daemon.stop(GRACE)?;
        ports::require_free(&self.stack, "keycloak", "KEYCLOAK", self.port)?;
        let step = Step::begin("start Keycloak");
        let data = self.home.join("data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        private_directory(&data.join("import"))?;
        let realm = self.realm(addresses, password)?;
        secrets::write(&data.join("import/realm.json"), &realm)?;
        // The tenant's host is this machine, which not every resolver knows.
        let hosts = data.join("hosts");
        fs::write(&hosts, format!("127.0.0.1 localhost {}\n", addresses.host))?;
        let mut kc = Command::new("sh");
        kc.arg(self.home.join("bin/kc.sh"))
            .args(["start-dev", "--import-realm", "--http-host=127.0.0.1"])
            .arg(format!("--http-port={}", self.port))
            .env("KC_BOOTSTRAP_ADMIN_USERNAME", "admin")
            .env("KC_BOOTSTRAP_ADMIN_PASSWORD", password)
            .env("JAVA_OPTS_KC_HEAP", "-Xms128m -Xmx512m")
            .env(
                "JAVA_OPTS_APPEND",
                format!("-Djdk.net.hosts.file={}", hosts.display()),
            )
            .current_dir(&self.home);
        daemon.start(&mut kc)?;
        let discovery = format!("/realms/{REALM}/.well-known/openid-configuration");
        daemon.wait(LIMIT, || super::answers(self.port, &discovery))?;
        step.done(&self.issuer());
        Ok(())
    }

    /// The realm of the repository with this run's addresses and secrets.
    fn realm(&self, addresses: &Addresses, password: &str) -> Result<String> {
        let path = self.repository.root().join("infra/dev/keycloak/realm.json");
        let template =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let realm = [
            ("@CLIENT_SECRET@", self.client_secret()?.as_str()),
            ("@CALLBACK@", &addresses.callback),
            ("@BACKCHANNEL@", &addresses.backchannel),
            ("@HOME@", &addresses.home),
            ("@PASSWORD@", password),
        ]
        .into_iter()
        .fold(template, |text, (place, value)| text.replace(place, value));
        ensure!(
            !realm.contains("@\""),
            "{} has a place that nothing fills",
            path.display()
        );
        Ok(realm)
    }
}
