//! Every change is an event, and nothing else is.

use std::collections::BTreeMap;

use kernel::IfMatch;
use sea_orm::EntityTrait;
use serde_json::json;
use tr_app::work_items::{delete_work_item, undelete_work_item};
use tr_domain::event::EventPayload;
use tr_domain::{ContentPatch, Rag};
use tr_store::entities::outbox;

use crate::world::*;

async fn events(world: &World) -> BTreeMap<u64, (String, EventPayload)> {
    let rows = outbox::Entity::find()
        .all(world.test_db.conn())
        .await
        .unwrap();
    rows.into_iter()
        .map(|row| {
            assert!(["activity", "notification"].contains(&row.class.as_str()));
            assert_eq!(row.version, 1);
            assert!(row.published_at.is_none() && row.done_at.is_none());
            (
                row.number,
                (row.kind, serde_json::from_value(row.payload).unwrap()),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_change_is_one_event_with_an_entry_per_field() {
    let world = World::new().await;
    let plan = world.plan().await;
    let before = events(&world).await.len();
    let patch = ContentPatch {
        rag: Some(Some(Rag::Red)),
        ..named("Renamed")
    };
    world
        .patch(Who::Builder, plan.tasks[0], patch.clone())
        .await
        .unwrap();
    world
        .patch(Who::Builder, plan.tasks[0], patch)
        .await
        .unwrap();
    let all = events(&world).await;
    assert_eq!(all.len(), before + 1);
    let (number, (kind, payload)) = all.last_key_value().unwrap();
    assert_eq!(
        (*number, kind.as_str()),
        (before as u64 + 1, "work_item.changed")
    );
    assert_eq!(payload.object_id, plan.tasks[0].as_uuid());
    assert_eq!(payload.grid_id, Some(plan.grid));
    assert_eq!(payload.actor_id, Who::Builder.id());
    assert_eq!(payload.request_id, "test-request");
    let changes: Vec<_> = payload
        .changes
        .iter()
        .map(|c| (c.field.as_deref().unwrap(), &c.old, &c.new))
        .collect();
    assert_eq!(
        changes,
        [
            ("name", &json!("One"), &json!("Renamed")),
            ("rag", &json!(null), &json!("red"))
        ]
    );
}

#[tokio::test]
async fn each_kind_of_change_has_its_kind_of_event() {
    let world = World::new().await;
    let plan = world.plan().await;
    let before = events(&world).await.len() as u64;
    world.complete(Who::User, plan.tasks[0]).await.unwrap();
    world.complete(Who::User, plan.tasks[1]).await.unwrap();
    world
        .move_to(Who::Builder, stay(plan.tasks[0]))
        .await
        .unwrap();
    let ctx = world.ctx(Who::Architect);
    delete_work_item(&ctx, &world.db, plan.element, IfMatch::Any)
        .await
        .unwrap();
    undelete_work_item(
        &ctx,
        &world.db,
        plan.element,
        kernel::IfMatch::Missing,
        None,
    )
    .await
    .unwrap();
    let kinds: Vec<_> = events(&world)
        .await
        .range(before + 1..)
        .map(|(_, (kind, _))| kind.clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "work_item.completed",
            "work_item.completed",
            "work_item.completed",
            "work_item.moved",
            "work_item.deleted",
            "work_item.undeleted",
        ],
        "the third is the element, which follows its tasks"
    );
}

#[tokio::test]
async fn a_refused_change_leaves_no_event() {
    let world = World::new().await;
    let plan = world.plan().await;
    let before = events(&world).await;
    world
        .patch(Who::User, plan.tasks[0], named("x"))
        .await
        .unwrap_err();
    world
        .patch(Who::Builder, plan.tasks[0], named(""))
        .await
        .unwrap_err();
    world
        .complete(Who::Builder, plan.stages[0])
        .await
        .unwrap_err();
    assert_eq!(events(&world).await, before);
}
