//! `tenant-runtime serve` as a process: what it says when it cannot do its work, and how it ends.
#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    sync::Mutex,
    time::Duration,
};

use testkit::eventually;

const LIMIT: Duration = Duration::from_secs(20);

/// The program with a name and a secret, and nothing else from this process's environment.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenant-runtime"));
    command
        .args(arguments)
        .env_clear()
        .env("TR__NODE__NAME", "node-1")
        .env("TR__NODE__SECRET", "hush-hush")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

/// A port that nobody has.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// The answer to a GET; none while nobody listens.
fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// A process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn wrong_settings_are_told_all_at_once() {
    let output = program(&["config", "check"])
        .env("TR__SERVE__ADDRESS", "nowhere")
        .env("TR__POOLS__TOTAL", "many")
        .env("TR__SERVE__PORT", "1")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = text(&output);
    for key in ["serve.address", "pools.total", "serve.port"] {
        assert!(text.contains(key), "{key} is not in: {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn settings_are_printed_without_secrets() {
    let output = program(&["config", "print"]).output().unwrap();
    assert!(output.status.success());
    let text = text(&output);
    assert!(
        text.contains("node-1") && !text.contains("hush-hush"),
        "{text}"
    );
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let output = program(&["serve"])
        .env("TR__SERVE__ADDRESS", format!("127.0.0.1:{port}"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = text(&output);
    assert!(text.contains(&format!("port {port} is in use")), "{text}");
}

#[tokio::test]
async fn without_a_control_plane_a_node_waits_says_why_and_ends_when_asked() {
    let (port, nobody) = (free_port(), free_port());
    let child = program(&["serve"])
        .env("TR__SERVE__ADDRESS", format!("127.0.0.1:{port}"))
        .env(
            "TR__CONTROL_PLANE__URL",
            format!("http://127.0.0.1:{nobody}"),
        )
        .env("TR__BROKER__URL", format!("amqp://127.0.0.1:{nobody}/%2f"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let child = Running(child);
    eventually(LIMIT, async || {
        get(port, "/readyz").is_some_and(|answer| {
            answer.starts_with("HTTP/1.1 503")
                && answer.contains("the control plane cannot be reached")
        })
    })
    .await;
    assert!(get(port, "/livez").unwrap().starts_with("HTTP/1.1 200"));
    let refused = get(port, "/api/v1/folders").unwrap();
    assert!(refused.contains("identity_invalid"), "{refused}");
    let asked = Command::new("kill")
        .arg(child.0.id().to_string())
        .status()
        .unwrap();
    assert!(asked.success());
    let child = Mutex::new(child);
    let status = eventually(LIMIT, async || child.lock().unwrap().0.try_wait().unwrap()).await;
    assert!(status.success());
}
