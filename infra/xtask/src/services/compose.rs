//! The same servers with Docker, for systems without apt: `infra/docker/compose.yaml`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::{MariaDb, RabbitMq, Redis};
use crate::paths::{Repository, Stack};
use crate::process::run_logged;

/// Whether Docker with its compose plugin answers.
pub fn available() -> bool {
    let asked = Command::new("docker").args(["compose", "version"]).output();
    asked.is_ok_and(|output| output.status.success())
}

/// Starts all servers and waits until their containers run.
pub fn start(repository: &Repository, stack: &Stack) -> Result<()> {
    let run = stack.directory("run")?;
    Redis::new(stack)?.write_settings()?;
    RabbitMq::new(stack)?.write_settings()?;
    // The servers of the containers have user ids of their own.
    let socket = run.join("mysqld");
    fs::create_dir_all(&socket)?;
    open(&stack.dir, 0o711)?;
    open(&run, 0o711)?;
    open(&socket, 0o777)?;
    for file in ["redis.conf", "rabbitmq.conf", "rabbitmq-plugins"] {
        open(&run.join(file), 0o644)?;
    }
    let mut up = compose(stack);
    environment(stack, &mut up)?;
    up.args(["up", "--detach", "--wait"])
        .current_dir(repository.root());
    run_logged(&mut up, &stack.log_file("docker"))
}

/// Ends all servers; with `wipe` their volumes go too.
pub fn stop(repository: &Repository, stack: &Stack, wipe: bool) -> Result<()> {
    let mut down = compose(stack);
    environment(stack, &mut down)?;
    down.arg("down").current_dir(repository.root());
    if wipe {
        down.arg("--volumes");
    }
    run_logged(&mut down, &stack.log_file("docker"))
}

/// Whether the containers run.
pub fn running(stack: &Stack) -> Result<bool> {
    let output = compose(stack)
        .args(["ps", "--quiet", "--status", "running"])
        .output()?;
    ensure!(output.status.success(), "docker compose ps failed");
    Ok(!output.stdout.is_empty())
}

/// A command that runs inside a server's container.
pub fn inside(stack: &Stack, server: &str, program: &str, password: &str) -> Command {
    let mut command = compose(stack);
    command
        .args(["exec", "-T", "--env"])
        .arg(format!("MYSQL_PWD={password}"))
        .args([server, program]);
    command
}

fn compose(stack: &Stack) -> Command {
    let project = format!("trellis-{}-{}", stack.profile.name(), stack.key);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docker/compose.yaml");
    let mut command = Command::new("docker");
    command
        .args(["compose", "--project-name", &project, "--file"])
        .arg(file);
    command
}

fn environment(stack: &Stack, command: &mut Command) -> Result<()> {
    let mariadb = MariaDb::new(stack)?;
    let mut arguments = mariadb.arguments();
    arguments.push("--socket=/run/mysqld/mariadb.sock".to_owned());
    command
        .env("TRELLIS_MARIADB_ARGUMENTS", arguments.join(" "))
        .env("TRELLIS_MARIADB_PASSWORD", mariadb.password())
        .env("TRELLIS_RUN_DIRECTORY", stack.dir.join("run"))
        .env(
            "TRELLIS_RABBITMQ_DIST_PORT",
            stack.ports.rabbitmq_dist.to_string(),
        )
        .env("TRELLIS_EPMD_PORT", stack.ports.epmd.to_string())
        .env("TRELLIS_MONGODB_PORT", stack.ports.mongodb.to_string());
    Ok(())
}

fn open(path: &Path, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}
