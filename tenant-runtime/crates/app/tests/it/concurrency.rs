//! Writers at the same time: no count is lost, numbers commit in order, nothing deadlocks for good.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use kernel::{IfMatch, WorkItemId};
use tr_app::work_items::{
    CompleteWorkItem, complete_work_item, create_work_item, reopen_work_item,
};
use tr_domain::{ElementType, WorkItemKind};

use crate::world::*;

#[tokio::test]
async fn concurrent_completions_lose_no_count() {
    let world = World::new().await;
    let plan = world.plan().await;
    let second = world
        .element(plan.stages[1], plan.themes[1], ElementType::WithTasks)
        .await;
    let mut tasks = plan.tasks.to_vec();
    for n in 0..8 {
        let owner = if n % 2 == 0 { plan.element } else { second };
        tasks.push(world.child(WorkItemKind::Task, owner, "More").await);
    }
    let mut writers = Vec::new();
    for round in 0..3 {
        for (index, task) in tasks.iter().copied().enumerate() {
            let (db, ctx) = (world.db.clone(), world.ctx(Who::ALL[index % 3]));
            writers.push(async move {
                if (round + index) % 3 == 1 {
                    reopen_work_item(&ctx, &db, task, IfMatch::Missing, None)
                        .await
                        .map(drop)
                } else {
                    let command = CompleteWorkItem {
                        id: task,
                        if_match: IfMatch::Missing,
                        outcome: None,
                        note: None,
                    };
                    complete_work_item(&ctx, &db, command, None).await.map(drop)
                }
            });
        }
    }
    for result in join_all(writers).await {
        result.unwrap();
    }
    world.assert_counts(plan.grid).await;
    assert_numbers_are_whole(&world).await;
}

#[tokio::test]
async fn concurrent_creations_and_moves_over_two_grids_lose_no_count() {
    let world = World::new().await;
    let (one, two) = (world.plan().await, world.plan().await);
    let mut writers = Vec::new();
    for n in 0..12 {
        let (db, ctx) = (world.db.clone(), world.ctx(Who::Builder));
        let (from, to) = if n % 2 == 0 {
            (&one, &two)
        } else {
            (&two, &one)
        };
        let (parent, target, task) = (from.element, to.element, from.tasks[n / 2 % 2]);
        writers.push(async move {
            let command = tr_app::work_items::CreateWorkItem {
                parent_id: Some(parent),
                ..new(WorkItemKind::Task, "New")
            };
            create_work_item(&ctx, &db, command, None).await?;
            let command = tr_app::work_items::MoveWorkItem {
                parent_id: Some(target),
                ..stay(task)
            };
            tr_app::work_items::move_work_item(&ctx, &db, command, None)
                .await
                .map(drop)
        });
    }
    for result in join_all(writers).await {
        result.unwrap();
    }
    for plan in [&one, &two] {
        world.assert_counts(plan.grid).await;
    }
    let leaves = async |id: WorkItemId| {
        let id = id.as_uuid().simple();
        world
            .number(&format!("SELECT leaves FROM work_items WHERE id = x'{id}'"))
            .await
    };
    // Twelve new tasks, four old ones, two milestones.
    assert_eq!(leaves(one.grid).await + leaves(two.grid).await, 18);
    assert_numbers_are_whole(&world).await;
}

/// Every number up to the counter is in the outbox once.
async fn assert_numbers_are_whole(world: &World) {
    let value = world.number("SELECT value FROM event_counter").await;
    let count = world
        .number("SELECT COUNT(DISTINCT number) FROM outbox")
        .await;
    let last = world.number("SELECT MAX(number) FROM outbox").await;
    assert_eq!((count, last), (value, value));
}

#[tokio::test]
async fn my_grids_is_made_once() {
    let world = World::new().await;
    let mut readers = Vec::new();
    for _ in 0..6 {
        let (db, ctx) = (world.db.clone(), world.ctx(Who::User));
        readers.push(async move {
            let page = tr_app::folders::list_folders(&ctx, &db, Default::default())
                .await
                .unwrap();
            page.data
                .iter()
                .find(|f| f.owner_id == Some(Who::User.id()))
                .unwrap()
                .id
        });
    }
    let found: BTreeSet<_> = join_all(readers).await.into_iter().collect();
    assert_eq!(found.len(), 1);
}
