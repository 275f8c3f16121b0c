//! The programs' own accounts on MariaDB, and the files from which they read their secrets.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::Up;
use crate::secrets;
use crate::services::MariaDb;

/// The control plane's database.
pub const CENTRAL_DATABASE: &str = "trellis_central";
/// The control plane's account there.
const CENTRAL_USER: &str = "trellis_cp";
/// The account that changes the schema there and gives the other its rights.
const OWNER_USER: &str = "trellis_cp_owner";
/// The account with which it makes tenants' databases and accounts.
pub const FLEET_USER: &str = "trellis_fleet";

/// Makes the accounts and writes the files.
pub fn run(up: &mut Up) -> Result<String> {
    let mariadb = MariaDb::new(&up.stack)?;
    let central = secrets::secret(&up.stack, "mariadb-central")?;
    let owner = secrets::secret(&up.stack, "mariadb-central-owner")?;
    let fleet = secrets::secret(&up.stack, "mariadb-fleet")?;
    mariadb.query(&format!(
        "CREATE DATABASE IF NOT EXISTS {CENTRAL_DATABASE} \
           CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;\
         CREATE USER IF NOT EXISTS {CENTRAL_USER}@'127.0.0.1' IDENTIFIED BY '{central}';\
         CREATE USER IF NOT EXISTS {OWNER_USER}@'127.0.0.1' IDENTIFIED BY '{owner}';\
         GRANT ALL PRIVILEGES ON `trellis\\_central`.* TO {OWNER_USER}@'127.0.0.1' \
           WITH GRANT OPTION;\
         CREATE USER IF NOT EXISTS {FLEET_USER}@'127.0.0.1' IDENTIFIED BY '{fleet}';\
         GRANT ALL PRIVILEGES ON *.* TO {FLEET_USER}@'127.0.0.1' WITH GRANT OPTION;"
    ))?;
    take_back_whole_database(&mariadb)?;
    let port = up.stack.ports.mariadb;
    let url = format!("mysql://{CENTRAL_USER}:{central}@127.0.0.1:{port}/{CENTRAL_DATABASE}");
    let owner = format!("mysql://{OWNER_USER}:{owner}@127.0.0.1:{port}/{CENTRAL_DATABASE}");
    let directory = up.stack.directory("secrets")?;
    for (name, text) in [
        ("central-database-url", url.as_str()),
        ("central-owner-url", owner.as_str()),
        ("redis-url", &known(up, "REDIS_URL")),
        ("amqp-url", &known(up, "AMQP_URL")),
    ] {
        secrets::write(&directory.join(name), text)?;
    }
    for name in ["master-keys", "webhook-keys"] {
        make_keys(up, &directory.join(name))?;
    }
    Ok(format!(
        "in {}",
        directory
            .strip_prefix(up.repository.root())
            .unwrap_or(&directory)
            .display()
    ))
}

/// A file with a key that seals secrets, made when there is none.
fn make_keys(up: &Up, file: &Path) -> Result<()> {
    if file.exists() {
        return Ok(());
    }
    let made = Command::new(up.program("control-plane"))
        .args(["keys", "new"])
        .output()?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(
        made.status.success(),
        "`control-plane keys new` failed: {}",
        said.trim()
    );
    secrets::write(file, &String::from_utf8_lossy(&made.stdout))
}

/// The serving account had the whole database once; `control-plane migrate` gives it each table,
/// so that it can add to the audit log and not change it.
fn take_back_whole_database(mariadb: &MariaDb) -> Result<()> {
    let known = mariadb.query(&format!(
        "SELECT COUNT(*) FROM mysql.db WHERE user = '{CENTRAL_USER}' AND delete_priv = 'Y'"
    ))?;
    if known.trim().ends_with('0') {
        return Ok(());
    }
    mariadb.query(&format!(
        "REVOKE ALL PRIVILEGES ON `trellis\\_central`.* FROM {CENTRAL_USER}@'127.0.0.1'"
    ))?;
    Ok(())
}

fn known(up: &Up, key: &str) -> String {
    up.environment.get(key).cloned().unwrap_or_default()
}
