//! Groups of the provider give roles in the tenant, at each sign-in anew.

use kernel::Role;
use serde_json::{Value, json};

use super::scene::{Scene, refused, user};

async fn scene() -> Scene {
    Scene::with(&json!({
        "provisions": true, "group_claim": "groups", "default_role": "user",
        "group_roles": [
            { "group": "leads", "role": "architect" },
            { "group": "planners", "role": "builder" },
            { "group": "partners", "role": "user", "external": true },
        ],
    }))
    .await
}

fn in_groups(subject: &str, email: &str, groups: Value) -> Value {
    let mut user = user(subject, email);
    user["groups"] = groups;
    user
}

#[actix_web::test]
async fn the_role_follows_the_groups_at_each_sign_in() {
    let scene = scene().await;
    let role = async |groups: Value| {
        let (browser, _) = scene
            .sign_in(&in_groups("s-1", "zoe@acme.example", groups))
            .await;
        let session = scene.session(&browser).await.unwrap();
        let member = &session["member"];
        (
            member["role"].as_str().unwrap().to_owned(),
            member["external"].as_bool().unwrap(),
        )
    };
    assert_eq!(
        role(json!(["planners"])).await,
        ("builder".to_owned(), false)
    );
    assert_eq!(
        role(json!(["planners", "leads", "x"])).await,
        ("architect".to_owned(), false)
    );
    assert_eq!(role(json!(["partners"])).await, ("user".to_owned(), true));
    assert_eq!(role(json!("planners")).await, ("builder".to_owned(), false));
    // Who is in none any more loses what they gave.
    assert_eq!(role(json!([])).await, ("user".to_owned(), false));
    assert_eq!(role(json!(["planners"])).await.0, "builder");
    assert_eq!(role(Value::Null).await.0, "user");
    assert_eq!(role(json!({ "leads": true })).await.0, "user");
    assert_eq!(
        role(json!(["LEADS", " leads", "staff", "owner", "operator"]))
            .await
            .0,
        "user"
    );
    let member = scene.stage.count("SELECT COUNT(*) FROM staff").await;
    assert_eq!(member, 0);
    assert!(
        scene
            .count("audit_log WHERE action = 'member.change'")
            .await
            >= 4
    );
}

#[actix_web::test]
async fn sessions_that_exist_go_on_with_the_new_role() {
    let scene = scene().await;
    let (first, _) = scene
        .sign_in(&in_groups("s-1", "zoe@acme.example", json!(["planners"])))
        .await;
    scene
        .sign_in(&in_groups("s-1", "zoe@acme.example", json!([])))
        .await;
    let session = scene.session(&first).await.unwrap();
    assert_eq!(session["member"]["role"], "user");
}

#[actix_web::test]
async fn without_a_group_claim_roles_stay_as_they_are() {
    let scene = Scene::new().await;
    let bob = scene
        .stage
        .member(&scene.tenant, "bob", Role::Builder)
        .await;
    let (browser, _) = scene
        .sign_in(&in_groups("s-1", &bob.email, json!(["leads"])))
        .await;
    let session = scene.session(&browser).await.unwrap();
    assert_eq!(session["member"]["role"], "builder");
}

#[actix_web::test]
async fn a_group_does_not_leave_the_tenant_without_an_architect() {
    let scene = scene().await;
    let (browser, _) = scene
        .sign_in(&in_groups("s-1", &scene.ada.email, json!(["planners"])))
        .await;
    let session = scene.session(&browser).await.unwrap();
    assert_eq!(session["member"]["role"], "architect");
    assert_eq!(
        scene
            .count("audit_log WHERE action = 'sso.standing.keep'")
            .await,
        1
    );
    let (browser, _) = scene
        .sign_in(&in_groups("s-2", "zoe@acme.example", json!(["leads"])))
        .await;
    assert!(scene.session(&browser).await.is_some());
    // With another one there, it does as it says.
    let (browser, _) = scene
        .sign_in(&in_groups("s-1", &scene.ada.email, json!(["planners"])))
        .await;
    let session = scene.session(&browser).await.unwrap();
    assert_eq!(session["member"]["role"], "builder");
}

#[actix_web::test]
async fn who_manages_something_does_not_become_external_by_a_group() {
    let scene = scene().await;
    let bob = scene.stage.member(&scene.tenant, "bob", Role::User).await;
    let root = scene
        .tenant
        .rows(
            "SELECT id FROM folders WHERE parent_id IS NULL AND owner_id IS NULL",
            [],
        )
        .await;
    let root: uuid::Uuid = root[0].try_get_by_index(0).unwrap();
    let sql = "INSERT INTO grants (id, object_id, object, member_id, level, created_at) \
               VALUES (?, ?, 'folder', ?, 3, NOW(6))";
    let id = uuid::Uuid::now_v7();
    scene
        .tenant
        .execute(sql, [id.into(), root.into(), bob.id.as_uuid().into()])
        .await;
    let (_, answer) = scene
        .sign_in(&in_groups("s-1", &bob.email, json!(["partners"])))
        .await;
    refused(&answer, "failed");
    assert!(
        !scene
            .stage
            .membership(&scene.tenant, bob.id)
            .await
            .standing
            .external
    );
    assert_eq!(scene.count("sso_identities").await, 0);
}
