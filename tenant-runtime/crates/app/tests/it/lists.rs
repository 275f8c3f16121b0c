//! Lists: filters, orders, pages.

use kernel::{Limit, WorkItemId};
use tr_app::work_items::{WorkItemFilter, WorkItemSort, list_work_items};
use tr_domain::{ContentPatch, LocalMinute, WorkItemKind};

use crate::world::*;

async fn ids(world: &World, filter: WorkItemFilter) -> Vec<WorkItemId> {
    let page = list_work_items(&world.ctx(Who::User), &world.db, filter)
        .await
        .unwrap();
    page.data.into_iter().map(|item| item.id).collect()
}

#[tokio::test]
async fn filters_narrow() {
    let world = World::new().await;
    let plan = world.plan().await;
    world.plan().await;
    let here = || WorkItemFilter {
        grid_id: Some(plan.grid),
        ..Default::default()
    };
    assert_eq!(ids(&world, here()).await.len(), 9);
    let tasks = WorkItemFilter {
        kinds: vec![WorkItemKind::Task],
        ..here()
    };
    assert_eq!(ids(&world, tasks).await, plan.tasks);
    world.complete(Who::User, plan.tasks[1]).await.unwrap();
    let complete = WorkItemFilter {
        complete: Some(true),
        ..here()
    };
    assert_eq!(ids(&world, complete).await, [plan.tasks[1]]);
    let mine = ContentPatch {
        assignee_id: Some(Some(Who::User.id())),
        ..Default::default()
    };
    world.patch(Who::Builder, plan.gate, mine).await.unwrap();
    let assigned = WorkItemFilter {
        assignee_id: Some(Who::User.id()),
        ..here()
    };
    assert_eq!(ids(&world, assigned).await, [plan.gate]);
    let in_root = WorkItemFilter {
        folder_id: Some(world.root),
        ..Default::default()
    };
    assert_eq!(ids(&world, in_root).await.len(), 2);
    let children = WorkItemFilter {
        parent_id: Some(plan.element),
        ..Default::default()
    };
    assert_eq!(ids(&world, children).await, plan.tasks);
    world
        .patch(Who::Builder, plan.gate, named("100 % sure_?"))
        .await
        .unwrap();
    for q in ["100 %", "E_?", " sure "] {
        let found = WorkItemFilter {
            q: Some(q.into()),
            ..Default::default()
        };
        assert_eq!(ids(&world, found).await, [plan.gate], "{q}");
    }
    let none = WorkItemFilter {
        q: Some("0__%".into()),
        ..Default::default()
    };
    assert!(ids(&world, none).await.is_empty());
}

#[tokio::test]
async fn every_order_pages_through_everything_once() {
    let world = World::new().await;
    let plan = world.plan().await;
    for (n, id) in plan.tasks.into_iter().enumerate() {
        let start = LocalMinute::parse(&format!("2026-02-0{}T08:00", 3 - n)).unwrap();
        let dated = ContentPatch {
            start: Some(Some(start)),
            ..Default::default()
        };
        world.patch(Who::Builder, id, dated).await.unwrap();
    }
    for word in WorkItemSort::WORDS
        .iter()
        .flat_map(|w| [(*w).to_owned(), format!("-{w}")])
    {
        let sort: WorkItemSort = word.parse().unwrap();
        let all = ids(
            &world,
            WorkItemFilter {
                sort,
                ..Default::default()
            },
        )
        .await;
        assert_eq!(all.len(), 9);
        let (mut paged, mut cursor) = (Vec::new(), None);
        loop {
            let filter = WorkItemFilter {
                sort,
                limit: Limit::new(2).unwrap(),
                cursor: cursor.take(),
                ..Default::default()
            };
            let page = list_work_items(&world.ctx(Who::User), &world.db, filter)
                .await
                .unwrap();
            paged.extend(page.data.iter().map(|item| item.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(paged, all, "{word}");
    }
    let by_start = WorkItemFilter {
        sort: "start".parse().unwrap(),
        ..Default::default()
    };
    assert_eq!(
        ids(&world, by_start).await[..2],
        [plan.tasks[1], plan.tasks[0]]
    );
}

#[tokio::test]
async fn a_cursor_belongs_to_its_order() {
    let world = World::new().await;
    world.plan().await;
    let limit = Limit::new(1).unwrap();
    let filter = WorkItemFilter {
        limit,
        ..Default::default()
    };
    let page = list_work_items(&world.ctx(Who::User), &world.db, filter)
        .await
        .unwrap();
    let sort = "name".parse().unwrap();
    let filter = WorkItemFilter {
        sort,
        cursor: page.next_cursor,
        ..Default::default()
    };
    let error = list_work_items(&world.ctx(Who::User), &world.db, filter)
        .await
        .unwrap_err();
    assert_eq!(faults(&error), [("/cursor".to_owned(), "invalid")]);
}
