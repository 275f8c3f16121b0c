//! Members and groups.

use kernel::{GroupId, IfMatch};
use tr_app::grants::{Level, PutGrant, Subject, put_grant};
use tr_app::groups::{self, CreateGroup, GroupError, PatchGroup};
use tr_app::members::{MemberFilter, get_member, list_members};
use tr_app::{Denied, PageRequest};
use tr_domain::access::ExternalRule;

use crate::world::*;

async fn names(world: &World, who: Who) -> Vec<String> {
    let page = list_members(&world.ctx(who), &world.db, MemberFilter::default())
        .await
        .unwrap();
    page.data.into_iter().map(|m| m.name).collect()
}

async fn group(world: &World, name: &str) -> GroupId {
    let command = CreateGroup { name: name.into() };
    let ctx = world.ctx(Who::Architect);
    done(
        groups::create_group(&ctx, &world.db, command, None)
            .await
            .unwrap(),
    )
    .id
}

#[tokio::test]
async fn members_know_everyone_and_guests_those_who_share_with_them() {
    let world = World::new().await;
    assert_eq!(names(&world, Who::User).await.len(), Who::ALL.len());
    assert_eq!(names(&world, Who::Guest).await, ["Guest"]);
    assert!(
        get_member(&world.ctx(Who::Guest), &world.db, Who::User.id())
            .await
            .is_err()
    );
    let grid = world.grid("Shared").await.as_uuid();
    let share = PutGrant {
        object_id: grid,
        subject: Subject::Member(Who::Guest.id()),
        level: Level::View,
    };
    put_grant(&world.ctx(Who::Architect), &world.db, share, None)
        .await
        .unwrap();
    let known = ["Architect", "Builder", "Colleague", "Guest", "User"];
    assert_eq!(names(&world, Who::Guest).await, known);
    let filter = MemberFilter {
        q: Some("GUEST@".into()),
        ..Default::default()
    };
    let found = list_members(&world.ctx(Who::User), &world.db, filter)
        .await
        .unwrap();
    assert_eq!(found.data.len(), 1);
}

#[tokio::test]
async fn system_groups_are_read_only_and_unseen_by_guests() {
    let world = World::new().await;
    let users = GroupId::from_uuid(system_group("users"));
    let ctx = world.ctx(Who::Architect);
    let patch = PatchGroup {
        id: users,
        if_match: IfMatch::Any,
        name: Some("x".into()),
    };
    assert!(matches!(
        groups::patch_group(&ctx, &world.db, patch).await,
        Err(GroupError::System)
    ));
    let add = groups::add_group_member(&ctx, &world.db, users, Who::Guest.id()).await;
    assert!(matches!(add, Err(GroupError::System)));
    let page = PageRequest::default;
    let members = groups::list_group_members(&ctx, &world.db, users, page())
        .await
        .unwrap();
    let members: Vec<_> = members.data.into_iter().map(|m| m.name).collect();
    assert_eq!(
        members,
        ["Colleague", "User"],
        "guests are in External only"
    );
    let guest = world.ctx(Who::Guest);
    assert!(
        groups::list_groups(&guest, &world.db, page())
            .await
            .unwrap()
            .data
            .is_empty()
    );
    let hidden = groups::get_group(&guest, &world.db, users).await;
    assert!(matches!(hidden, Err(GroupError::Denied(Denied::NotFound))));
    let command = CreateGroup {
        name: "Mine".into(),
    };
    let refused = groups::create_group(&world.ctx(Who::Builder), &world.db, command, None).await;
    assert!(matches!(
        refused,
        Err(GroupError::Denied(Denied::Forbidden))
    ));
}

#[tokio::test]
async fn a_custom_group_gives_its_members_what_it_holds() {
    let world = World::new().await;
    let grid = world.grid("G").await;
    let ctx = world.ctx(Who::Architect);
    let id = group(&world, "Partners").await;
    let view = groups::add_group_member(&ctx, &world.db, id, Who::Guest.id())
        .await
        .unwrap();
    assert_eq!(view.revision.0, 2);
    let hold = |level| PutGrant {
        object_id: grid.as_uuid(),
        subject: Subject::Group(id),
        level,
    };
    let refused = put_grant(&ctx, &world.db, hold(Level::Manage), None).await;
    assert!(refused.unwrap_err().to_string().contains("external"));
    put_grant(&ctx, &world.db, hold(Level::Edit), None)
        .await
        .unwrap();
    assert!(world.patch(Who::Guest, grid, named("Ours")).await.is_ok());
    let any = IfMatch::Any;
    groups::remove_group_member(&ctx, &world.db, id, Who::Guest.id(), any)
        .await
        .unwrap();
    assert_denied(world.get_as(Who::Guest, grid).await, Denied::NotFound);
    put_grant(&ctx, &world.db, hold(Level::Manage), None)
        .await
        .unwrap();
    let refused = groups::add_group_member(&ctx, &world.db, id, Who::Guest.id()).await;
    assert!(matches!(
        refused,
        Err(GroupError::External(ExternalRule::GroupHoldsManage))
    ));
    groups::add_group_member(&ctx, &world.db, id, Who::Colleague.id())
        .await
        .unwrap();
    groups::delete_group(&ctx, &world.db, id, any)
        .await
        .unwrap();
    assert_denied(
        world.patch(Who::Colleague, grid, named("x")).await,
        Denied::Forbidden,
    );
}
