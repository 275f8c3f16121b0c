//! Bad requests get the right problem, and every answer its request id.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect"
)]

use actix_web::{
    App, HttpResponse,
    body::MessageBody,
    dev::{Service, ServiceResponse},
    get,
    http::{StatusCode, header},
    post,
    test::{self as actix, TestRequest},
    web as aw,
};
use clock::Clock;
use garde::Validate;
use serde::Deserialize;
use serde_json::{Value, json};
use web::{ApiError, ProblemCode};

#[derive(Debug, Deserialize, Validate)]
struct Stage {
    #[garde(length(chars, min = 1, max = 5))]
    name: String,
    #[serde(default)]
    #[garde(range(max = 9))]
    days: u32,
}

#[derive(Debug, Deserialize, Validate)]
struct Plan {
    #[garde(dive)]
    stages: Vec<Stage>,
}

#[derive(Debug, Deserialize)]
struct Filter {
    limit: Option<u16>,
}

#[post("/plans")]
async fn create(plan: web::Json<Plan>) -> Result<HttpResponse, ApiError> {
    let total: u32 = plan.0.stages.iter().map(|stage| stage.days).sum();
    Ok(HttpResponse::Ok().json(json!({ "total": total, "names": plan.0.stages.len() })))
}

#[get("/plans")]
async fn list(filter: web::Query<Filter>) -> web::Json<Option<u16>> {
    web::Json(filter.0.limit)
}

#[get("/plans/{id}")]
async fn read(id: web::Path<kernel::WorkItemId>) -> web::Revised<kernel::WorkItemId> {
    web::Revised {
        revision: kernel::Revision(3),
        body: id.0,
    }
}

#[post("/verbs")]
async fn verb(body: web::OptionalJson<Stage>, key: web::IdempotencyKey) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "body": body.0.map(|stage| stage.name), "key": key.0 }))
}

#[get("/failure")]
async fn failure() -> Result<HttpResponse, ApiError> {
    Err(ApiError::internal(&std::io::Error::other(
        "the password is 1234",
    )))
}

#[get("/panic")]
async fn panics() -> HttpResponse {
    panic!("the password is 1234")
}

#[get("/limited")]
async fn limited() -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(ProblemCode::TooManyRequests).retry_after(7))
}

#[get("/page")]
async fn page() -> HttpResponse {
    HttpResponse::UnprocessableEntity()
        .content_type("text/html; charset=utf-8")
        .body("<p>no</p>")
}

#[get("/plain")]
async fn plain() -> HttpResponse {
    HttpResponse::Conflict()
        .insert_header(("x-kept", "yes"))
        .body("secret text")
}

/// `Allow` of `/plans`, which has a handler of its own per method.
fn allowed() -> web::AllowTable {
    use utoipa::openapi::{
        HttpMethod, OpenApiBuilder, PathItem, PathsBuilder, path::OperationBuilder,
    };
    let mut item = PathItem::new(HttpMethod::Get, OperationBuilder::new());
    item.merge_operations(PathItem::new(HttpMethod::Post, OperationBuilder::new()));
    let paths = PathsBuilder::new().path("/plans", item).build();
    web::AllowTable::from_openapi(&OpenApiBuilder::new().paths(paths).build())
}

async fn app() -> impl Service<
    actix_http::Request,
    Response = ServiceResponse<impl MessageBody>,
    Error = actix_web::Error,
> {
    let health = web::health::Health::new();
    health.set("database", Err("it is down".into()));
    let app = App::new()
        .wrap(web::Edge::new(Clock::system()))
        .app_data(health)
        .app_data(allowed())
        .configure(web::configure_app)
        .configure(web::health::configure)
        .service(aw::resource("/only-get").route(aw::get().to(HttpResponse::Ok)))
        .service(create)
        .service(list)
        .service(read)
        .service(verb)
        .service(failure)
        .service(panics)
        .service(limited)
        .service(page)
        .service(plain);
    actix::init_service(app).await
}

/// The answer: status, its `X-Request-Id`, its body as JSON (null when it is none).
async fn send(request: TestRequest) -> (StatusCode, header::HeaderMap, Value) {
    let app = app().await;
    let response = match app.call(request.to_request()).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let headers = response.headers().clone();
    let status = response.status();
    let body = actix_web::body::to_bytes(response.into_body())
        .await
        .unwrap_or_default();
    (
        status,
        headers,
        serde_json::from_slice(&body).unwrap_or_default(),
    )
}

/// Sends and checks that the answer is this problem, whole.
async fn problem(request: TestRequest, code: ProblemCode) -> Value {
    let (status, headers, body) = send(request).await;
    assert_eq!(body["code"], code.code(), "{body}");
    assert_eq!(status, code.status());
    assert_eq!(body["status"], status.as_u16());
    assert_eq!(body["title"], code.title());
    assert_eq!(body["type"], code.type_uri());
    assert_eq!(
        headers.get(header::CONTENT_TYPE).unwrap(),
        "application/problem+json"
    );
    assert_eq!(
        body["request_id"],
        headers.get("x-request-id").unwrap().to_str().unwrap()
    );
    body
}

fn json(path: &str, body: &str) -> TestRequest {
    TestRequest::post()
        .uri(path)
        .insert_header((header::CONTENT_TYPE, "application/json; charset=utf-8"))
        .set_payload(body.to_owned())
}

#[actix_web::test]
async fn a_well_formed_request_id_is_kept_and_another_replaced() {
    let request = TestRequest::get()
        .uri("/plans")
        .insert_header(("x-request-id", "abc.1-_Z"));
    assert_eq!(
        send(request).await.1.get("x-request-id").unwrap(),
        "abc.1-_Z"
    );
    let request = TestRequest::get()
        .uri("/plans")
        .insert_header(("x-request-id", "a b\"<"));
    let (_, headers, _) = send(request).await;
    assert_eq!(headers.get("x-request-id").unwrap().len(), 32);
}

#[actix_web::test]
async fn a_route_that_is_not_there_or_not_so_is_a_problem() {
    problem(
        TestRequest::get().uri("/nowhere"),
        ProblemCode::UnknownRoute,
    )
    .await;
    problem(
        TestRequest::put().uri("/plans"),
        ProblemCode::MethodNotAllowed,
    )
    .await;
    problem(
        TestRequest::delete().uri("/only-get"),
        ProblemCode::MethodNotAllowed,
    )
    .await;
    problem(
        TestRequest::get().uri("/plans/not-an-id"),
        ProblemCode::NotFound,
    )
    .await;
}

#[actix_web::test]
async fn a_refused_method_is_told_which_are_taken() {
    for (path, allow) in [("/plans", "GET, POST"), ("/only-get", "GET")] {
        let (status, headers, _) = send(TestRequest::delete().uri(path)).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(headers.get(header::ALLOW).unwrap(), allow);
    }
}

#[actix_web::test]
async fn a_body_must_be_json_of_the_right_shape_and_size() {
    problem(json("/plans", "{\"stages\": ["), ProblemCode::MalformedJson).await;
    problem(json("/plans", ""), ProblemCode::MalformedJson).await;
    problem(
        json("/plans", "{\"stages\": []} x"),
        ProblemCode::MalformedJson,
    )
    .await;
    problem(
        json("/plans", &" ".repeat(10_000_000)),
        ProblemCode::PayloadTooLarge,
    )
    .await;
    let untyped = TestRequest::post()
        .uri("/plans")
        .set_payload("{\"stages\":[]}");
    problem(untyped, ProblemCode::UnsupportedMediaType).await;
    let (status, _, body) = send(json("/plans", r#"{"stages":[{"name":"a","days":2}]}"#)).await;
    assert_eq!(
        (status, body),
        (StatusCode::OK, json!({ "total": 2, "names": 1 }))
    );
}

#[actix_web::test]
async fn a_wrong_field_is_named_by_its_pointer() {
    for (body, pointer, code) in [
        (
            r#"{"stages":[{"name":"a"},{"name":7}]}"#,
            "/stages/1/name",
            "invalid_type",
        ),
        (r#"{"stages":[{}]}"#, "/stages/0/name", "required"),
        (r#"{}"#, "/stages", "required"),
        (r#"{"stages":[],"a/b":1}"#, "/a~1b", "unknown_field"),
        (
            r#"{"stages":[{"name":"a","x":1}]}"#,
            "/stages/0/x",
            "unknown_field",
        ),
        (r#"{"stages":[],"stages":[]}"#, "/stages", "duplicate_field"),
        (
            r#"{"stages":[{"name":"a","days":-1}]}"#,
            "/stages/0/days",
            "invalid_value",
        ),
        (
            r#"{"stages":[{"name":"a"},{"name":""}]}"#,
            "/stages/1/name",
            "length",
        ),
        (
            r#"{"stages":[{"name":"a","days":10}]}"#,
            "/stages/0/days",
            "range",
        ),
        (r#"[[]]"#, "", "invalid_type"),
        (r#"{"stages":[[]]}"#, "/stages/0", "invalid_value"),
        (r#"7"#, "", "invalid_type"),
    ] {
        let answer = problem(json("/plans", body), ProblemCode::ValidationFailed).await;
        assert_eq!(answer["errors"][0]["pointer"], pointer, "{body}: {answer}");
        assert_eq!(answer["errors"][0]["code"], code, "{body}: {answer}");
    }
    let two = json("/plans", r#"{"stages":[{"name":"","days":10}]}"#);
    let answer = problem(two, ProblemCode::ValidationFailed).await;
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(2));
}

#[actix_web::test]
async fn a_wrong_query_is_a_bad_request_that_names_the_parameter() {
    for (query, pointer) in [
        ("limit=x", "/limit"),
        ("limt=1", "/limt"),
        ("limit=1&limit=2", "/limit"),
    ] {
        let request = TestRequest::get().uri(&format!("/plans?{query}"));
        let answer = problem(request, ProblemCode::InvalidQuery).await;
        assert_eq!(answer["errors"][0]["pointer"], pointer, "{query}: {answer}");
    }
    assert_eq!(
        send(TestRequest::get().uri("/plans?limit=5")).await.2,
        json!(5)
    );
}

#[actix_web::test]
async fn an_idempotency_key_is_short_and_visible() {
    let with = |key: String| {
        TestRequest::post()
            .uri("/verbs")
            .insert_header(("idempotency-key", key))
    };
    assert_eq!(
        send(with("k-1".into())).await.2,
        json!({ "body": null, "key": "k-1" })
    );
    for key in ["a b".to_owned(), String::new(), "x".repeat(256)] {
        problem(with(key), ProblemCode::InvalidIdempotencyKey).await;
    }
    problem(json("/verbs", "{"), ProblemCode::MalformedJson).await;
    assert_eq!(send(json("/verbs", r#"{"name":"a"}"#)).await.2["body"], "a");
}

#[actix_web::test]
async fn a_failure_of_ours_says_nothing_of_the_inside() {
    for path in ["/failure", "/panic"] {
        let body = problem(TestRequest::get().uri(path), ProblemCode::Internal).await;
        assert!(!body.to_string().contains("1234"), "{body}");
    }
    let body = problem(TestRequest::get().uri("/plain"), ProblemCode::Conflict).await;
    assert!(!body.to_string().contains("secret"));
}

#[actix_web::test]
async fn headers_and_meant_bodies_survive() {
    let (_, headers, _) = send(TestRequest::get().uri("/limited")).await;
    assert_eq!(headers.get(header::RETRY_AFTER).unwrap(), "7");
    let (_, headers, _) = send(TestRequest::get().uri("/plain")).await;
    assert_eq!(headers.get("x-kept").unwrap(), "yes");
    let (status, headers, _) = send(TestRequest::get().uri("/page")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        headers.get(header::CONTENT_TYPE).unwrap(),
        "text/html; charset=utf-8"
    );
    let id = "01980000-0000-7000-8000-000000000000";
    let (_, headers, body) = send(TestRequest::get().uri(&format!("/plans/{id}"))).await;
    assert_eq!(headers.get(header::ETAG).unwrap(), "\"3\"");
    assert_eq!(body, id);
}

#[actix_web::test]
async fn readiness_gives_its_reasons() {
    let (status, _, body) = send(TestRequest::get().uri("/readyz")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        body,
        json!({ "ready": false, "checks": { "database": "it is down" } })
    );
    assert_eq!(
        send(TestRequest::get().uri("/livez")).await.0,
        StatusCode::OK
    );
}
