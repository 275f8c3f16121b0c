use kernel::{MemberId, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::directory::{GROUP, World};

impl World {
    /// Says what a group's members are; answers the status.
    pub async fn map(&self, group: &str, mapping: Value) -> u16 {
        let cookie = self.site.sign_in(&self.ada).await;
        let path = format!("/auth/v1/security/scim-groups/{group}/role");
        let request = actix_web::test::TestRequest::put().uri(&path);
        let request = request.insert_header(("cookie", cookie)).set_json(mapping);
        self.site.send(request).await.status.as_u16()
    }

    async fn role(&self, id: MemberId) -> (Role, bool) {
        let standing = self.stage.membership(&self.tenant, id).await.standing;
        (standing.role, standing.external)
    }
}

#[actix_web::test]
async fn a_mapped_group_gives_its_role_and_takes_it() {
    let world = World::new().await;
    let bob = world.stage.member(&world.tenant, "bob", Role::User).await;
    let cyd = world.directory.user("cyd@acme.example", "Cyd").await;
    let builders = world.directory.group("Builders", &[bob.id]).await;
    assert_eq!(world.role(bob.id).await, (Role::User, false));
    assert_eq!(
        world.map(&builders, json!({ "role": "builder" })).await,
        200
    );
    assert_eq!(world.role(bob.id).await, (Role::Builder, false));
    let cookie = world.site.sign_in(&bob).await;
    let path = format!("/Groups/{builders}");
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": cyd }] }]);
    world.directory.patch(&path, add).await.expect(200);
    assert_eq!(world.role(cyd).await, (Role::Builder, false));
    let (role, _, _, version) = world.tenant.projected(cyd).await.unwrap();
    assert_eq!((role.as_str(), version), ("builder", 2));
    let user = world.directory.get(&format!("/Users/{cyd}")).await.json();
    assert_eq!(user["groups"][0]["display"], "Builders");
    // It holds at once for who is signed in.
    let out = json!([{ "op": "Remove", "path": "members", "value": [{ "value": bob.id }] }]);
    world.directory.patch(&path, out).await.expect(200);
    assert_eq!(world.role(bob.id).await, (Role::User, false));
    let session = world
        .site
        .get("/auth/v1/session", &cookie)
        .await
        .expect(200)
        .json();
    assert_eq!(session["member"]["role"], "user");
    let marked = "SELECT COUNT(*) FROM sessions WHERE rotate_due";
    assert_eq!(world.stage.count(marked).await, 1);
    world.directory.delete(&path).await.expect(204);
    assert_eq!(world.role(cyd).await, (Role::User, false));
    world.directory.get(&path).await.expect(404);
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action = 'scim.group.roles'";
    assert_eq!(world.stage.count(audited).await, 3);
}

#[actix_web::test]
async fn the_most_of_several_groups_counts() {
    let world = World::new().await;
    let bob = world.directory.user("bob@acme.example", "Bob").await;
    let partners = world.directory.group("Partners", &[bob]).await;
    let builders = world.directory.group("Builders", &[bob]).await;
    assert_eq!(
        world
            .map(&partners, json!({ "role": "user", "external": true }))
            .await,
        200
    );
    assert_eq!(world.role(bob).await, (Role::User, true));
    assert_eq!(
        world.map(&builders, json!({ "role": "builder" })).await,
        200
    );
    assert_eq!(world.role(bob).await, (Role::Builder, false));
    assert_eq!(world.map(&builders, json!({ "role": null })).await, 200);
    assert_eq!(world.role(bob).await, (Role::User, true));
    let odd = json!({ "role": "architect", "external": true });
    assert_eq!(world.map(&partners, odd).await, 422);
}

#[actix_web::test]
async fn groups_leave_an_architect() {
    let world = World::new().await;
    let group = world.directory.group("Architects", &[world.ada.id]).await;
    assert_eq!(world.map(&group, json!({ "role": "user" })).await, 422);
    assert_eq!(world.map(&group, json!({ "role": "architect" })).await, 200);
    let path = format!("/Groups/{group}");
    for answer in [
        world.directory.delete(&path).await,
        world
            .directory
            .patch(&path, json!([{ "op": "remove", "path": "members" }]))
            .await,
    ] {
        assert_eq!(answer.expect(400).json()["scimType"], "mutability");
    }
    assert_eq!(world.role(world.ada.id).await, (Role::Architect, false));
    let bob = world.directory.user("bob@acme.example", "Bob").await;
    let swap = json!([{ "op": "replace", "path": "members", "value": [{ "value": bob }] }]);
    world.directory.patch(&path, swap).await.expect(200);
    assert_eq!(world.role(world.ada.id).await, (Role::User, false));
    assert_eq!(world.role(bob).await, (Role::Architect, false));
}

#[actix_web::test]
async fn nobody_becomes_external_who_manages() {
    let world = World::new().await;
    let bob = world
        .stage
        .member(&world.tenant, "bob", Role::Builder)
        .await;
    let root = "SELECT id FROM folders WHERE parent_id IS NULL AND owner_id IS NULL";
    let root = world.tenant.rows(root, []).await;
    let root: Uuid = root[0].try_get_by_index(0).unwrap();
    let grant = "INSERT INTO grants (id, object_id, object, member_id, level, created_at) \
                 VALUES (?, ?, 'folder', ?, 3, NOW(6))";
    let (id, member) = (Uuid::now_v7(), bob.id.as_uuid());
    world
        .tenant
        .execute(grant, [id.into(), root.into(), member.into()])
        .await;
    let group = world.directory.group("Partners", &[bob.id]).await;
    let external = json!({ "role": "user", "external": true });
    assert_eq!(world.map(&group, external.clone()).await, 422);
    assert_eq!(world.role(bob.id).await, (Role::Builder, false));
    world
        .tenant
        .execute("DELETE FROM grants WHERE id = ?", [id.into()])
        .await;
    assert_eq!(world.map(&group, external).await, 200);
    assert_eq!(world.role(bob.id).await, (Role::User, true));
}

#[actix_web::test]
async fn groups_have_members_of_their_own_tenant() {
    let world = World::new().await;
    let (_, _, other, foreign) = world.other().await;
    let body =
        |members: Value| json!({ "schemas": [GROUP], "displayName": "G", "members": members });
    for members in [
        json!([{ "value": other.id }]),
        json!([{ "value": "nonsense" }]),
        json!([{ "value": world.ada.id, "type": "Group" }]),
    ] {
        let refused = world
            .directory
            .post("/Groups", &body(members))
            .await
            .expect(400);
        assert_eq!(refused.json()["scimType"], "invalidValue");
    }
    assert_eq!(
        world.stage.count("SELECT COUNT(*) FROM scim_groups").await,
        0
    );
    let group = world.directory.group("Plans", &[world.ada.id]).await;
    let path = format!("/Groups/{group}");
    foreign.get(&path).await.expect(404);
    foreign.delete(&path).await.expect(404);
    assert_eq!(
        foreign.get("/Groups").await.expect(200).json()["totalResults"],
        0
    );
    let twice = json!({ "schemas": [GROUP], "displayName": "PLANS" });
    let twice = world.directory.post("/Groups", &twice).await.expect(409);
    assert_eq!(twice.json()["scimType"], "uniqueness");
    foreign.group("Plans", &[]).await;
}

#[actix_web::test]
async fn members_stay_when_nothing_is_said_of_them() {
    let world = World::new().await;
    let group = world.directory.group("Plans", &[world.ada.id]).await;
    let path = format!("/Groups/{group}");
    let named = json!({ "schemas": [GROUP], "displayName": "New" });
    let put = world.directory.put(&path, &named).await.expect(200).json();
    assert_eq!(put["members"][0]["value"], json!(world.ada.id));
    let renamed = json!([{ "op": "replace", "value": { "id": group, "displayName": "Newer" } }]);
    world.directory.patch(&path, renamed).await.expect(200);
    let bare = world
        .directory
        .get(&format!("{path}?excludedAttributes=members"))
        .await
        .json();
    assert_eq!(
        (bare["displayName"].as_str(), bare.get("members")),
        (Some("Newer"), None)
    );
    let empty = json!({ "schemas": [GROUP], "displayName": "New", "members": [] });
    let put = world.directory.put(&path, &empty).await.expect(200).json();
    assert_eq!(put.get("members"), None);
    let again = world.directory.put(&path, &empty).await.expect(200);
    assert_eq!(again.json()["meta"]["version"], put["meta"]["version"]);
}
