//! Moving items.

use tr_app::Denied;
use tr_app::work_items::{CreateWorkItem, MoveWorkItem};
use tr_domain::{ElementType, WorkItemKind};
use tr_store::work_items::{Siblings, siblings};

use crate::world::*;

#[tokio::test]
async fn order_follows_before_and_after_also_when_there_is_no_room() {
    let world = World::new().await;
    let plan = world.plan().await;
    let mut tasks = plan.tasks.to_vec();
    for name in ["Three", "Four"] {
        tasks.push(world.child(WorkItemKind::Task, plan.element, name).await);
    }
    let place = Siblings::Children(plan.element, WorkItemKind::Task);
    // Between the same two neighbours, until the gap is used up and all are renumbered.
    for n in 0..24 {
        let (moved, first) = (tasks[2 + n % 2], tasks[0]);
        let command = MoveWorkItem {
            after: Some(first),
            ..stay(moved)
        };
        world.move_to(Who::Builder, command).await.unwrap();
        let order: Vec<_> = siblings(world.db.conn(), place)
            .await
            .unwrap()
            .iter()
            .map(|s| s.id)
            .collect();
        assert_eq!(order[..2], [first, moved], "round {n}");
    }
    let last = world.move_to(Who::Builder, stay(tasks[0])).await.unwrap();
    let events = world.number("SELECT value FROM event_counter").await;
    let same = world.move_to(Who::Builder, stay(tasks[0])).await.unwrap();
    assert_eq!(
        (last, world.number("SELECT value FROM event_counter").await),
        (same, events)
    );
    let stranger = MoveWorkItem {
        before: Some(plan.gate),
        ..stay(tasks[0])
    };
    let error = world.move_to(Who::Builder, stranger).await.unwrap_err();
    assert_eq!(faults(&error), [("/before".to_owned(), "unknown")]);
}

#[tokio::test]
async fn an_element_takes_its_tasks_to_another_cell_and_grid() {
    let world = World::new().await;
    let (plan, other) = (world.plan().await, world.plan().await);
    world.complete(Who::User, plan.tasks[0]).await.unwrap();
    let cell = MoveWorkItem {
        parent_id: Some(plan.stages[1]),
        theme_id: Some(plan.themes[1]),
        ..stay(plan.element)
    };
    let moved = world.move_to(Who::Builder, cell).await.unwrap();
    assert_eq!(
        (moved.stage_id, moved.theme_id),
        (Some(plan.stages[1]), Some(plan.themes[1]))
    );
    let task = world.get(plan.tasks[0]).await;
    assert_eq!(
        (task.stage_id, task.theme_id),
        (Some(plan.stages[1]), Some(plan.themes[1]))
    );
    world.assert_counts(plan.grid).await;
    let alone = MoveWorkItem {
        parent_id: Some(other.stages[0]),
        ..stay(plan.element)
    };
    let error = world
        .move_to(Who::Builder, alone.clone())
        .await
        .unwrap_err();
    assert_eq!(faults(&error), [("/theme_id".to_owned(), "required")]);
    let away = MoveWorkItem {
        theme_id: Some(other.themes[1]),
        ..alone
    };
    let moved = world.move_to(Who::Builder, away).await.unwrap();
    assert_eq!(moved.grid_id, other.grid);
    assert_eq!(world.get(plan.tasks[1]).await.grid_id, other.grid);
    for grid in [plan.grid, other.grid] {
        world.assert_counts(grid).await;
    }
    assert_eq!(world.get(other.grid).await.progress, Some(0.2));
}

#[tokio::test]
async fn tasks_move_between_owners_which_follow() {
    let world = World::new().await;
    let plan = world.plan().await;
    let target = world
        .element(plan.stages[1], plan.themes[0], ElementType::WithTasks)
        .await;
    world.complete(Who::User, plan.tasks[0]).await.unwrap();
    let open = MoveWorkItem {
        parent_id: Some(plan.gate),
        ..stay(plan.tasks[1])
    };
    world.move_to(Who::Builder, open).await.unwrap();
    assert!(
        world.get(plan.element).await.completed_at.is_some(),
        "its open task has left"
    );
    world.assert_counts(plan.grid).await;
    let done = MoveWorkItem {
        parent_id: Some(target),
        ..stay(plan.tasks[0])
    };
    world.move_to(Who::Builder, done).await.unwrap();
    assert_eq!(
        world.get(plan.element).await.completed_at,
        None,
        "nothing is left to complete it"
    );
    assert!(world.get(target).await.completed_at.is_some());
    world.assert_counts(plan.grid).await;
}

#[tokio::test]
async fn columns_stay_in_their_grid_and_moving_needs_edit_on_both_sides() {
    let world = World::new().await;
    let (plan, other) = (world.plan().await, world.plan().await);
    let stage = MoveWorkItem {
        parent_id: Some(other.grid),
        ..stay(plan.stages[0])
    };
    let error = world.move_to(Who::Builder, stage).await.unwrap_err();
    assert_eq!(faults(&error), [("/parent_id".to_owned(), "other_grid")]);
    assert_denied(
        world.move_to(Who::User, stay(plan.tasks[0])).await,
        Denied::Forbidden,
    );
    assert_denied(
        world.move_to(Who::Stranger, stay(plan.tasks[0])).await,
        Denied::NotFound,
    );
    let first = MoveWorkItem {
        before: Some(plan.stages[0]),
        ..stay(plan.stages[1])
    };
    let moved = world.move_to(Who::Builder, first).await.unwrap();
    assert!(moved.position < world.get(plan.stages[0]).await.position);
}

#[tokio::test]
async fn a_grid_that_leaves_my_grids_takes_the_rights_of_where_it_goes() {
    let world = World::new().await;
    let ctx = world.ctx(Who::User);
    let top = tr_app::folders::list_folders(&ctx, &world.db, Default::default())
        .await
        .unwrap();
    let own = top
        .data
        .iter()
        .find(|f| f.owner_id == Some(Who::User.id()))
        .unwrap()
        .id;
    let command = CreateWorkItem {
        folder_id: Some(own),
        ..new(WorkItemKind::Grid, "Mine")
    };
    let grid = world.create(Who::User, command).await.unwrap().id;
    assert_denied(world.get_as(Who::Builder, grid).await, Denied::NotFound);
    assert!(world.get_as(Who::Architect, grid).await.is_ok());
    let to_root = MoveWorkItem {
        folder_id: Some(world.root),
        ..stay(grid)
    };
    assert_denied(
        world.move_to(Who::User, to_root.clone()).await,
        Denied::Forbidden,
    );
    world.move_to(Who::Architect, to_root).await.unwrap();
    assert!(world.patch(Who::Builder, grid, named("Ours")).await.is_ok());
    assert!(world.get_as(Who::Colleague, grid).await.is_ok());
    let ctx = world.ctx(Who::User);
    let any = kernel::IfMatch::Any;
    tr_app::work_items::delete_work_item(&ctx, &world.db, grid, any)
        .await
        .unwrap();
}
