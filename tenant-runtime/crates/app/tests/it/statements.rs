//! What a read costs, as the server counts it.

use chrono::{TimeDelta, Utc};
use kernel::{DeliveryId, Revision, Traceparent, WebhookId};
use sea_orm::ConnectionTrait as _;
use serde_json::json;
use testkit::{StatementCounter, Statements};
use tr_app::Outcome;
use tr_app::board::get_board;
use tr_app::webhooks::replay_failed;
use tr_app::work_items::get_work_item;
use tr_cache::{Cache, CacheSettings};
use tr_domain::{DeliveryState, ElementType, WorkItemKind};
use tr_store::webhooks::{
    self, WebhookRow,
    deliveries::{self, DeliveryRow},
};
use uuid::Uuid;

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

#[tokio::test]
async fn a_thousand_deliveries_are_replayed_in_few_statements() {
    let world = World::new().await;
    let (ctx, now) = (world.ctx(Who::Architect), Utc::now());
    let hook = WebhookRow {
        id: WebhookId::from_uuid(Uuid::now_v7()),
        url: "https://receiver.example/".to_owned(),
        description: String::new(),
        kinds: vec!["*".to_owned()],
        grid_id: None,
        folder_id: None,
        secret: vec![0],
        previous_secret: None,
        previous_until: None,
        failures: 0,
        failing_since: None,
        disabled_at: None,
        disabled_reason: None,
        created_by: ctx.actor.member,
        revision: Revision(1),
        created_at: now,
        updated_at: now,
    };
    let conn = world.test_db.conn();
    webhooks::insert(conn, &hook).await.unwrap();
    let failed = |number| DeliveryRow {
        state: DeliveryState::Failed,
        attempts: 10,
        ..DeliveryRow::new(
            DeliveryId::from_uuid(Uuid::now_v7()),
            hook.id,
            Some(number),
            "work_item.changed".to_owned(),
            "{}".to_owned(),
            now,
        )
    };
    let rows = (1..=1001).map(failed).collect();
    deliveries::insert(conn, rows).await.unwrap();
    let counter = StatementCounter::start(&world.account.user).await;
    let since = now - TimeDelta::minutes(1);
    let trace = Traceparent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let replayed = replay_failed(&ctx, &world.db, hook.id, since, None);
    let Outcome::Done(replayed) = tr_app::trace::within(trace, replayed).await.unwrap() else {
        panic!("nothing has a key");
    };
    let asked = counter.read().await;
    assert_eq!((replayed.replayed, replayed.more), (1000, true));
    let count = async |sql: &str| {
        let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::MySql, sql);
        let row = conn.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index::<i64>(0).unwrap()
    };
    let anew = "SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'pending' AND attempts = 0";
    assert_eq!(count(anew).await, 1000);
    let jobs = "SELECT COUNT(*) FROM jobs WHERE class = 'webhook' AND traceparent IS NOT NULL";
    assert_eq!(count(jobs).await, 1000);
    // 1,000 jobs are seven times 128 and four inserts more.
    assert!(asked.of("com/Execute") <= 11 + 8, "{asked}");
}
