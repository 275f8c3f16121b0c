use actix_web::{http::Method, test::TestRequest};
use chrono::TimeDelta;
use kernel::Role;
use serde_json::json;

use crate::directory::World;

const PATH: &str = "/auth/v1/security/scim-tokens";

#[actix_web::test]
async fn a_token_is_shown_once_and_ends_at_once() {
    let world = World::new().await;
    let cookie = world.site.sign_in(&world.ada).await;
    world.directory.get("/Users").await.expect(200);
    let mut list = world.site.get(PATH, &cookie).await.expect(200).json();
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    assert!(!list.to_string().contains(&world.directory.token[4..]));
    assert!(list["data"][0]["last_used_at"].is_string());
    list["data"][0]["id"] = json!("[id]");
    list["data"][0]["created_by"] = json!("[member]");
    insta::assert_json_snapshot!("scim_tokens", list);
    world
        .site
        .delete(&format!("{PATH}/{id}"), &cookie)
        .await
        .expect(204);
    world.directory.get("/Users").await.expect(401);
    world
        .site
        .delete(&format!("{PATH}/{id}"), &cookie)
        .await
        .expect(404);
    let audited = "SELECT COUNT(*) FROM audit_log WHERE actor_kind = 'member' AND action IN \
                   ('scim.token.create', 'scim.token.revoke')";
    assert_eq!(world.stage.count(audited).await, 2);
}

#[actix_web::test]
async fn a_token_ends_by_itself_when_it_was_told_to() {
    let world = World::new().await;
    let cookie = world.site.sign_in(&world.ada).await;
    let now = world.stage.now();
    for (end, status) in [
        (TimeDelta::zero(), 422),
        (TimeDelta::days(3000), 422),
        (TimeDelta::hours(1), 201),
    ] {
        let body = json!({ "name": "x", "expires_at": now + end });
        let made = world.site.post(PATH, &cookie, &body).await.expect(status);
        if status == 201 {
            let token = made.json()["token"].as_str().unwrap().to_owned();
            let directory = crate::directory::Directory {
                site: world.site.clone(),
                token,
            };
            directory.get("/Users").await.expect(200);
            world.stage.clock.advance(TimeDelta::hours(1));
            directory.get("/Users").await.expect(401);
        }
    }
    for body in [json!({ "name": " " }), json!({})] {
        let cookie = world.site.sign_in(&world.ada).await;
        world.site.post(PATH, &cookie, &body).await.expect(422);
    }
}

#[actix_web::test]
async fn architects_look_after_them_and_nobody_else() {
    let world = World::new().await;
    let bob = world
        .stage
        .member(&world.tenant, "bob", Role::Builder)
        .await;
    let (_, globex, other, _) = world.other().await;
    let list = world
        .site
        .get(PATH, &world.site.sign_in(&world.ada).await)
        .await
        .json();
    let id = list["data"][0]["id"].as_str().unwrap().to_owned();
    let cookie = world.site.sign_in(&bob).await;
    world.site.get(PATH, &cookie).await.expect(403);
    world
        .site
        .post(PATH, &cookie, &json!({ "name": "x" }))
        .await
        .expect(403);
    world
        .site
        .delete(&format!("{PATH}/{id}"), &cookie)
        .await
        .expect(403);
    world.site.get(PATH, "").await.expect(401);
    let theirs = globex.sign_in(&other).await;
    globex
        .delete(&format!("{PATH}/{id}"), &theirs)
        .await
        .expect(404);
    world.directory.get("/Users").await.expect(200);
    let group = world.directory.group("G", &[]).await;
    let path = format!("/auth/v1/security/scim-groups/{group}/role");
    for (site, cookie, status) in [(&world.site, &cookie, 403), (&globex, &theirs, 404)] {
        let request = TestRequest::default().method(Method::PUT).uri(&path);
        let request = request.insert_header(("cookie", cookie.as_str()));
        site.send(request.set_json(json!({ "role": "builder" })))
            .await
            .expect(status);
    }
}

#[actix_web::test]
async fn making_one_needs_a_recent_proof() {
    let world = World::new().await;
    let cookie = world.site.sign_in(&world.ada).await;
    world.stage.clock.advance(TimeDelta::minutes(11));
    let refused = world
        .site
        .post(PATH, &cookie, &json!({ "name": "x" }))
        .await
        .expect(403);
    assert_eq!(refused.json()["code"], "step_up_required");
    world.site.get(PATH, &cookie).await.expect(200);
}
