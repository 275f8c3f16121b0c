//! What the control plane's command line does before anything is served: migrations, the staff
//! owner, the database server, the runtime nodes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::listen::{BACKOFFICE_PORT, GATEWAY_PORT, NODE_API_PORT, STAFF_PORT, WORK_PORT};
use super::programs::NODES;
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
                "CP__STAFF__BACKOFFICE_URL",
                format!("http://backoffice.localhost:{}", BACKOFFICE_PORT.number()),
            ),
            (
                "CP__MAILER__URL",
                format!("smtp://127.0.0.1:{}", up.stack.ports.smtp),
            ),
            ("CP__ACCESS__COUNTRY_DATABASE", countries(up)),
        ],
        "backoffice" => vec![
            ("BO__LISTEN__ADDRESS", BACKOFFICE_PORT.address()),
            (
                "BO__STAFF_API__URL",
                format!("http://{}", STAFF_PORT.address()),
            ),
        ],
        _ => vec![
            (
                "TR__CONTROL_PLANE__URL",
                format!("http://{}", NODE_API_PORT.address()),
            ),
            (
                "TR__MAIL__URL",
                format!("smtp://127.0.0.1:{}", up.stack.ports.smtp),
            ),
            (
                "TR__MAIL__PUBLIC_URL",
                format!("http://trellis.localhost:{}", GATEWAY_PORT.number()),
            ),
        ],
    }
}

/// Which country an address belongs to; empty where that could not be fetched.
fn countries(up: &Up) -> String {
    let fetched = up.environment.get("TRELLIS_COUNTRY_DATABASE");
    fetched.cloned().unwrap_or_default()
}

/// Brings the central database to the newest schema.
pub fn migrate(up: &mut Up) -> Result<String> {
    let mut migrate = command(up, "control-plane")?;
    migrate.arg("migrate");
    let said = answer(migrate)?;
    Ok(said.lines().last().unwrap_or("done").trim().to_owned())
}

/// Makes the staff owner, the database server and the nodes, unless they are there.
pub fn register(up: &mut Up) -> Result<String> {
    register_staff(up)?;
    register_server(up)?;
    let known = names(up, "node")?;
    for node in NODES {
        register_node(up, node, known.iter().any(|name| name == node))?;
    }
    Ok(format!(
        "{}, local, {}",
        up.demo.staff_email,
        NODES.join(", ")
    ))
}

fn register_staff(up: &Up) -> Result<()> {
    let email = up.demo.staff_email;
    if names(up, "staff")?.iter().any(|name| name == email) {
        return Ok(());
    }
    let directory = up.stack.directory("secrets")?;
    let (password, totp) = (
        directory.join("staff-password"),
        directory.join("staff-totp"),
    );
    secrets::write(&totp, &totp_secret(up)?)?;
    let mut create = command(up, "control-plane")?;
    create
        .args([
            "staff",
            "create",
            "--name",
            "Olive Warden",
            "--role",
            "owner",
        ])
        .args(["--email", email])
        .arg("--password-file")
        .arg(password)
        .arg("--totp-secret-file")
        .arg(totp);
    answer(create).map(drop)
}

fn register_server(up: &Up) -> Result<()> {
    const NAME: &str = "local";
    if names(up, "server")?.iter().any(|name| name == NAME) {
        return Ok(());
    }
    let mut add = command(up, "control-plane")?;
    add.args(["server", "add", "--name", NAME, "--host", "127.0.0.1"])
        .args(["--port", &up.stack.ports.mariadb.to_string()])
        .args(["--user", accounts::FLEET_USER])
        .arg("--password-file")
        .arg(up.stack.directory("secrets")?.join("mariadb-fleet"));
    answer(add).map(drop)
}

/// A node's secret is printed once; when its file is gone the node gets another.
fn register_node(up: &Up, node: &str, known: bool) -> Result<()> {
    let file = node_secret_file(up, node)?;
    if known && file.exists() {
        return Ok(());
    }
    let verb = if known { "replace-secret" } else { "create" };
    let mut create = command(up, "control-plane")?;
    create.args(["node", verb, "--name", node]);
    secrets::write(&file, answer(create)?.trim())
}

/// The first column of what `control-plane {noun} list` prints.
fn names(up: &Up, noun: &str) -> Result<Vec<String>> {
    let mut list = command(up, "control-plane")?;
    list.args([noun, "list"]);
    let rows = answer(list)?;
    Ok(rows
        .lines()
        .filter_map(|row| row.split('\t').next())
        .map(str::to_owned)
        .collect())
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

/// Runs a command and answers what it printed.
fn answer(mut command: Command) -> Result<String> {
    let arguments = command
        .get_args()
        .skip(2)
        .map(|argument| argument.to_string_lossy());
    let asked = format!("control-plane {}", arguments.collect::<Vec<_>>().join(" "));
    let output = command
        .output()
        .with_context(|| format!("cannot run `{asked}`"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{asked}` failed: {}", said.trim());
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
