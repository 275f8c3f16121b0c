//! Completing and reopening, and what follows from it.

use kernel::IfMatch;
use tr_app::Denied;
use tr_app::work_items::{WorkItemError, reopen_work_item};
use tr_domain::completion::Hindrance;
use tr_domain::{ContentPatch, ElementType, GateOutcome, WorkItemKind};

use crate::world::*;

fn assert_hindered<V: std::fmt::Debug>(result: Result<V, WorkItemError>, wanted: Hindrance) {
    match result {
        Err(WorkItemError::Hindered(hindrance)) => assert_eq!(hindrance, wanted),
        other => panic!("expected {wanted:?}, got {other:?}"),
    }
}

async fn reopen(world: &World, who: Who, id: kernel::WorkItemId) -> Result<(), WorkItemError> {
    reopen_work_item(&world.ctx(who), &world.db, id, IfMatch::Missing, None)
        .await
        .map(drop)
}

#[tokio::test]
async fn an_element_follows_its_tasks() {
    let world = World::new().await;
    let plan = world.plan().await;
    world.complete(Who::User, plan.tasks[0]).await.unwrap();
    let element = world.get(plan.element).await;
    assert_eq!((element.completed_at, element.progress), (None, Some(0.5)));
    world.complete(Who::User, plan.tasks[1]).await.unwrap();
    let element = world.get(plan.element).await;
    assert!(element.completed_at.is_some());
    assert_eq!(element.revision.0, 1, "nobody edited the element");
    reopen(&world, Who::User, plan.tasks[0]).await.unwrap();
    assert_eq!(world.get(plan.element).await.completed_at, None);
    world.complete(Who::User, plan.tasks[0]).await.unwrap();
    let third = world.child(WorkItemKind::Task, plan.element, "Three").await;
    assert_eq!(
        world.get(plan.element).await.completed_at,
        None,
        "a new task is open"
    );
    let ctx = world.ctx(Who::Architect);
    tr_app::work_items::delete_work_item(&ctx, &world.db, third, IfMatch::Any)
        .await
        .unwrap();
    assert!(world.get(plan.element).await.completed_at.is_some());
    assert_hindered(
        world.complete(Who::Architect, plan.element).await,
        Hindrance::FollowsContent,
    );
    assert_hindered(
        reopen(&world, Who::Architect, plan.element).await,
        Hindrance::FollowsContent,
    );
    world.assert_counts(plan.grid).await;
}

#[tokio::test]
async fn completing_twice_changes_nothing() {
    let world = World::new().await;
    let plan = world.plan().await;
    let first = world.complete(Who::User, plan.tasks[0]).await.unwrap();
    let events = world.number("SELECT value FROM event_counter").await;
    let second = world.complete(Who::User, plan.tasks[0]).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(
        world.number("SELECT value FROM event_counter").await,
        events
    );
}

#[tokio::test]
async fn viewers_complete_their_own_and_what_is_nobodys() {
    let world = World::new().await;
    let plan = world.plan().await;
    let assigned = |who: Who| ContentPatch {
        assignee_id: Some(Some(who.id())),
        ..ContentPatch::default()
    };
    let [mine, theirs] = plan.tasks;
    world
        .patch(Who::Builder, mine, assigned(Who::User))
        .await
        .unwrap();
    world
        .patch(Who::Builder, theirs, assigned(Who::Colleague))
        .await
        .unwrap();
    assert_denied(world.complete(Who::User, theirs).await, Denied::Forbidden);
    world.complete(Who::User, mine).await.unwrap();
    world.complete(Who::Builder, theirs).await.unwrap();
    let box_ = world
        .element(plan.stages[0], plan.themes[1], ElementType::Checkable)
        .await;
    world.complete(Who::Colleague, box_).await.unwrap();
    assert_denied(world.complete(Who::Stranger, box_).await, Denied::NotFound);
}

#[tokio::test]
async fn evidence_is_asked_for() {
    let world = World::new().await;
    let plan = world.plan().await;
    let evidence = ContentPatch {
        evidence_required: Some(true),
        ..ContentPatch::default()
    };
    world
        .patch(Who::Builder, plan.tasks[0], evidence)
        .await
        .unwrap();
    let refused = world.complete(Who::Architect, plan.tasks[0]).await;
    assert_hindered(refused, Hindrance::EvidenceMissing);
    let information = world
        .element(plan.stages[0], plan.themes[1], ElementType::Information)
        .await;
    assert_hindered(
        world.complete(Who::Builder, information).await,
        Hindrance::NeverCompleted,
    );
    assert_hindered(
        world.complete(Who::Builder, plan.stages[0]).await,
        Hindrance::FollowsContent,
    );
}

#[tokio::test]
async fn a_gate_is_decided_after_its_tasks_unless_said_why_not() {
    let world = World::new().await;
    let plan = world.plan().await;
    let gate = plan.gate;
    let proceed = Some(GateOutcome::Proceed);
    assert_eq!(world.get(gate).await.progress, Some(0.0));
    assert_denied(
        world.decide(Who::User, gate, proceed, None).await,
        Denied::Forbidden,
    );
    let error = world
        .decide(Who::Builder, gate, None, None)
        .await
        .unwrap_err();
    assert_eq!(faults(&error), [("/outcome".to_owned(), "required")]);
    let task = world.child(WorkItemKind::Task, gate, "Slides").await;
    world.assert_counts(plan.grid).await;
    assert_hindered(
        world.decide(Who::Builder, gate, proceed, None).await,
        Hindrance::TasksOpen,
    );
    let decided = world
        .decide(Who::Builder, gate, proceed, Some("No time"))
        .await
        .unwrap();
    assert_eq!(decided.outcome, proceed);
    assert!(decided.completed_at.is_some());
    assert_eq!(decided.progress, Some(0.0), "a gate with tasks rolls up");
    let other = world
        .decide(Who::Builder, gate, Some(GateOutcome::Stop), Some("x"))
        .await;
    assert_hindered(other, Hindrance::AlreadyDecided);
    reopen(&world, Who::Builder, gate).await.unwrap();
    let open = world.get(gate).await;
    assert_eq!((open.outcome, open.completed_at), (None, None));
    world.complete(Who::User, task).await.unwrap();
    let hold = world
        .decide(Who::Builder, gate, Some(GateOutcome::Hold), None)
        .await
        .unwrap();
    assert_eq!(hold.outcome, Some(GateOutcome::Hold));
    world.assert_counts(plan.grid).await;
}

#[tokio::test]
async fn durations_weigh_once_every_leaf_has_one() {
    let world = World::new().await;
    let plan = world.plan().await;
    let minutes = |n| ContentPatch {
        duration_minutes: Some(Some(n)),
        ..ContentPatch::default()
    };
    world.complete(Who::User, plan.tasks[0]).await.unwrap();
    world
        .patch(Who::Builder, plan.tasks[0], minutes(300))
        .await
        .unwrap();
    assert_eq!(world.get(plan.element).await.progress, Some(0.5));
    world
        .patch(Who::Builder, plan.tasks[1], minutes(100))
        .await
        .unwrap();
    assert_eq!(world.get(plan.element).await.progress, Some(0.75));
    assert_eq!(
        world.get(plan.grid).await.progress,
        Some(0.75),
        "a milestone has no weight"
    );
    assert_eq!(world.get(plan.themes[0]).await.progress, Some(0.75));
    world.assert_counts(plan.grid).await;
}
