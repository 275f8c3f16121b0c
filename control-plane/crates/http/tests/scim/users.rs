use actix_web::http::Method;
use cp_domain::MemberState;
use kernel::Role;
use serde_json::{Value, json};

use crate::{
    directory::{USER, World, id_of, verify},
    support::TestMember,
};

const MORE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[actix_web::test]
async fn a_directory_makes_a_member_whom_the_tenant_knows_at_once() {
    let world = World::new().await;
    let body = json!({
        "schemas": [USER, MORE], "userName": "ivy@acme.example", "externalId": "00u1",
        "name": { "givenName": "Ivy", "familyName": "Ng" }, "active": true, "password": "hunter2",
        "emails": [{ "value": "Ivy@Acme.example", "type": "work", "primary": true }],
        MORE: { "department": "Plans" },
    });
    let answer = world.directory.post("/Users", &body).await.expect(201);
    let id = id_of(&answer);
    let path = format!("http://acme.trellis.localhost:8080/scim/v2/Users/{id}");
    assert_eq!(answer.header("location"), Some(path.as_str()));
    assert_eq!(answer.header("content-type"), Some("application/scim+json"));
    assert_eq!(answer.header("etag"), Some("W/\"1-1\""));
    let mut made = answer.json();
    made["id"] = json!("[id]");
    made["meta"]["location"] = json!("[location]");
    insta::assert_json_snapshot!("created_user", made);
    let projected = world.tenant.projected(id).await.unwrap();
    assert_eq!(
        projected,
        ("user".to_owned(), false, "active".to_owned(), 1)
    );
    let names = "SELECT name FROM members WHERE id = ?";
    let seen = world.tenant.rows(names, [id.as_uuid().into()]).await;
    assert_eq!(seen[0].try_get_by_index::<String>(0).unwrap(), "Ivy Ng");
    let person = world.stage.person("ivy@acme.example").await;
    assert_eq!(
        (person.name.as_str(), person.password_hash),
        ("Ivy Ng", None)
    );
    // Nothing that looks like a secret is kept, and nobody was written to.
    let kept = "SELECT COUNT(*) FROM scim_users WHERE attributes LIKE '%hunter2%'";
    assert_eq!(world.stage.count(kept).await, 0);
    assert_eq!(
        world.stage.count("SELECT COUNT(*) FROM mail_outbox").await,
        0
    );
    let audited = "SELECT COUNT(*) FROM audit_log a JOIN scim_tokens t ON t.id = a.actor_id \
                   WHERE a.action = 'scim.user.create' AND a.actor_kind = 'directory'";
    assert_eq!(world.stage.count(audited).await, 1);
    let found = world
        .directory
        .get(&format!("/Users/{id}"))
        .await
        .expect(200);
    assert_eq!(found.json()["userName"], "ivy@acme.example");
}

#[actix_web::test]
async fn only_people_of_verified_domains_are_taken() {
    let world = World::new().await;
    let body = |name: &str| json!({ "schemas": [USER], "userName": name });
    for name in ["eve@globex.example", "eve@sub.acme.example", "eve"] {
        let refused = world
            .directory
            .post("/Users", &body(name))
            .await
            .expect(400);
        assert_eq!(refused.json()["scimType"], "invalidValue", "{name}");
    }
    let address = json!({
        "schemas": [USER], "userName": "eve@acme.example",
        "emails": [{ "value": "eve@globex.example", "primary": true }],
    });
    world.directory.post("/Users", &address).await.expect(400);
    let people = "SELECT COUNT(*) FROM people WHERE email LIKE 'eve%'";
    assert_eq!(world.stage.count(people).await, 0);
    // Another tenant's domain is not one's own, and a claim is no proof.
    let (globex, ..) = world.other().await;
    world
        .directory
        .post("/Users", &body("eve@globex.example"))
        .await
        .expect(400);
    let claim = "UPDATE verified_domains SET verified_at = NULL WHERE tenant_id = ?";
    let of = world.tenant.host.tenant_id.as_uuid();
    world.stage.execute(claim, [of.into()]).await;
    world
        .directory
        .post("/Users", &body("eve@acme.example"))
        .await
        .expect(400);
    verify(&world.stage, &globex, "second.example").await;
    world
        .directory
        .post("/Users", &body("eve@second.example"))
        .await
        .expect(400);
}

#[actix_web::test]
async fn a_person_who_is_known_elsewhere_stays_as_they_are() {
    let world = World::new().await;
    let (globex, other, ..) = world.other().await;
    verify(&world.stage, &world.tenant, "people.example").await;
    let member = world
        .stage
        .enrol(&globex, "gil@people.example", "Gil", Role::User, false)
        .await;
    let hash = world.stage.hash(crate::support::PASSWORD).await;
    let before = world.stage.person("gil@people.example").await;
    let sql = "UPDATE people SET password_hash = ? WHERE id = ?";
    let values = [hash.into(), before.id.as_uuid().into()];
    world.stage.execute(sql, values).await;
    let sql = "UPDATE memberships SET state = 'active' WHERE member_id = ?";
    world.stage.execute(sql, [member.as_uuid().into()]).await;
    let before = world.stage.person("gil@people.example").await;

    let id = world
        .directory
        .user("gil@people.example", "Gilbert of Acme")
        .await;
    let path = format!("/Users/{id}");
    let renamed = json!([
        { "op": "replace", "path": "displayName", "value": "G. of Acme" },
        { "op": "replace", "path": "userName", "value": "gilbert@people.example" },
        { "op": "add", "path": "emails", "value": [{ "value": "new@people.example", "primary": true }] },
    ]);
    world.directory.patch(&path, renamed).await.expect(200);
    assert_eq!(world.stage.person("gil@people.example").await, before);
    // The name that the directory gives holds in its own tenant.
    let name = |rows: Vec<sea_orm::QueryResult>| rows[0].try_get_by_index::<String>(0).unwrap();
    let sql = "SELECT name FROM members WHERE id = ?";
    assert_eq!(
        name(world.tenant.rows(sql, [id.as_uuid().into()]).await),
        "G. of Acme"
    );
    world.directory.set_active(id, false).await.expect(200);
    let gil = TestMember {
        id: member,
        email: "gil@people.example".to_owned(),
    };
    other.sign_in(&gil).await;
    assert_eq!(
        world.stage.membership(&globex, member).await.state,
        MemberState::Active
    );
}

#[actix_web::test]
async fn what_is_not_active_is_out_at_once() {
    let world = World::new().await;
    let bob = world
        .stage
        .member(&world.tenant, "bob", Role::Builder)
        .await;
    let cookie = world.site.sign_in(&bob).await;
    let soon = world.stage.now() + chrono::TimeDelta::days(3);
    let body = json!({ "name": "x", "scopes": ["work_items:read"], "expires_at": soon });
    let token = world
        .site
        .post("/auth/v1/tokens", &cookie, &body)
        .await
        .expect(201);
    let token = token.json()["token"].as_str().unwrap().to_owned();
    world
        .site
        .post("/auth/v1/client-secrets", &cookie, &body)
        .await
        .expect(201);
    assert!(world.site.is_in(&cookie).await);
    assert_eq!(
        world
            .site
            .get_with_token("/auth/v1/session", &token)
            .await
            .status,
        200
    );

    let answer = world.directory.set_active(bob.id, false).await.expect(200);
    assert_eq!(answer.json()["active"], false);
    assert!(!world.site.is_in(&cookie).await);
    assert_eq!(
        world
            .site
            .get_with_token("/auth/v1/session", &token)
            .await
            .status,
        401
    );
    let second = world.stage.second_process().await;
    let there = crate::support::Site::of(&second, &world.tenant).await;
    assert!(!there.is_in(&cookie).await);
    let open = "SELECT COUNT(*) FROM client_secrets WHERE revoked_at IS NULL";
    assert_eq!(world.stage.count(open).await, 0);
    let (_, _, state, _) = world.tenant.projected(bob.id).await.unwrap();
    assert_eq!(state, "archived");
    world
        .site
        .try_sign_in(&bob.email, crate::support::PASSWORD)
        .await
        .expect(401);

    let back = world.directory.set_active(bob.id, true).await.expect(200);
    assert_eq!(back.json()["active"], true);
    assert!(!world.site.is_in(&cookie).await);
    assert_eq!(
        world
            .site
            .get_with_token("/auth/v1/session", &token)
            .await
            .status,
        401
    );
    world.site.sign_in(&bob).await;
    let membership = world.stage.membership(&world.tenant, bob.id).await;
    assert_eq!(membership.standing.role, Role::Builder);
    let actions = "SELECT COUNT(*) FROM audit_log WHERE actor_kind = 'directory' AND action IN \
                   ('scim.user.activate', 'scim.user.deactivate')";
    assert_eq!(world.stage.count(actions).await, 2);
}

#[actix_web::test]
async fn the_last_architect_stays() {
    let world = World::new().await;
    let path = format!("/Users/{}", world.ada.id);
    let refused = world
        .directory
        .set_active(world.ada.id, false)
        .await
        .expect(400);
    assert_eq!(refused.json()["scimType"], "mutability");
    let refused = world.directory.delete(&path).await.expect(400);
    assert_eq!(refused.json()["scimType"], "mutability");
    let body = json!({ "schemas": [USER], "userName": "ada@acme.example", "active": false });
    world.directory.put(&path, &body).await.expect(400);
    let cookie = world.site.sign_in(&world.ada).await;
    assert!(world.site.is_in(&cookie).await);
    let eve = world
        .stage
        .member(&world.tenant, "eve", Role::Architect)
        .await;
    let (first, second) = futures_util::future::join(
        world.directory.set_active(world.ada.id, false),
        world.directory.set_active(eve.id, false),
    )
    .await;
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

#[actix_web::test]
async fn a_deleted_user_is_not_there_and_comes_back_as_a_user() {
    let world = World::new().await;
    let bob = world
        .stage
        .member(&world.tenant, "bob", Role::Architect)
        .await;
    let cookie = world.site.sign_in(&bob).await;
    let group = world.directory.group("Plans", &[bob.id]).await;
    let path = format!("/Users/{}", bob.id);
    world.directory.delete(&path).await.expect(204);
    assert!(!world.site.is_in(&cookie).await);
    for answer in [
        world.directory.get(&path).await,
        world.directory.delete(&path).await,
        world.directory.set_active(bob.id, true).await,
    ] {
        answer.expect(404);
    }
    let list = world
        .directory
        .get("/Users?filter=userName%20eq%20%22bob@acme.example%22")
        .await;
    assert_eq!(list.expect(200).json()["totalResults"], 0);
    let left = world
        .directory
        .get(&format!("/Groups/{group}"))
        .await
        .expect(200)
        .json();
    assert_eq!(left.get("members"), None);
    let again = world.directory.user("bob@acme.example", "Bob").await;
    assert_eq!(again, bob.id);
    let membership = world.stage.membership(&world.tenant, bob.id).await;
    assert_eq!(
        (membership.standing.role, membership.state),
        (Role::User, MemberState::Active)
    );
    assert!(!world.site.is_in(&cookie).await);
}

#[actix_web::test]
async fn nobody_is_two_users() {
    let world = World::new().await;
    world.directory.user("bob@acme.example", "Bob").await;
    for body in [
        json!({ "schemas": [USER], "userName": "BOB@acme.example" }),
        json!({ "schemas": [USER], "userName": "other", "emails": [{ "value": "bob@acme.example" }] }),
        json!({ "schemas": [USER], "userName": "ada@acme.example" }),
        json!({ "schemas": [USER], "userName": "bob@acme.example", "emails": [{ "value": "new@acme.example" }] }),
        json!({ "schemas": [USER], "userName": "ada@acme.example", "emails": [{ "value": "new@acme.example" }] }),
    ] {
        let refused = world.directory.post("/Users", &body).await.expect(409);
        assert_eq!(refused.json()["scimType"], "uniqueness", "{body}");
    }
    assert_eq!(
        world
            .stage
            .count("SELECT COUNT(*) FROM people WHERE email LIKE 'new%'")
            .await,
        0
    );
    let cyd = world.directory.user("cyd@acme.example", "Cyd").await;
    let path = format!("/Users/{cyd}");
    for name in ["bob@acme.example", "ada@acme.example"] {
        let named = json!([{ "op": "replace", "path": "userName", "value": name }]);
        world.directory.patch(&path, named).await.expect(409);
    }
    let same = futures_util::future::join_all((0..6).map(|_| async {
        let body = json!({ "schemas": [USER], "userName": "dan@acme.example" });
        world.directory.post("/Users", &body).await.status.as_u16()
    }));
    let mut statuses = same.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

#[actix_web::test]
async fn who_is_invited_comes_in_when_the_directory_vouches_for_them() {
    let world = World::new().await;
    let cookie = world.site.sign_in(&world.ada).await;
    let invite = async |email: &str| {
        let body = json!({ "name": "Ivy", "email": email, "role": "builder" });
        id_of(
            &world
                .site
                .post("/api/v1/members", &cookie, &body)
                .await
                .expect(201),
        )
    };
    let (own, foreign) = (
        invite("ivy@acme.example").await,
        invite("ivy@else.example").await,
    );
    for id in [own, foreign] {
        let seen = world
            .directory
            .get(&format!("/Users/{id}"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&seen["active"], &seen["displayName"]),
            (&json!(true), &json!("Ivy"))
        );
        world.directory.set_active(id, true).await.expect(200);
    }
    let state = async |id| world.stage.membership(&world.tenant, id).await.state;
    assert_eq!(state(own).await, MemberState::Active);
    assert_eq!(state(foreign).await, MemberState::Invited);
    world.directory.set_active(foreign, false).await.expect(200);
    assert_eq!(state(foreign).await, MemberState::Archived);
    let open = "SELECT COUNT(*) FROM invitations i JOIN memberships m USING (member_id) WHERE \
                i.revoked_at IS NULL AND i.accepted_at IS NULL AND m.state = 'archived'";
    assert_eq!(world.stage.count(open).await, 0);
    world.directory.set_active(foreign, true).await.expect(400);
    assert_eq!(state(foreign).await, MemberState::Archived);
}

#[actix_web::test]
async fn versions_guard_changes() {
    let world = World::new().await;
    let id = world.directory.user("bob@acme.example", "Bob").await;
    let path = format!("/Users/{id}");
    let tag = world
        .directory
        .get(&path)
        .await
        .header("etag")
        .unwrap()
        .to_owned();
    let title = |title: &str| {
        let operation = json!({ "op": "replace", "path": "title", "value": title });
        json!({ "schemas": [crate::directory::PATCH], "Operations": [operation] })
    };
    let same = world
        .directory
        .send_if(Method::GET, &path, ("if-none-match", &tag), None)
        .await;
    assert_eq!((same.status.as_u16(), same.text.as_str()), (304, ""));
    let patch = async |tag: &str, body: &Value| {
        world
            .directory
            .send_if(Method::PATCH, &path, ("if-match", tag), Some(body))
            .await
    };
    let changed = patch(&tag, &title("Dr.")).await.expect(200);
    let newer = changed.header("etag").unwrap().to_owned();
    assert_ne!(newer, tag);
    patch(&tag, &title("Prof.")).await.expect(412);
    let nothing = patch(&newer, &title("Dr.")).await.expect(200);
    assert_eq!(nothing.header("etag"), Some(newer.as_str()));
    let gone = world
        .directory
        .send_if(Method::DELETE, &path, ("if-match", &tag), None)
        .await;
    gone.expect(412);
    patch("*", &title("Prof.")).await.expect(200);
}

#[actix_web::test]
async fn what_okta_and_entra_send_is_done() {
    let world = World::new().await;
    let id = world.directory.user("bob@acme.example", "Bob").await;
    let path = format!("/Users/{id}");
    let mut whole = world.directory.get(&path).await.expect(200).json();
    whole["name"] = json!({ "givenName": "Robert", "familyName": "B" });
    whole["displayName"] = json!("Robert B");
    whole["password"] = json!("x");
    let replaced = world.directory.put(&path, &whole).await.expect(200).json();
    assert_eq!(
        (&replaced["displayName"], &replaced["active"]),
        (&json!("Robert B"), &json!(true))
    );
    let entra = json!([
        { "op": "Add", "path": "emails[type eq \"work\"].value", "value": "bob@acme.example" },
        { "op": "Add", "path": format!("{MORE}:manager"), "value": world.ada.id },
        { "op": "Replace", "path": "active", "value": "False" },
    ]);
    let patched = world.directory.patch(&path, entra).await.expect(200).json();
    assert_eq!(
        patched["emails"][0],
        json!({ "type": "work", "value": "bob@acme.example" })
    );
    assert_eq!(patched[MORE]["manager"]["value"], json!(world.ada.id));
    assert_eq!(patched["active"], json!(false));
    // A PUT that does not say it changes nothing about it.
    let body = json!({ "schemas": [USER], "userName": "bob@acme.example", "title": "Dr." });
    let put = world.directory.put(&path, &body).await.expect(200).json();
    assert_eq!((&put["active"], put.get("emails")), (&json!(false), None));
    let asked = world
        .directory
        .get(&format!("{path}?attributes=title,groups"))
        .await
        .json();
    let names: Vec<&String> = asked.as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "schemas", "title"]);
}
