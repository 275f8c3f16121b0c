//! The OpenAPI document is complete and is the one that is checked in.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(&tr_http::openapi_json()).expect("the document")
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// `METHOD path` of every operation in the document.
fn documented() -> BTreeSet<String> {
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    let mut found = BTreeSet::new();
    for (path, item) in paths {
        for method in item.as_object().expect("a path").keys() {
            found.insert(format!("{method} {path}"));
        }
    }
    found
}

/// `METHOD path` of every route attribute in the sources.
fn written() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for source in sources(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").as_path()) {
        let text = fs::read_to_string(&source).expect("a source");
        for by_hand in [".route(", "web::resource(", "web::scope(", ".to("] {
            assert!(
                !text.contains(by_hand),
                "{}: {by_hand} hides a route",
                source.display()
            );
        }
        for line in text.lines().map(str::trim) {
            for method in METHODS {
                let start = format!("#[{method}(\"");
                if let Some(rest) = line.strip_prefix(&start) {
                    let path = rest.split('"').next().expect("a path");
                    found.insert(format!("{method} {path}"));
                }
            }
        }
    }
    found
}

fn sources(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_route_is_in_the_document() {
    assert_eq!(written(), documented());
}

#[test]
fn the_document_is_the_one_that_is_checked_in() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/reference/openapi-tenant.json");
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == tr_http::openapi_json(),
        "docs/reference/openapi-tenant.json is old: \
         `cargo run -p tenant-runtime -- openapi > docs/reference/openapi-tenant.json`"
    );
}

#[test]
fn every_operation_says_what_it_takes_and_gives() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("a path") {
            let name = format!("{method} {path}");
            let id = operation["operationId"]
                .as_str()
                .unwrap_or_else(|| panic!("{name}: no id"));
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["summary"].is_string(), "{name}: no summary");
            assert!(operation["tags"][0].is_string(), "{name}: no tag");
            let responses = operation["responses"].as_object().expect("responses");
            assert!(
                responses
                    .keys()
                    .any(|status| status.starts_with('2') || status == "101"),
                "{name}: no success"
            );
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(
                    parameter["description"].is_string(),
                    "{name}: {}",
                    parameter["name"]
                );
                assert!(
                    parameter["schema"].is_object(),
                    "{name}: {}",
                    parameter["name"]
                );
            }
            check_path_parameters(path, &name, operation);
            if operation["security"].is_array() {
                check_secured(method, &name, operation);
            }
        }
    }
}

fn check_path_parameters(path: &str, name: &str, operation: &Value) {
    let declared: BTreeSet<&str> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "path")
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    let used: BTreeSet<&str> = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .collect();
    assert_eq!(declared, used, "{name}");
}

fn check_secured(method: &str, name: &str, operation: &Value) {
    let scopes = &operation["security"][1]["token"];
    assert!(scopes[0].is_string(), "{name}: no scope");
    for status in ["401", "403", "429", "500", "503"] {
        assert!(
            operation["responses"][status].is_object(),
            "{name}: no {status}"
        );
    }
    let has_header = |header: &str| {
        let parameters = operation["parameters"].as_array();
        parameters
            .into_iter()
            .flatten()
            .any(|parameter| parameter["name"] == header)
    };
    match method {
        "patch" | "delete" => assert!(has_header("If-Match"), "{name}"),
        "post" => assert!(has_header("Idempotency-Key"), "{name}"),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk<'v>(value: &'v Value, references: &mut Vec<&'v str>) {
        match value {
            Value::Object(fields) => {
                if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                    references.push(reference);
                }
                fields.values().for_each(|value| walk(value, references));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, references)),
            _ => {}
        }
    }
    let document = document();
    let mut references = Vec::new();
    walk(&document, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
}
