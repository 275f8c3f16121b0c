//! `idp`: identity providers that really exist, to sign in with on a development machine.

mod keycloak;
mod tenant;

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::paths::{Profile, Repository, Stack};
use crate::process::Daemon;
use crate::{http, interrupt, ports, progress};

use keycloak::Keycloak;
use tenant::Tenant;

/// Where Keycloak listens, unless `TRELLIS_DEV_KEYCLOAK_PORT` says otherwise.
const PORT: u16 = 8180;
const POLL: Duration = Duration::from_millis(500);

/// Which provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Provider {
    /// Keycloak, with a realm for the tenant `acme`.
    Keycloak,
}

/// Starts the provider, registers it with the tenant `acme` of a running `up`, and stays.
pub fn run(repository: &Repository, provider: Provider) -> Result<()> {
    let Provider::Keycloak = provider;
    let stack = repository.stack(Profile::Dev);
    progress::heading("keycloak");
    let mut tenant = Tenant::sign_in(&stack).context("`cargo xtask up` first")?;
    let port = ports::moved(Profile::Dev, "KEYCLOAK").unwrap_or(PORT);
    let keycloak = Keycloak::fetch(repository, &stack, port)?;
    let connection = tenant.register(&keycloak.issuer(), &keycloak.client_secret()?)?;
    keycloak.start(&tenant.addresses(&connection), &tenant.password)?;
    tell(&tenant, &keycloak, &connection);
    stay(&keycloak.daemon());
    Ok(())
}

/// Ends it, when `down` ends everything.
pub fn stop(stack: &Stack) -> Result<()> {
    keycloak::daemon(stack).stop(keycloak::GRACE).map(drop)
}

fn tell(tenant: &Tenant, keycloak: &Keycloak, connection: &str) {
    let line = progress::line;
    progress::heading("ready");
    line(&format!("   sign in at     {}/sign-in", tenant.url));
    line(&format!(
        "   or directly    {}/auth/sso/{connection}/start",
        tenant.url
    ));
    for (who, what) in [
        (
            "nora@acme.example",
            "becomes a member: builder, by the group planners",
        ),
        (
            "architect@acme.example",
            "the demo's architect, by the group leads",
        ),
        (
            "stranger@globex.example",
            "is refused: not a domain of this tenant",
        ),
    ] {
        line(&format!("   {who:<24} {}  {what}", tenant.password));
    }
    line(&format!(
        "   administration {} (admin, {})",
        keycloak.address(),
        tenant.password
    ));
    line("   to end it      Ctrl-C");
}

/// Stays until Ctrl-C, whose handler ends Keycloak.
fn stay(daemon: &Daemon) {
    while !interrupt::requested() {
        if daemon.pid().is_none() {
            progress::note(&format!("Keycloak has ended\n{}", daemon.log_end()));
            return;
        }
        thread::sleep(POLL);
    }
}

/// Whether a page answers.
fn answers(port: u16, path: &str) -> Result<()> {
    http::ready(port, path)
}
