//! What the control plane's command line does before anything is served: migrations, the staff
//! owner, the database server, the runtime nodes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::programs::{BACKOFFICE_PORT, GATEWAY_PORT, NODE_API_PORT, NODES, STAFF_PORT, WORK_PORT};
use super::{Up, accounts};
use crate::secrets;

/// Bytes of an authenticator's secret.
const TOTP_BYTES: usize = 20;

/// A program with its settings, run from the repository's top.
pub fn command(up: &Up, binary: &str) -> Result<Command> {
    let mut command = Command::new(up.program(binary));
    command
        .current_dir(up.repository.root())
        .arg("--config")
        .arg(settings_file(up, binary));
    for (key, value) in environment(up, binary) {
        command.env(key, value);
    }
    Ok(command)
}

/// The settings of a program for development.
pub fn settings_file(up: &Up, binary: &str) -> PathBuf {
    up.repository
        .root()
        .join("infra/config/development")
        .join(format!("{binary}.toml"))
}

/// The ports of this run, which may have been moved.
fn environment(up: &Up, binary: &str) -> Vec<(&'static str, String)> {
    match binary {
        "control-plane" => vec![
            ("CP__GATEWAY__LISTEN", GATEWAY_PORT.address()),
            ("CP__STAFF_API__LISTEN", STAFF_PORT.address()),
            ("CP__NODE_API__LISTEN", NODE_API_PORT.address()),
            ("CP__WORK__LISTEN", WORK_PORT.address()),
            (
                "CP__PUBLIC_URL",
                format!("http://trellis.localhost:{}", GATEWAY_PORT.number()),
            ),
            (
                "CP__MAILER__URL",
                format!("smtp://127.0.0.1:{}", up.stack.ports.smtp),
            ),
        ],
        "backoffice" => vec![
            ("BO__LISTEN__ADDRESS", BACKOFFICE_PORT.address()),
            (
                "BO__STAFF_API__URL",
                format!("http://{}", STAFF_PORT.address()),
            ),
        ],
        _ => vec![(
            "TR__CONTROL_PLANE__URL",
            format!("http://{}", NODE_API_PORT.address()),
        )],
    }
}

/// Brings the central database to the newest schema.
pub fn migrate(up: &mut Up) -> Result<String> {
    let said = control_plane(up, &["migrate"])?;
    Ok(said.lines().last().unwrap_or("done").trim().to_owned())
}

/// Makes the staff owner, the database server and the nodes, unless they are there.
pub fn register(up: &mut Up) -> Result<String> {
    let directory = up.stack.directory("secrets")?;
    let path = |name: &str| directory.join(name).display().to_string();
    secrets::write(&directory.join("staff-totp"), &totp_secret(up)?)?;
    once(
        up,
        "staff-owner",
        &[
            "staff",
            "create",
            "--email",
            up.demo.staff_email,
            "--name",
            "Olive Warden",
            "--role",
            "owner",
            "--password-file",
            &path("staff-password"),
            "--totp-secret-file",
            &path("staff-totp"),
        ],
    )?;
    once(
        up,
        "database-server",
        &[
            "server",
            "add",
            "--name",
            "local",
            "--host",
            "127.0.0.1",
            "--port",
            &up.stack.ports.mariadb.to_string(),
            "--user",
            accounts::FLEET_USER,
            "--password-file",
            &path("mariadb-fleet"),
        ],
    )?;
    for node in NODES {
        let file = node_secret_file(up, node)?;
        if file.exists() {
            continue;
        }
        let secret = control_plane(up, &["node", "create", "--name", node, "--ring", "general"])?;
        secrets::write(&file, secret.trim())?;
    }
    Ok(format!(
        "{}, local, {}",
        up.demo.staff_email,
        NODES.join(", ")
    ))
}

/// Where a node's secret is.
pub fn node_secret_file(up: &Up, node: &str) -> Result<PathBuf> {
    Ok(up.stack.directory("secrets")?.join(format!("node-{node}")))
}

/// The secret of the staff owner's authenticator, in base32.
pub fn totp_secret(up: &Up) -> Result<String> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let path = secrets::random_once(&up.stack, "staff-totp-seed", TOTP_BYTES)?;
    let seed = fs::read_to_string(path)?;
    let bits: String = seed
        .trim()
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| format!("{digit:04b}"))
        .collect();
    let bits: Vec<u8> = bits.bytes().map(|bit| bit - b'0').collect();
    Ok(bits
        .chunks(5)
        .filter_map(|five| {
            let index = five
                .iter()
                .fold(0_usize, |index, bit| (index << 1) | usize::from(*bit));
            LETTERS.get(index).map(|letter| char::from(*letter))
        })
        .collect())
}

/// Runs a command that must run once per central database.
fn once(up: &Up, name: &str, arguments: &[&str]) -> Result<()> {
    let memory = up.memory()?.join(format!("made-{name}"));
    if memory.exists() {
        return Ok(());
    }
    control_plane(up, arguments)?;
    fs::write(memory, "").context("cannot remember what was made")
}

/// Runs the control plane's command line and answers what it printed.
fn control_plane(up: &Up, arguments: &[&str]) -> Result<String> {
    let asked = format!("control-plane {}", arguments.join(" "));
    let output = command(up, "control-plane")?
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run `{asked}`"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{asked}` failed: {}", said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
