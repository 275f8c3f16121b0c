//! HTTP to our own programs on this machine: JSON in and out, the tenant in the Host header,
//! cookies kept by whoever calls.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use ureq::Agent;

/// An agent that reports error statuses as answers.
fn agent(limit: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(limit))
        .build()
        .into()
}

/// Whether a program on this machine says that it is alive or ready.
pub fn ready(port: u16, path: &str) -> Result<()> {
    let url = format!("http://127.0.0.1:{port}{path}");
    let mut answer = agent(Duration::from_secs(2))
        .get(&url)
        .call()
        .with_context(|| format!("{url} does not answer"))?;
    let status = answer.status();
    if !status.is_success() {
        let reason = answer.body_mut().read_to_string().unwrap_or_default();
        bail!("{url} answers {status}: {}", reason.trim());
    }
    Ok(())
}
