//! What a person or a script needs to know when everything is up.

use anyhow::{Context, Result};

use super::demo::PEOPLE;
use super::listen::{BACKOFFICE_PORT, GATEWAY_PORT, NODE_PORTS, STAFF_PORT};
use super::{Up, bootstrap};
use crate::{env_file, progress};

/// Writes `target/dev/env`.
pub fn write_env(up: &mut Up) -> Result<String> {
    let server = |key: &str| -> Result<String> {
        up.environment
            .get(key)
            .cloned()
            .with_context(|| format!("{key} is not known"))
    };
    let nodes: Vec<String> = NODE_PORTS
        .iter()
        .map(|port| format!("127.0.0.1:{}", port.number()))
        .collect();
    let mut values = vec![
        ("TRELLIS_URL", base()),
        (
            "TRELLIS_STAFF_API",
            format!("http://127.0.0.1:{}", STAFF_PORT.number()),
        ),
        ("TRELLIS_BACKOFFICE", backoffice()),
        ("TRELLIS_MAILBOX", server("TRELLIS_MAILBOX")?),
        ("TRELLIS_RUNTIME_NODES", nodes.join(",")),
        ("TRELLIS_STAFF_EMAIL", up.demo.staff_email.to_owned()),
        ("TRELLIS_STAFF_PASSWORD", up.demo.staff_password.clone()),
        ("TRELLIS_STAFF_TOTP_SECRET", bootstrap::totp_secret(up)?),
        ("TRELLIS_DEMO_PASSWORD", up.demo.password.clone()),
        ("TRELLIS_MARIADB_SOCKET", server("TRELLIS_MARIADB_SOCKET")?),
        (
            "TRELLIS_MARIADB_ROOT_URL",
            server("TRELLIS_MARIADB_ROOT_URL")?,
        ),
        ("REDIS_URL", server("REDIS_URL")?),
        ("AMQP_URL", server("AMQP_URL")?),
    ];
    if let Ok(url) = server("MONGODB_URL") {
        values.push(("MONGODB_URL", url));
    }
    let values: Vec<(String, String)> = values
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    let path = up.stack.env_file();
    env_file::write(&path, &values)?;
    Ok(path
        .strip_prefix(up.repository.root())
        .unwrap_or(&path)
        .display()
        .to_string())
}

/// Prints addresses and accounts.
pub fn print(up: &Up, detached: bool) {
    progress::heading("ready");
    for tenant in &up.demo.tenants {
        let url = format!("http://{}:{}", tenant.host(), GATEWAY_PORT.number());
        progress::line(&format!("   {:<14} {url}", tenant.slug));
        for person in PEOPLE {
            let email = tenant.email(person);
            progress::line(&format!("   {:<14}   {email:<32} {}", "", up.demo.password));
        }
    }
    progress::line(&format!("   {:<14} {}", "back office", backoffice()));
    let (email, password) = (up.demo.staff_email, &up.demo.staff_password);
    progress::line(&format!("   {:<14}   {email:<32} {password}", ""));
    if let Ok(secret) = bootstrap::totp_secret(up) {
        progress::line(&format!("   {:<14}   authenticator secret {secret}", ""));
    }
    if let Some(mailbox) = up.environment.get("TRELLIS_MAILBOX") {
        progress::line(&format!("   {:<14} {mailbox}", "mailbox"));
    }
    progress::line("\n   for scripts    source target/dev/env");
    progress::line("   to look on     cargo xtask status, cargo xtask logs NAME");
    if detached {
        progress::line("   to end it      cargo xtask down");
    } else {
        progress::line("   to end it      Ctrl-C");
    }
}

fn base() -> String {
    format!("http://trellis.localhost:{}", GATEWAY_PORT.number())
}

fn backoffice() -> String {
    format!("http://backoffice.localhost:{}", BACKOFFICE_PORT.number())
}
