//! Folders.

use kernel::{FolderId, IfMatch};
use tr_app::Denied;
use tr_app::folders::*;
use tr_app::views::FolderView;
use tr_app::work_items::CreateWorkItem;
use tr_domain::WorkItemKind;

use crate::world::*;

async fn create(world: &World, who: Who, parent: FolderId, name: &str) -> FolderView {
    let command = CreateFolder {
        parent_id: parent,
        name: name.into(),
    };
    done(
        create_folder(&world.ctx(who), &world.db, command, None)
            .await
            .unwrap(),
    )
}

async fn children(world: &World, parent: Option<FolderId>) -> Vec<String> {
    let filter = FolderFilter {
        parent,
        ..Default::default()
    };
    let page = list_folders(&world.ctx(Who::Builder), &world.db, filter)
        .await
        .unwrap();
    page.data.into_iter().map(|f| f.name).collect()
}

fn go(id: FolderId) -> MoveFolder {
    MoveFolder {
        id,
        if_match: IfMatch::Missing,
        parent_id: None,
        before: None,
        after: None,
    }
}

#[tokio::test]
async fn folders_are_made_renamed_and_moved() {
    let world = World::new().await;
    let ctx = world.ctx(Who::Builder);
    assert_eq!(children(&world, None).await, ["Root", MY_GRIDS]);
    let a = create(&world, Who::Builder, world.root, "A").await;
    let b = create(&world, Who::Builder, world.root, "B").await;
    let inner = create(&world, Who::Builder, a.id, "Inner").await;
    let patch = PatchFolder {
        id: a.id,
        if_match: revision(1),
        name: Some("Alpha".into()),
    };
    assert_eq!(
        patch_folder(&ctx, &world.db, patch)
            .await
            .unwrap()
            .revision
            .0,
        2
    );
    let before = MoveFolder {
        before: Some(a.id),
        ..go(b.id)
    };
    move_folder(&ctx, &world.db, before, None).await.unwrap();
    assert_eq!(children(&world, Some(world.root)).await, ["B", "Alpha"]);
    let into_itself = MoveFolder {
        parent_id: Some(inner.id),
        ..go(a.id)
    };
    let refused = move_folder(&ctx, &world.db, into_itself, None).await;
    assert!(matches!(refused, Err(FolderError::Invalid(_))));
    let into_b = MoveFolder {
        parent_id: Some(b.id),
        ..go(inner.id)
    };
    move_folder(&ctx, &world.db, into_b, None).await.unwrap();
    assert_eq!(children(&world, Some(b.id)).await, ["Inner"]);
    let root = move_folder(&ctx, &world.db, go(world.root), None).await;
    assert!(matches!(root, Err(FolderError::Fixed)));
    let user = CreateFolder {
        parent_id: world.root,
        name: "No".into(),
    };
    let refused = create_folder(&world.ctx(Who::User), &world.db, user, None).await;
    assert!(matches!(
        refused,
        Err(FolderError::Denied(Denied::Forbidden))
    ));
}

#[tokio::test]
async fn a_folder_goes_with_its_content_and_comes_back_with_it() {
    let world = World::new().await;
    let ctx = world.ctx(Who::Architect);
    let outer = create(&world, Who::Architect, world.root, "Outer").await.id;
    let inner = create(&world, Who::Architect, outer, "Inner").await.id;
    let command = CreateWorkItem {
        folder_id: Some(inner),
        ..new(WorkItemKind::Grid, "G")
    };
    let grid = world
        .create(Who::Architect, command.clone())
        .await
        .unwrap()
        .id;
    let gone_before = world.create(Who::Architect, command).await.unwrap().id;
    let stage = world.child(WorkItemKind::Stage, grid, "S").await;
    let any = IfMatch::Any;
    tr_app::work_items::delete_work_item(&ctx, &world.db, gone_before, any)
        .await
        .unwrap();
    let builder = delete_folder(&world.ctx(Who::Builder), &world.db, outer, any).await;
    assert!(matches!(
        builder,
        Err(FolderError::Denied(Denied::Forbidden))
    ));
    delete_folder(&ctx, &world.db, outer, any).await.unwrap();
    assert!(world.get_as(Who::Architect, stage).await.is_err());
    assert!(get_folder(&ctx, &world.db, inner).await.is_err());
    let alone = undelete_folder(&ctx, &world.db, inner, kernel::IfMatch::Missing, None).await;
    assert!(matches!(alone, Err(FolderError::DeletedWithParent)));
    let alone = tr_app::work_items::undelete_work_item(
        &ctx,
        &world.db,
        gone_before,
        kernel::IfMatch::Missing,
        None,
    )
    .await;
    assert!(matches!(
        alone,
        Err(tr_app::work_items::WorkItemError::ParentDeleted)
    ));
    undelete_folder(&ctx, &world.db, outer, kernel::IfMatch::Missing, None)
        .await
        .unwrap();
    assert!(world.get_as(Who::Architect, stage).await.is_ok());
    assert!(get_folder(&ctx, &world.db, inner).await.is_ok());
    assert!(world.get_as(Who::Architect, gone_before).await.is_err());
    let root = delete_folder(&ctx, &world.db, world.root, any).await;
    assert!(matches!(root, Err(FolderError::Fixed)));
}

#[tokio::test]
async fn my_grids_is_private_but_to_architects() {
    let world = World::new().await;
    let mine = |page: Vec<FolderView>, who: Who| {
        page.into_iter()
            .find(|f| f.owner_id == Some(who.id()))
            .map(|f| f.id)
    };
    let roots = async |who: Who| {
        list_folders(&world.ctx(who), &world.db, FolderFilter::default())
            .await
            .unwrap()
            .data
    };
    let own = mine(roots(Who::User).await, Who::User).unwrap();
    let inner = create(&world, Who::User, own, "Drafts").await.id;
    assert_eq!(mine(roots(Who::Colleague).await, Who::User), None);
    assert!(mine(roots(Who::Architect).await, Who::User).is_some());
    let hidden = get_folder(&world.ctx(Who::Builder), &world.db, inner).await;
    assert!(matches!(hidden, Err(FolderError::Denied(Denied::NotFound))));
    let publish = MoveFolder {
        parent_id: Some(world.root),
        ..go(inner)
    };
    move_folder(&world.ctx(Who::Architect), &world.db, publish, None)
        .await
        .unwrap();
    assert!(
        get_folder(&world.ctx(Who::Builder), &world.db, inner)
            .await
            .is_ok()
    );
    delete_folder(&world.ctx(Who::User), &world.db, inner, IfMatch::Any)
        .await
        .unwrap();
}
