//! A customer's identity provider: the real `oidc-provider`, as a process of its own that keeps
//! nothing. `infra/e2e/provider` has what it does.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::client;

const PROGRAM: &str = include_str!("../provider/server.mjs");

/// A provider that runs. Dropped, it ends.
pub struct Provider {
    process: Child,
    issuer: String,
    http: client::Client,
}

/// Somebody whom the provider knows.
#[derive(Debug, Clone)]
pub struct Known {
    /// What the provider calls them.
    pub sub: String,
    /// The address they type, and that the provider tells.
    pub email: String,
    /// Whether the provider says that the address is theirs.
    pub verified: bool,
    /// What they are called.
    pub name: String,
    /// Groups that they are in.
    pub groups: Vec<String>,
    /// How they show who they are, as `amr` tells it.
    pub means: Vec<String>,
}

impl Known {
    /// Somebody with a verified address, in no group.
    #[must_use]
    pub fn new(sub: &str, email: &str) -> Self {
        Self {
            sub: sub.to_owned(),
            email: email.to_owned(),
            verified: true,
            name: "Nora Quist".to_owned(),
            groups: Vec::new(),
            means: vec!["pwd".to_owned()],
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Provider {
    /// The password of everybody there.
    pub const PASSWORD: &str = "their own provider's password";

    /// Starts one on a port of its own.
    ///
    /// # Errors
    /// When it was not installed or does not start.
    pub fn start() -> Result<Self> {
        let installed = testkit::services().provider.as_deref();
        let installed = installed.context("oidc-provider is not installed; see the test's log")?;
        let mut process = Command::new("node")
            .args(["--no-warnings", "--input-type=module", "-"])
            .current_dir(installed)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("node does not start")?;
        let mut stdin = process.stdin.take().context("it takes a program")?;
        stdin.write_all(PROGRAM.as_bytes())?;
        drop(stdin);
        let mut said = String::new();
        let stdout = process.stdout.take().context("it has an output")?;
        BufReader::new(stdout).read_line(&mut said)?;
        let issuer = said.trim().strip_prefix("issuer ").map(str::to_owned);
        Ok(Self {
            process,
            issuer: issuer.context("the provider ended at its start; it needs Node.js 20")?,
            http: client::builder().build()?,
        })
    }

    /// Its issuer, which is also its address.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Lets a relying party in.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn admit_client(&self, id: &str, secret: &str, connection: &Addresses) -> Result<()> {
        let client = json!({
            "client_id": id,
            "client_secret": secret,
            "redirect_uris": [connection.callback],
            "post_logout_redirect_uris": [connection.after_logout],
            "backchannel_logout_uri": connection.backchannel,
            "backchannel_logout_session_required": true,
            "scope": "openid email profile groups",
        });
        self.tell("clients", &client).await.map(drop)
    }

    /// Makes somebody known, or known anew.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn know(&self, person: &Known) -> Result<()> {
        let claims = json!({
            "sub": person.sub,
            "email": person.email,
            "email_verified": person.verified,
            "name": person.name,
            "groups": person.groups,
            "amr": person.means,
            "password": Self::PASSWORD,
        });
        self.tell("people", &claims).await.map(drop)
    }

    /// Ends somebody's sessions there; answers how telling each relying party went.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn log_out(&self, sub: &str) -> Result<Value> {
        self.tell("log-out", &json!({ "sub": sub })).await
    }

    async fn tell(&self, what: &str, told: &Value) -> Result<Value> {
        let url = format!("{}/control/{what}", self.issuer);
        let answer = client::read(self.http.post(url).json(told)).await?;
        ensure!(answer.status.is_success(), "{what}: {answer:?}");
        Ok(answer.body)
    }
}

/// Where a relying party is reached.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Where people come back to.
    pub callback: String,
    /// Where they go when they have left.
    pub after_logout: String,
    /// Where the provider tells that somebody has left.
    pub backchannel: String,
}
