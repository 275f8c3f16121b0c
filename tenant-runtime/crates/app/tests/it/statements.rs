//! What a read costs, as the server counts it.

use testkit::{StatementCounter, Statements};
use tr_app::board::get_board;
use tr_app::work_items::get_work_item;
use tr_domain::{ElementType, WorkItemKind};

use crate::world::*;

/// What a read asks once its statements are prepared on the connections that it meets.
async fn asked(world: &World, read: impl AsyncFn()) -> Statements {
    let mut counter = StatementCounter::start(&world.account.user).await;
    for _ in 0..100 {
        read().await;
        let asked = counter.take().await;
        if asked.of("com/Prepare") == 0 {
            return asked;
        }
    }
    panic!("the statements are prepared anew each time");
}

/// Nothing but `count` executed statements, and the pings by which the pool takes connections back.
#[track_caller]
fn assert_executed(asked: &Statements, count: u64, who: Who) {
    assert_eq!(asked.of("com/Execute"), count, "{who:?}: {asked}");
    assert_eq!(
        asked.total(),
        count + asked.of("com/Ping"),
        "{who:?}: {asked}"
    );
}

#[tokio::test]
async fn reading_an_item_is_one_statement() {
    let world = World::new().await;
    let plan = world.plan().await;
    for who in [Who::Architect, Who::User, Who::Stranger] {
        let ctx = world.ctx(who);
        let read = async || {
            let _ = get_work_item(&ctx, &world.db, plan.tasks[0]).await;
        };
        let asked = asked(&world, read).await;
        assert_executed(&asked, 1, who);
        assert!(asked.total() <= 2, "{who:?}: {asked}");
    }
}

#[tokio::test]
async fn a_board_is_two_statements_whatever_its_size() {
    let world = World::new().await;
    let plan = world.plan().await;
    for n in 0..4 {
        let (stage, theme) = (plan.stages[n % 2], plan.themes[n / 2]);
        let element = world.element(stage, theme, ElementType::WithTasks).await;
        world.child(WorkItemKind::Task, element, "T").await;
    }
    for who in [Who::Architect, Who::User] {
        let ctx = world.ctx(who);
        let read = async || {
            get_board(&ctx, &world.db, plan.grid).await.unwrap();
        };
        assert_executed(&asked(&world, read).await, 2, who);
    }
}

#[tokio::test]
async fn a_board_has_stages_themes_cells_and_gates() {
    let world = World::new().await;
    let plan = world.plan().await;
    world
        .element(plan.stages[1], plan.themes[0], ElementType::Information)
        .await;
    world.complete(Who::User, plan.tasks[0]).await.unwrap();
    let board = get_board(&world.ctx(Who::User), &world.db, plan.grid)
        .await
        .unwrap();
    let stages: Vec<_> = board.stages.iter().map(|s| s.item.name.as_str()).collect();
    assert_eq!(stages, ["Discover", "Deliver"]);
    let themes: Vec<_> = board.themes.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(themes, ["Legal", "Product"]);
    assert_eq!(board.stages[0].gates[0].item.id, plan.gate);
    let cells: Vec<_> = board
        .cells
        .iter()
        .map(|c| (c.stage_id, c.theme_id))
        .collect();
    assert_eq!(
        cells,
        [
            (plan.stages[0], plan.themes[0]),
            (plan.stages[1], plan.themes[0])
        ]
    );
    let card = &board.cells[0].elements[0];
    assert_eq!(
        (card.tasks.total, card.tasks.done, card.item.progress),
        (2, 1, Some(0.5))
    );
    assert_eq!(board.grid.progress, Some(0.3333));
    let not_a_grid = get_board(&world.ctx(Who::User), &world.db, plan.element).await;
    assert_denied(not_a_grid, tr_app::Denied::NotFound);
}
