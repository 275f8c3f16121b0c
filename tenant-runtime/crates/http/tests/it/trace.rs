//! The trace of a request, its own where it comes with none, is beside the events that it left.

use actix_web::http::Method;
use kernel::{Role, Traceparent};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use crate::app::{Tenant, TestApp};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn last_trace(tenant: &Tenant) -> Option<String> {
    let sql = "SELECT traceparent FROM outbox ORDER BY number DESC LIMIT 1";
    let statement = Statement::from_string(DbBackend::MySql, sql);
    let row = tenant.db.conn().query_one_raw(statement).await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

#[actix_web::test]
async fn a_requests_trace_is_kept_with_its_events() {
    let tenant = TestApp::new().await.tenant("acme").await;
    let architect = tenant.member(Role::Architect).await;
    let mut started = Vec::new();
    for given in [Some(TRACE), Some("laundry"), None] {
        let name = given.unwrap_or("none").get(..4).unwrap();
        let body = json!({ "parent_id": tenant.root(), "name": name }).to_string();
        let mut request = architect.request(Method::POST, "/api/v1/folders");
        if let Some(given) = given {
            request = request.insert_header(("traceparent", given));
        }
        let answer = tenant.app.send(TestApp::with_body(request, body)).await;
        answer.expect(201);
        started.push(Traceparent::parse(&last_trace(&tenant).await.unwrap()).unwrap());
    }
    let [kept, first, second] = <[Traceparent; 3]>::try_from(started).unwrap();
    assert_eq!(kept.as_str(), TRACE);
    assert_ne!(first.trace_id(), second.trace_id());
    assert_ne!(first.trace_id(), kept.trace_id());
}
