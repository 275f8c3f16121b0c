//! The document of the staff API has every route, and says enough about each.

#[test]
fn every_operation_is_described() {
    let document = serde_json::to_value(cp_http::staff::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut ids = std::collections::HashSet::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(
                operation["summary"].is_string(),
                "{method} {path} has no summary"
            );
            assert!(
                !operation["responses"].as_object().unwrap().is_empty(),
                "{method} {path}"
            );
        }
    }
    assert!(ids.len() >= 19, "{ids:?}");
}

/// Routes are counted in the sources, so that one that goes round the document is noticed.
#[test]
fn no_route_is_missing_from_the_document() {
    let document = serde_json::to_value(cp_http::staff::openapi()).unwrap();
    let documented: usize = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|i| i.as_object().unwrap().len())
        .sum();
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/http/src");
    let mut routes = 0;
    for folder in ["staff", "staff_auth"] {
        for file in std::fs::read_dir(format!("{sources}/{folder}")).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            routes += ["get", "post", "put", "patch", "delete"]
                .iter()
                .map(|method| text.matches(&format!("#[{method}(\"/staff/v1/")).count())
                .sum::<usize>();
            assert!(
                !text.contains(".route("),
                "a route that the document does not know"
            );
        }
    }
    assert_eq!(documented, routes);
}
