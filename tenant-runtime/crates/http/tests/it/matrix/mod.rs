//! Who may do what: every operation of the OpenAPI document by every kind of caller. An operation
//! without an expectation here fails the test.

mod expected;
mod requests;
pub mod world;

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{http::Method, test::TestRequest};
use chrono::TimeDelta;
use identity::{Signer, generate_key};
use kernel::Scope;
use serde_json::Value;

use crate::app::{Answer, TestApp};
use expected::EXPECTED;
use requests::{Call, call};
use world::World;

/// `operationId → (needed scope, whether it is open to everybody)` of the document.
fn operations() -> BTreeMap<String, Option<String>> {
    let document: Value = serde_json::from_str(&tr_http::openapi_json()).expect("the document");
    let mut found = BTreeMap::new();
    for item in document["paths"].as_object().expect("paths").values() {
        for operation in item.as_object().expect("operations").values() {
            let id = operation["operationId"].as_str().expect("an id").to_owned();
            let scope = operation["security"][1]["token"][0]
                .as_str()
                .map(str::to_owned);
            found.insert(id, scope);
        }
    }
    found
}

fn request(call: &Call) -> TestRequest {
    let request = TestApp::request(call.method.clone(), &call.path);
    let request = match call.method {
        Method::PATCH | Method::DELETE => request.insert_header(("if-match", "*")),
        _ => request,
    };
    match &call.body {
        Some(body) => TestApp::with_body(request, body.to_string()),
        None => request,
    }
}

async fn send(world: &World, call: &Call, identity: Option<String>) -> Answer {
    let request = request(call);
    let request = match identity {
        Some(identity) => request.insert_header((identity::HEADER, identity)),
        None => request,
    };
    world.app.send(request).await
}

#[test]
fn every_operation_has_an_expectation_and_no_other() {
    let documented: BTreeSet<String> = operations().into_keys().collect();
    let expected: BTreeSet<String> = EXPECTED.iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(documented, expected);
}

#[actix_web::test]
async fn without_a_good_identity_nothing_is_answered() {
    let world = World::new().await;
    let claims = &world.architect.claims;
    let now = world.app.clock.now();
    let forged = Signer::new("test", generate_key()).sign(claims, now).token;
    let expired = world
        .app
        .signer
        .sign(claims, now - TimeDelta::minutes(5))
        .token;
    let mut altered = world.architect.identity();
    altered.replace_range(60..61, if &altered[60..61] == "A" { "B" } else { "A" });
    for (id, scope) in operations() {
        let call = call(&world, &id).await;
        // For nobody in particular, but of a tenant that the gateway vouches for.
        let needs_host = id.contains("nsubscribe");
        let good = if scope.is_some() || needs_host {
            401
        } else {
            200
        };
        for identity in [
            None,
            Some(&forged),
            Some(&expired),
            Some(&altered),
            Some(&String::from("x.y.z")),
        ] {
            let answer = send(&world, &call, identity.cloned()).await;
            assert_eq!(
                answer.code(),
                good,
                "{id} with {identity:?}: {}",
                answer.json()
            );
            if scope.is_some() {
                assert_eq!(answer.problem(), "identity_invalid", "{id}");
            }
        }
    }
}

#[actix_web::test]
async fn a_token_needs_the_scope_of_the_route_and_no_other() {
    let world = World::new().await;
    for (id, scope) in operations() {
        let Some(needed) = scope else { continue };
        for scope in Scope::ALL {
            let call = call(&world, &id).await;
            let token = world.architect.with_scopes(&[scope]);
            let answer = send(&world, &call, Some(token.identity())).await;
            if scope.as_str() == needed {
                let expected = EXPECTED.iter().find(|row| row.0 == id);
                let (_, [.., architect, _]) = expected.expect("an expectation");
                assert_eq!(answer.code(), *architect, "{id}: {}", answer.json());
            } else {
                assert_eq!(answer.code(), 403, "{id} with {}", scope.as_str());
                assert_eq!(answer.problem(), "scope_missing", "{id}");
            }
        }
    }
}

#[actix_web::test]
async fn every_caller_gets_what_is_theirs_and_no_more() {
    let world = World::new().await;
    let people = [
        ("outsider", &world.outsider),
        ("reader", &world.reader),
        ("editor", &world.editor),
        ("manager", &world.manager),
        ("architect", &world.architect),
        ("external", &world.external),
    ];
    let mut wrong = Vec::new();
    for (id, statuses) in EXPECTED {
        for ((name, person), expected) in people.iter().zip(statuses) {
            let call = call(&world, id).await;
            let answer = send(&world, &call, Some(person.identity())).await;
            if answer.code() != *expected {
                let got = answer.code();
                wrong.push(format!(
                    "{id} by {name}: {got}, expected {expected}: {}",
                    answer.json()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
