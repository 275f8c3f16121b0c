//! The program itself: its settings, its start when something is wrong, its end.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use control_plane::settings::Settings;
use testkit::eventually;

use crate::fixture::{ControlPlane, LIMIT};

pub fn program(environment: &[(String, String)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_control-plane"));
    command
        .args(arguments)
        .env_clear()
        .envs(environment.iter().cloned());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The program with the settings of this control plane.
pub fn command(control_plane: &ControlPlane) -> Command {
    program(&control_plane.environment, &[])
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Where a running program listens: its log says so.
fn address_of(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines
        .by_ref()
        .map_while(Result::ok)
        .find(|line| line.contains("listening") && line.contains("address="))
        .unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    let address = line.split("address=").nth(1).unwrap();
    address.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn all_faults_of_the_settings_are_told_at_once() {
    let environment = [
        ("CP__DATABASE__MAX_CONNECTIONS", "1"),
        ("CP__PUBLIC_URL", "ftp://trellis.example"),
        ("CP__FAULT__STOP_AFTER", "nothing"),
        ("CP__SESSIONS__INSECURE_COOKIES", "true"),
    ];
    let environment = environment.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let error = Settings::load_from(None, environment).unwrap_err();
    let keys: Vec<&str> = error
        .faults
        .iter()
        .map(|fault| fault.key.as_str())
        .collect();
    for key in [
        "database.url",
        "database.max_connections",
        "public_url",
        "fault.stop_after",
        "sessions.insecure_cookies",
        "secrets.keys",
    ] {
        assert!(keys.contains(&key), "{key} is missing from {keys:?}");
    }
    let output = program(&[], &["config", "check"]).output().unwrap();
    assert!(!output.status.success());
    assert!(said(&output).contains("database.url"), "{}", said(&output));
    let unknown = [("CP__GATEWAY__LISTNE".to_owned(), "x".to_owned())];
    let output = program(&unknown, &["config", "check"]).output().unwrap();
    assert!(said(&output).contains("listne"), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named() {
    let control_plane = ControlPlane::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut environment = control_plane.environment;
    environment.push(("CP__STAFF_API__LISTEN".to_owned(), address));
    let output = program(&environment, &["serve"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains(&taken.local_addr().unwrap().port().to_string()));
    assert!(said(&output).contains("in use"), "{}", said(&output));
    assert!(!said(&output).contains("panicked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down_is_waited_for_and_the_end_is_orderly() {
    let control_plane = ControlPlane::new().await;
    let mut environment = control_plane.environment.clone();
    environment.push((
        "CP__DATABASE__URL".to_owned(),
        "mysql://a:b@127.0.0.1:9/none".to_owned(),
    ));
    environment.push(("CP__LOG__LEVEL".to_owned(), "info".to_owned()));
    let mut child = program(&environment, &["work"]).spawn().unwrap();
    let address = tokio::task::spawn_blocking(move || {
        let address = address_of(&mut child);
        (address, child)
    });
    let (address, mut child) = address.await.unwrap();
    // It installs the TLS provider that every client of reqwest wants.
    cp_staff_api::StaffApi::new("http://127.0.0.1").unwrap();
    let reason = eventually(LIMIT, async || {
        let answer = reqwest::get(format!("http://{address}/readyz"))
            .await
            .ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        (status == 503 && text.contains("cannot be used")).then_some(text)
    })
    .await;
    assert!(reason.contains("database"), "{reason}");
    assert!(
        reqwest::get(format!("http://{address}/livez"))
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let ended = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(ended.success());
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap());
    let status = tokio::time::timeout(Duration::from_secs(15), status)
        .await
        .unwrap()
        .unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn no_secret_is_taken_from_the_command_line() {
    for arguments in [&["server", "add", "--help"], &["staff", "create", "--help"]] {
        let output = program(&[], arguments).output().unwrap();
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(help.contains("--password-file"), "{help}");
        assert!(!help.contains("--password "), "{help}");
    }
}
