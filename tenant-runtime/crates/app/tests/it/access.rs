//! What one may not see does not exist; what one sees and may not do is forbidden.

use kernel::{FolderId, IfMatch, WorkItemId};
use tr_app::grants::{Level, PutGrant, Subject, put_grant};
use tr_app::work_items::{
    CreateWorkItem, WorkItemError, delete_work_item, list_work_items, reopen_work_item,
    undelete_work_item,
};
use tr_app::{Denied, PageRequest, activity, board, dependencies, folders, grants};
use tr_domain::{ContentPatch, WorkItemKind};
use uuid::Uuid;

use crate::world::*;

async fn grant(world: &World, object: Uuid, who: Who, level: Level) {
    let command = PutGrant {
        object_id: object,
        subject: Subject::Member(who.id()),
        level,
    };
    put_grant(&world.ctx(Who::Architect), &world.db, command, None)
        .await
        .unwrap();
}

/// Everything that can be asked of an item, as the debug text of its refusal.
async fn every_refusal(world: &World, who: Who, id: WorkItemId) -> Vec<String> {
    let (ctx, db) = (world.ctx(who), &world.db);
    let page = PageRequest::default;
    let mut found = vec![
        format!("{:?}", world.get_as(who, id).await.unwrap_err()),
        format!("{:?}", world.patch(who, id, named("x")).await.unwrap_err()),
        format!("{:?}", world.patch(who, id, named("")).await.unwrap_err()),
        format!("{:?}", world.complete(who, id).await.unwrap_err()),
        format!("{:?}", world.move_to(who, stay(id)).await.unwrap_err()),
        format!(
            "{:?}",
            delete_work_item(&ctx, db, id, IfMatch::Missing)
                .await
                .unwrap_err()
        ),
        format!(
            "{:?}",
            undelete_work_item(&ctx, db, id, kernel::IfMatch::Missing, None)
                .await
                .unwrap_err()
        ),
        format!(
            "{:?}",
            reopen_work_item(&ctx, db, id, IfMatch::Any, None)
                .await
                .unwrap_err()
        ),
        format!(
            "{:?}",
            board::get_board(&ctx, db, &world.cache, id)
                .await
                .unwrap_err()
        ),
        format!(
            "{:?}",
            activity::list_item_activity(&ctx, db, id, page())
                .await
                .unwrap_err()
        ),
        format!(
            "{:?}",
            grants::list_grants(&ctx, db, id.as_uuid(), page())
                .await
                .unwrap_err()
        ),
    ];
    let filter = dependencies::DependencyFilter {
        item_id: Some(id),
        ..Default::default()
    };
    let listed = dependencies::list_dependencies(&ctx, db, filter).await;
    found.push(format!("{:?}", listed.unwrap_err()));
    let child = CreateWorkItem {
        parent_id: Some(id),
        ..new(WorkItemKind::Stage, "S")
    };
    found.push(format!("{:?}", world.create(who, child).await.unwrap_err()));
    found
}

#[tokio::test]
async fn an_unseen_item_answers_exactly_like_one_that_is_not_there() {
    let world = World::new().await;
    let plan = world.plan().await;
    let nothing = WorkItemId::from_uuid(Uuid::now_v7());
    let expected = every_refusal(&world, Who::Stranger, nothing).await;
    assert_eq!(expected[0], "Denied(NotFound)");
    for id in plan.all() {
        assert_eq!(every_refusal(&world, Who::Stranger, id).await, expected);
    }
    let listed = list_work_items(&world.ctx(Who::Stranger), &world.db, Default::default()).await;
    assert!(listed.unwrap().data.is_empty());
    let ctx = world.ctx(Who::Stranger);
    let seen = activity::list_activity(&ctx, &world.db, PageRequest::default()).await;
    assert!(seen.unwrap().data.is_empty());
}

#[tokio::test]
async fn each_level_holds_the_one_below_and_no_more() {
    let world = World::new().await;
    let plan = world.plan().await;
    let task = plan.tasks[0];
    assert_denied(world.get_as(Who::Guest, task).await, Denied::NotFound);
    grant(&world, plan.grid.as_uuid(), Who::Guest, Level::View).await;
    assert!(world.get_as(Who::Guest, task).await.is_ok());
    assert_denied(
        world.patch(Who::Guest, task, named("x")).await,
        Denied::Forbidden,
    );
    world.complete(Who::Guest, task).await.unwrap();
    grant(&world, plan.grid.as_uuid(), Who::Guest, Level::Edit).await;
    assert!(world.patch(Who::Guest, task, named("x")).await.is_ok());
    let ctx = world.ctx(Who::Guest);
    assert_denied(
        delete_work_item(&ctx, &world.db, task, IfMatch::Any).await,
        Denied::Forbidden,
    );
    grant(&world, plan.grid.as_uuid(), Who::Colleague, Level::Manage).await;
    let ctx = world.ctx(Who::Colleague);
    delete_work_item(&ctx, &world.db, task, IfMatch::Any)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_external_never_manages_even_by_a_row_that_says_so() {
    let world = World::new().await;
    let plan = world.plan().await;
    grant(&world, plan.grid.as_uuid(), Who::Guest, Level::Edit).await;
    world
        .sql("UPDATE grants SET level = 3 WHERE member_id IS NOT NULL")
        .await;
    let ctx = world.ctx(Who::Guest);
    let refused = delete_work_item(&ctx, &world.db, plan.tasks[0], IfMatch::Any).await;
    assert_denied(refused, Denied::Forbidden);
}

#[tokio::test]
async fn a_new_grid_copies_the_rights_of_its_folder_and_is_independent_afterwards() {
    let world = World::new().await;
    let plan = world.plan().await;
    assert!(world.get_as(Who::User, plan.grid).await.is_ok());
    let ctx = world.ctx(Who::Architect);
    let page = PageRequest::default;
    let root = world.root.as_uuid();
    let users = grants::list_grants(&ctx, &world.db, root, page())
        .await
        .unwrap()
        .data;
    let users = users.iter().find(|g| g.subject_name == "users").unwrap();
    grants::delete_grant(&ctx, &world.db, users.id, revision(1))
        .await
        .unwrap();
    assert!(
        world.get_as(Who::User, plan.grid).await.is_ok(),
        "the grid keeps its own"
    );
    let later = world.grid("Later").await;
    assert_denied(world.get_as(Who::User, later).await, Denied::NotFound);
}

#[tokio::test]
async fn a_right_below_shows_the_way_up_by_name() {
    let world = World::new().await;
    let architect = world.ctx(Who::Architect);
    let folder = |parent: FolderId, name: &str| {
        let command = folders::CreateFolder {
            parent_id: parent,
            name: name.into(),
        };
        let (ctx, db) = (architect.clone(), world.db.clone());
        async move {
            done(
                folders::create_folder(&ctx, &db, command, None)
                    .await
                    .unwrap(),
            )
            .id
        }
    };
    let outer = folder(world.root, "Outer").await;
    let inner = folder(outer, "Inner").await;
    let beside = folder(outer, "Beside").await;
    let command = CreateWorkItem {
        folder_id: Some(inner),
        ..new(WorkItemKind::Grid, "G")
    };
    let grid = world.create(Who::Architect, command).await.unwrap().id;
    let guest = world.ctx(Who::Guest);
    let not_found = folders::get_folder(&guest, &world.db, outer).await;
    assert!(matches!(
        not_found,
        Err(folders::FolderError::Denied(Denied::NotFound))
    ));
    grant(&world, grid.as_uuid(), Who::Guest, Level::View).await;
    for id in [world.root, outer, inner] {
        let view = folders::get_folder(&guest, &world.db, id).await.unwrap();
        assert_eq!(view.access, tr_app::views::FolderAccess::Path);
        assert_eq!((view.position, view.created_at), (None, None));
    }
    let filter = folders::FolderFilter {
        parent: Some(outer),
        ..Default::default()
    };
    let seen = folders::list_folders(&guest, &world.db, filter)
        .await
        .unwrap()
        .data;
    assert_eq!(seen.iter().map(|f| f.id).collect::<Vec<_>>(), [inner]);
    let hidden = folders::get_folder(&guest, &world.db, beside).await;
    assert!(matches!(
        hidden,
        Err(folders::FolderError::Denied(Denied::NotFound))
    ));
    let patch = folders::PatchFolder {
        id: outer,
        if_match: IfMatch::Any,
        name: Some("X".into()),
    };
    let refused = folders::patch_folder(&guest, &world.db, patch).await;
    assert!(matches!(
        refused,
        Err(folders::FolderError::Denied(Denied::Forbidden))
    ));
    let command = CreateWorkItem {
        folder_id: Some(outer),
        ..new(WorkItemKind::Grid, "G")
    };
    assert_denied(world.create(Who::Guest, command).await, Denied::Forbidden);
}

#[tokio::test]
async fn guests_know_only_the_people_who_share_content_with_them() {
    let world = World::new().await;
    let plan = world.plan().await;
    grant(&world, plan.grid.as_uuid(), Who::Guest, Level::Edit).await;
    let patch = |who: Who| ContentPatch {
        assignee_id: Some(Some(who.id())),
        ..ContentPatch::default()
    };
    let error = world
        .patch(Who::Guest, plan.tasks[0], patch(Who::Stranger))
        .await
        .unwrap_err();
    assert!(matches!(error, WorkItemError::Invalid(_)));
    world
        .patch(Who::Guest, plan.tasks[0], patch(Who::User))
        .await
        .unwrap();
}
