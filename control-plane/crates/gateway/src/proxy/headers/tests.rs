use actix_web::test::TestRequest;

use super::*;

fn passed(request: TestRequest, upgrade: Option<&str>) -> HeaderMap {
    let identity = HeaderValue::from_static("signed");
    let said = Said {
        identity: &identity,
        request_id: "r-1",
        host: "acme.trellis.localhost:8080",
        proto: "http",
        node: "127.0.0.1:8090",
    };
    let request = request
        .peer_addr("192.0.2.7:4711".parse().unwrap())
        .to_http_request();
    to_node(&request, &said, upgrade)
}

#[test]
fn what_a_client_may_not_say_is_not_passed() {
    let headers = passed(
        TestRequest::get()
            .insert_header(("host", "acme.trellis.localhost:8080"))
            .insert_header(("x-trellis-identity", "forged"))
            .insert_header(("X-Trellis-Tenant", "globex"))
            .insert_header(("cookie", "trellis=secret"))
            .insert_header(("authorization", "Bearer secret"))
            .insert_header(("forwarded", "for=1.2.3.4"))
            .insert_header(("x-forwarded-for", "1.2.3.4"))
            .insert_header(("x-forwarded-port", "1"))
            .insert_header(("x-request-id", "forged id"))
            .insert_header(("accept", "application/json")),
        None,
    );
    assert_eq!(headers["x-trellis-identity"], "signed");
    assert_eq!(headers.get_all("x-trellis-identity").iter().count(), 1);
    assert_eq!(headers["x-forwarded-for"], "192.0.2.7");
    assert_eq!(headers["x-forwarded-host"], "acme.trellis.localhost:8080");
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["x-request-id"], "r-1");
    assert_eq!(headers["host"], "127.0.0.1:8090");
    assert_eq!(headers["accept"], "application/json");
    for name in [
        "x-trellis-tenant",
        "cookie",
        "authorization",
        "forwarded",
        "x-forwarded-port",
    ] {
        assert!(!headers.contains_key(name), "{name}");
    }
}

#[test]
fn what_is_for_the_next_hop_only_is_not_passed() {
    let request = || {
        TestRequest::get()
            .insert_header(("connection", "Keep-Alive, X-Private , upgrade"))
            .insert_header(("keep-alive", "timeout=5"))
            .insert_header(("x-private", "1"))
            .insert_header(("te", "trailers"))
            .insert_header(("upgrade", "websocket"))
            .insert_header(("proxy-authorization", "Basic x"))
            .insert_header(("expect", "100-continue"))
            .insert_header(("sec-websocket-key", "k"))
    };
    let headers = passed(request(), None);
    for name in [
        "connection",
        "keep-alive",
        "x-private",
        "te",
        "upgrade",
        "proxy-authorization",
        "expect",
    ] {
        assert!(!headers.contains_key(name), "{name}");
    }
    let inbound = request().to_http_request();
    assert_eq!(upgrade(inbound.headers()), Some("websocket"));
    let headers = passed(request(), Some("websocket"));
    assert_eq!(headers["connection"], "upgrade");
    assert_eq!(headers["upgrade"], "websocket");
    assert_eq!(headers["sec-websocket-key"], "k");
}

#[test]
fn an_answer_loses_what_is_for_the_next_hop_only() {
    let mut answer = HeaderMap::new();
    for (name, value) in [
        ("connection", "close, X-Hop"),
        ("x-hop", "1"),
        ("transfer-encoding", "chunked"),
        ("x-trellis-node", "n"),
        ("etag", "\"3\""),
        ("set-cookie", "a=b"),
        ("set-cookie", "c=d"),
    ] {
        append(&mut answer, name, value.as_bytes());
    }
    let mut client = Inbound::new();
    to_client(&answer, &mut client);
    assert_eq!(client.len(), 3);
    assert_eq!(client.get_all("set-cookie").count(), 2);
    assert_eq!(client.get("etag").unwrap(), "\"3\"");
}

#[test]
fn the_target_is_in_origin_form() {
    for (uri, expected) in [
        ("/a/b?c=d%20e", "/a/b?c=d%20e"),
        ("http://acme.trellis.localhost/a?b", "/a?b"),
        ("http://acme.trellis.localhost", "/"),
    ] {
        let request = TestRequest::with_uri(uri).to_http_request();
        assert_eq!(target(&request).unwrap().to_string(), expected);
    }
}
