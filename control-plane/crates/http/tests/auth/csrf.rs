use actix_web::{
    http::header::{COOKIE, ORIGIN},
    test::TestRequest,
};
use serde_json::json;

use crate::support::{PASSWORD, one_tenant};

const OWN: &str = "http://acme.trellis.localhost:8080";
const NEIGHBOUR: &str = "http://globex.trellis.localhost:8080";

#[actix_web::test]
async fn another_origin_may_not_use_the_cookie() {
    let (_stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let out = |header: (&'static str, &'static str)| {
        let request = TestRequest::post()
            .uri("/auth/v1/sign-out")
            .insert_header(header);
        site.send(request.insert_header((COOKIE, cookie.as_str())))
    };
    let refused = out(("origin", NEIGHBOUR)).await.expect(403);
    insta::assert_json_snapshot!("cross_site_refused", refused.json());
    out(("origin", "null")).await.expect(403);
    out(("sec-fetch-site", "same-site")).await.expect(403);
    out(("sec-fetch-site", "cross-site")).await.expect(403);
    assert!(site.is_in(&cookie).await);
    // Reading from anywhere is harmless: the answer stays with the browser.
    let read = TestRequest::get()
        .uri("/auth/v1/session")
        .insert_header((ORIGIN, NEIGHBOUR));
    site.send(read.insert_header((COOKIE, cookie.as_str())))
        .await
        .expect(200);
    out(("origin", OWN)).await.expect(204);
    assert!(!site.is_in(&cookie).await);
}

#[actix_web::test]
async fn what_comes_without_a_cookie_is_exempt() {
    let (_stage, _, site, ada) = one_tenant().await;
    let body = json!({ "email": ada.email, "password": PASSWORD });
    let request = TestRequest::post()
        .uri("/auth/v1/sign-in")
        .insert_header((ORIGIN, NEIGHBOUR));
    site.send(request.set_json(body)).await.expect(200);
}
