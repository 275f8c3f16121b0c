//! What a read costs, as the server counts it.

use serde_json::json;
use testkit::{StatementCounter, Statements};
use tr_app::board::get_board;
use tr_app::work_items::get_work_item;
use tr_cache::{Cache, CacheSettings};
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
async fn a_kept_board_is_one_statement_whatever_its_size() {
    let world = World::new().await;
    let plan = world.plan().await;
    for n in 0..4 {
        let (stage, theme) = (plan.stages[n % 2], plan.themes[n / 2]);
        let element = world.element(stage, theme, ElementType::WithTasks).await;
        world.child(WorkItemKind::Task, element, "T").await;
    }
    let settings = CacheSettings {
        check_every: 0,
        ..CacheSettings::default()
    };
    let unchecked = Cache::new(settings, None);
    for who in [Who::Architect, Who::User] {
        let ctx = world.ctx(who);
        let read = async || {
            get_board(&ctx, &world.db, &unchecked, plan.grid)
                .await
                .unwrap();
        };
        assert_executed(&asked(&world, read).await, 1, who);
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
    let board = world.board(Who::User, plan.grid).await;
    let names = |list: &str| -> Vec<String> {
        let items = board[list].as_array().unwrap().iter();
        items
            .map(|i| i["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("stages"), ["Discover", "Deliver"]);
    assert_eq!(names("themes"), ["Legal", "Product"]);
    assert_eq!(board["stages"][0]["gates"][0]["id"], json!(plan.gate));
    let cells = board["cells"].as_array().unwrap().iter();
    let cells: Vec<_> = cells
        .map(|c| (c["stage_id"].clone(), c["theme_id"].clone()))
        .collect();
    let theme = json!(plan.themes[0]);
    assert_eq!(
        cells,
        [
            (json!(plan.stages[0]), theme.clone()),
            (json!(plan.stages[1]), theme)
        ]
    );
    let card = &board["cells"][0]["elements"][0];
    assert_eq!(card["tasks"], json!({ "total": 2, "done": 1 }));
    assert_eq!(card["progress"], json!(0.5));
    assert_eq!(board["grid"]["progress"], json!(0.3333));
    let (ctx, not_a_grid) = (world.ctx(Who::User), plan.element);
    let not_a_grid = get_board(&ctx, &world.db, &world.cache, not_a_grid).await;
    assert_denied(not_a_grid, tr_app::Denied::NotFound);
}
