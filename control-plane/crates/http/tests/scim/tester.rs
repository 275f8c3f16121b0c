//! The questions of `scim2-tester`, asked over a real connection.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use actix_web::{App, HttpMessage as _, dev::Service as _, web::Data};
use serde_json::Value;
use std::io::Write as _;
use web::Listen;

use crate::directory::World;

#[actix_web::test]
async fn scim2_tester_finds_no_fault() {
    let world = World::new().await;
    let (auth, host) = (world.stage.auth.clone(), world.tenant.host.clone());
    let listen = Listen {
        address: "127.0.0.1:0".parse().unwrap(),
        workers: 1,
    };
    let bound = web::bind(listen, move || {
        let host = host.clone();
        App::new()
            .app_data(Data::new(auth.clone()))
            .wrap_fn(move |request, service| {
                request.extensions_mut().insert(host.clone());
                service.call(request)
            })
            .wrap(web::Edge::new(auth.clock.clone()))
            .configure(web::configure_app)
            .configure(cp_http::auth::configure)
    })
    .unwrap();
    let base = format!("http://{}/scim/v2", bound.addresses()[0]);
    let server = tokio::spawn(bound.run(std::future::pending()));
    let token = world.directory.token.clone();
    let judged = tokio::task::spawn_blocking(move || ask(&base, &token))
        .await
        .unwrap();
    server.abort();
    let faults: Vec<&Value> = judged
        .iter()
        .filter(|answer| matches!(answer["status"].as_str().unwrap(), "ERROR" | "CRITICAL"))
        .collect();
    let good = judged.iter().filter(|answer| answer["status"] == "SUCCESS");
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(good.count() > 60, "{judged:#?}");
}

fn ask(base: &str, token: &str) -> Vec<Value> {
    let python = testkit::services().scim_tester.as_deref();
    let python = python.expect("`cargo xtask services test` installs scim2-tester");
    let program = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let program = program.join("../../../infra/e2e/scim/check.py");
    let mut tester = Command::new(python)
        .arg(program)
        .args([base, "acme.example"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = tester.stdin.take().unwrap();
    stdin.write_all(token.as_bytes()).unwrap();
    drop(stdin);
    let output = tester.wait_with_output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
