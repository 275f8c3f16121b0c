//! A keyed request has its effect once.

use futures_util::future::join_all;
use tr_app::views::WorkItemView;
use tr_app::work_items::{CreateWorkItem, WorkItemError, create_work_item};
use tr_app::{IdempotencyError, IdempotencyRequest, Keyed, Outcome, StoredAnswer};
use tr_domain::WorkItemKind;

use crate::world::*;

fn answer(view: &WorkItemView) -> StoredAnswer {
    StoredAnswer {
        status: 201,
        etag: Some(format!("\"{}\"", view.revision)),
        location: Some(format!("/api/v1/work-items/{}", view.id)),
        body: serde_json::to_vec(view).unwrap(),
    }
}

fn request(key: &str, body: &str) -> IdempotencyRequest {
    IdempotencyRequest::new(
        Who::Builder.id(),
        "POST",
        "/api/v1/work-items",
        key,
        body.as_bytes(),
    )
}

fn command(world: &World, name: &str) -> CreateWorkItem {
    CreateWorkItem {
        folder_id: Some(world.root),
        ..new(WorkItemKind::Grid, name)
    }
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer() {
    let world = World::new().await;
    let ctx = world.ctx(Who::Builder);
    let send = async |request, name: &str| {
        let key = Some(Keyed {
            request,
            answer: &answer,
        });
        create_work_item(&ctx, &world.db, command(&world, name), key).await
    };
    let first = send(request("k", "A"), "A").await.unwrap();
    let Outcome::Done(view) = first else {
        panic!("{first:?}")
    };
    let again = send(request("k", "A"), "A").await.unwrap();
    assert_eq!(again, Outcome::Replayed(answer(&view)));
    let other = send(request("k", "B"), "B").await.unwrap_err();
    assert!(matches!(
        other,
        WorkItemError::Idempotency(IdempotencyError::BodyDiffers)
    ));
    assert!(matches!(
        send(request("l", "A"), "A").await.unwrap(),
        Outcome::Done(_)
    ));
    assert_eq!(world.number("SELECT COUNT(*) FROM work_items").await, 2);
    assert_eq!(
        world
            .number("SELECT COUNT(DISTINCT number) FROM outbox")
            .await,
        2
    );
}

#[tokio::test]
async fn a_refused_request_keeps_no_answer() {
    let world = World::new().await;
    let ctx = world.ctx(Who::Builder);
    let key = || {
        Some(Keyed {
            request: request("k", "A"),
            answer: &answer,
        })
    };
    create_work_item(&ctx, &world.db, command(&world, " "), key())
        .await
        .unwrap_err();
    let good = create_work_item(&ctx, &world.db, command(&world, "A"), key())
        .await
        .unwrap();
    assert!(matches!(good, Outcome::Done(_)));
}

#[tokio::test]
async fn after_a_day_the_key_is_free() {
    let world = World::new().await;
    let mut ctx = world.ctx(Who::Builder);
    let key = || {
        Some(Keyed {
            request: request("k", "A"),
            answer: &answer,
        })
    };
    create_work_item(&ctx, &world.db, command(&world, "A"), key())
        .await
        .unwrap();
    ctx.now += chrono::TimeDelta::hours(24) + chrono::TimeDelta::seconds(1);
    let later = create_work_item(&ctx, &world.db, command(&world, "A"), key())
        .await
        .unwrap();
    assert!(matches!(later, Outcome::Done(_)));
}

#[tokio::test]
async fn concurrent_duplicates_have_one_effect() {
    let world = World::new().await;
    let mut senders = Vec::new();
    for n in 0..24 {
        let (db, ctx, command) = (
            world.db.clone(),
            world.ctx(Who::Builder),
            command(&world, "A"),
        );
        let request = request(&format!("key {}", n % 3), "A");
        senders.push(async move {
            create_work_item(
                &ctx,
                &db,
                command,
                Some(Keyed {
                    request,
                    answer: &answer,
                }),
            )
            .await
        });
    }
    let mut done = 0;
    for outcome in join_all(senders).await {
        match outcome.unwrap() {
            Outcome::Done(_) => done += 1,
            Outcome::Replayed(answer) => assert_eq!(answer.status, 201),
        }
    }
    assert_eq!(done, 3);
    assert_eq!(world.number("SELECT COUNT(*) FROM work_items").await, 3);
}
