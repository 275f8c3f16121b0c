//! Deleting and bringing back.

use chrono::TimeDelta;
use kernel::{IfMatch, RequestContext, WorkItemId};
use tr_app::Denied;
use tr_app::work_items::{WorkItemError, delete_work_item, undelete_work_item};

use crate::world::*;

async fn delete(world: &World, who: Who, id: WorkItemId) -> Result<(), WorkItemError> {
    delete_work_item(&world.ctx(who), &world.db, id, IfMatch::Any).await
}

async fn undelete(world: &World, id: WorkItemId) -> Result<(), WorkItemError> {
    undelete_at(world, &world.ctx(Who::Architect), id).await
}

async fn undelete_at(
    world: &World,
    ctx: &RequestContext,
    id: WorkItemId,
) -> Result<(), WorkItemError> {
    undelete_work_item(ctx, &world.db, id, kernel::IfMatch::Missing, None)
        .await
        .map(drop)
}

async fn is_there(world: &World, id: WorkItemId) -> bool {
    world.get_as(Who::Architect, id).await.is_ok()
}

#[tokio::test]
async fn every_kind_goes_with_its_content_and_comes_back_with_it() {
    let world = World::new().await;
    let plan = world.plan().await;
    world.complete(Who::User, plan.tasks[0]).await.unwrap();
    let all = plan.all();
    for id in [
        plan.tasks[0],
        plan.gate,
        plan.element,
        plan.themes[0],
        plan.stages[0],
        plan.grid,
    ] {
        let mut before = Vec::new();
        for id in &all {
            before.push(world.get(*id).await);
        }
        delete(&world, Who::Architect, id).await.unwrap();
        assert!(!is_there(&world, id).await);
        if id != plan.grid {
            world.assert_counts(plan.grid).await;
        }
        undelete(&world, id).await.unwrap();
        for old in before {
            let mut new = world.get(old.id).await;
            if old.id == id {
                assert_eq!(new.revision.0, old.revision.0 + 2);
                new.revision = old.revision;
            }
            assert_eq!(new, old);
        }
        world.assert_counts(plan.grid).await;
    }
}

#[tokio::test]
async fn exactly_what_a_deletion_took_comes_back() {
    let world = World::new().await;
    let plan = world.plan().await;
    delete(&world, Who::Architect, plan.tasks[0]).await.unwrap();
    delete(&world, Who::Architect, plan.element).await.unwrap();
    assert!(matches!(
        undelete(&world, plan.tasks[0]).await,
        Err(WorkItemError::ParentDeleted)
    ));
    assert!(matches!(
        undelete(&world, plan.tasks[1]).await,
        Err(WorkItemError::DeletedWithParent)
    ));
    undelete(&world, plan.element).await.unwrap();
    assert!(!is_there(&world, plan.tasks[0]).await);
    assert!(is_there(&world, plan.tasks[1]).await);
    undelete(&world, plan.tasks[0]).await.unwrap();
    assert!(is_there(&world, plan.tasks[0]).await);
    undelete(&world, plan.tasks[0]).await.unwrap();
    world.assert_counts(plan.grid).await;
}

#[tokio::test]
async fn an_element_waits_for_both_its_stage_and_its_theme() {
    let world = World::new().await;
    let plan = world.plan().await;
    delete(&world, Who::Architect, plan.themes[0])
        .await
        .unwrap();
    delete(&world, Who::Architect, plan.stages[0])
        .await
        .unwrap();
    undelete(&world, plan.themes[0]).await.unwrap();
    assert!(
        !is_there(&world, plan.element).await,
        "its stage is still deleted"
    );
    world.assert_counts(plan.grid).await;
    undelete(&world, plan.stages[0]).await.unwrap();
    assert!(is_there(&world, plan.element).await);
    assert!(is_there(&world, plan.tasks[1]).await);
    world.assert_counts(plan.grid).await;
}

#[tokio::test]
async fn after_thirty_days_it_is_too_late() {
    let world = World::new().await;
    let plan = world.plan().await;
    delete(&world, Who::Architect, plan.gate).await.unwrap();
    let mut ctx = world.ctx(Who::Architect);
    ctx.now += TimeDelta::days(30) + TimeDelta::seconds(1);
    let late = undelete_at(&world, &ctx, plan.gate).await;
    assert!(matches!(late, Err(WorkItemError::DeletedTooLongAgo)));
    ctx.now -= TimeDelta::seconds(1);
    undelete_at(&world, &ctx, plan.gate).await.unwrap();
}

#[tokio::test]
async fn deleting_needs_manage_and_a_revision() {
    let world = World::new().await;
    let plan = world.plan().await;
    let id = plan.tasks[0];
    assert_denied(delete(&world, Who::Stranger, id).await, Denied::NotFound);
    assert_denied(delete(&world, Who::User, id).await, Denied::Forbidden);
    assert_denied(delete(&world, Who::Builder, id).await, Denied::Forbidden);
    let ctx = world.ctx(Who::Architect);
    let missing = delete_work_item(&ctx, &world.db, id, IfMatch::Missing).await;
    assert_denied(missing, Denied::PreconditionRequired);
    let stale = delete_work_item(&ctx, &world.db, id, revision(9)).await;
    assert_denied(
        stale,
        Denied::PreconditionFailed {
            current: kernel::Revision(1),
        },
    );
    delete(&world, Who::Architect, id).await.unwrap();
    assert_denied(delete(&world, Who::Architect, id).await, Denied::NotFound);
    let builder = undelete_at(&world, &world.ctx(Who::Builder), id).await;
    assert_denied(builder, Denied::Forbidden);
}
