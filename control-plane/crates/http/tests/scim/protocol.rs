use actix_web::{
    http::{Method, header::AUTHORIZATION},
    test::TestRequest,
};
use serde_json::json;

use crate::directory::{Directory, USER, World};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

#[actix_web::test]
async fn a_token_is_good_in_its_own_tenant_only() {
    let world = World::new().await;
    let (_, globex, other, foreign) = world.other().await;
    let stolen = Directory {
        site: globex.clone(),
        token: world.directory.token.clone(),
    };
    for path in ["/Users", "/Groups", "/ServiceProviderConfig"] {
        let refused = stolen.get(path).await.expect(401);
        assert_eq!(refused.json()["schemas"][0], ERROR);
        assert!(refused.header("www-authenticate").is_some());
    }
    let body = json!({ "schemas": [USER], "userName": "eve@globex.example" });
    stolen.post("/Users", &body).await.expect(401);
    stolen.set_active(other.id, false).await.expect(401);
    // One's own token does not reach another tenant's people either.
    world
        .directory
        .get(&format!("/Users/{}", other.id))
        .await
        .expect(404);
    world
        .directory
        .set_active(other.id, false)
        .await
        .expect(404);
    world
        .directory
        .delete(&format!("/Users/{}", other.id))
        .await
        .expect(404);
    foreign
        .get(&format!("/Users/{}", other.id))
        .await
        .expect(200);
}

#[actix_web::test]
async fn nothing_else_is_a_token() {
    let world = World::new().await;
    let token = world.directory.token.clone();
    let cookie = world.site.sign_in(&world.ada).await;
    let soon = world.stage.now() + chrono::TimeDelta::days(3);
    let body = json!({ "name": "x", "scopes": ["admin"], "expires_at": soon });
    let personal = world
        .site
        .post("/auth/v1/tokens", &cookie, &body)
        .await
        .json();
    let personal = personal["token"].as_str().unwrap().to_owned();
    let swapped = token.replacen("trs_", "trl_", 1);
    for wrong in [
        &token[..52],
        &token[4..],
        &swapped,
        &personal,
        "",
        &format!("{token}0"),
    ] {
        let wrong = Directory {
            site: world.site.clone(),
            token: wrong.to_owned(),
        };
        wrong.get("/Users").await.expect(401);
    }
    world.site.get("/scim/v2/Users", &cookie).await.expect(401);
    let basic = TestRequest::get().uri("/scim/v2/Users");
    let basic = basic.insert_header((AUTHORIZATION, format!("Basic {token}")));
    world.site.send(basic).await.expect(401);
    // And a directory's token opens nothing else.
    world
        .site
        .get_with_token("/auth/v1/session", &token)
        .await
        .expect(401);
    world
        .site
        .get_with_token("/auth/v1/session", &swapped)
        .await
        .expect(401);
}

#[actix_web::test]
async fn every_answer_is_in_the_standards_words() {
    let world = World::new().await;
    let put = |path: &'static str| (Method::PUT, path);
    for ((method, path), status) in [
        ((Method::GET, "/nothing"), 404),
        ((Method::GET, "/Users/nobody"), 404),
        ((Method::GET, "/Schemas/nothing"), 404),
        ((Method::GET, "/ResourceTypes/nothing"), 404),
        (put("/Users"), 405),
        (put("/Schemas"), 405),
        ((Method::DELETE, "/ServiceProviderConfig"), 405),
        ((Method::GET, "/Me"), 501),
        ((Method::POST, "/Bulk"), 501),
        ((Method::POST, "/.search"), 501),
        ((Method::GET, "/Users?filter=nothing%20pr"), 400),
        ((Method::GET, "/Users?filter=meta.version%20pr"), 400),
        ((Method::GET, "/Users?count=many"), 400),
    ] {
        let answer = world.directory.send(method.clone(), path, None).await;
        let answer = answer.expect(status);
        let body = answer.json();
        assert_eq!(body["schemas"], json!([ERROR]), "{method} {path}");
        assert_eq!(body["status"], json!(status.to_string()));
        assert_eq!(answer.header("content-type"), Some("application/scim+json"));
    }
    let post = TestRequest::post()
        .uri("/scim/v2/Users")
        .insert_header((AUTHORIZATION, format!("Bearer {}", world.directory.token)));
    let plain = world
        .site
        .send(post.set_payload("userName=x"))
        .await
        .expect(415);
    assert_eq!(plain.json()["schemas"], json!([ERROR]));
    let broken = world.directory.send_if(
        Method::POST,
        "/Users",
        ("content-type", "application/scim+json"),
        None,
    );
    assert_eq!(broken.await.expect(400).json()["scimType"], "invalidSyntax");
    let large = json!({ "schemas": [USER], "userName": "x".repeat(2_000_000) });
    let large = world.directory.post("/Users", &large).await.expect(413);
    assert_eq!(large.json()["schemas"], json!([ERROR]));
}

#[actix_web::test]
async fn the_server_says_what_it_is() {
    let world = World::new().await;
    let config = world
        .directory
        .get("/ServiceProviderConfig")
        .await
        .expect(200);
    insta::assert_json_snapshot!("service_provider_config", config.json());
    let types = world.directory.get("/ResourceTypes").await.expect(200);
    insta::assert_json_snapshot!("resource_types", types.json());
    let schemas = world.directory.get("/Schemas").await.expect(200).json();
    assert_eq!(schemas["totalResults"], 6);
    let user = world
        .directory
        .get(&format!("/Schemas/{USER}"))
        .await
        .expect(200);
    insta::assert_json_snapshot!("user_schema", user.json());
    assert!(!schemas.to_string().to_lowercase().contains("\"password\""));
}
