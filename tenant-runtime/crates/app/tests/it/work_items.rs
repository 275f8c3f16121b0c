//! Creating, reading and changing items of all kinds.

use insta::assert_json_snapshot;
use kernel::{IfMatch, WorkItemId};
use tr_app::Denied;
use tr_app::work_items::{CreateWorkItem, PatchWorkItem, patch_work_item};
use tr_domain::{Constraint, ContentPatch, ElementType, LocalMinute, Rag, WorkItemKind};
use uuid::Uuid;

use crate::world::*;

macro_rules! assert_view {
    ($name:literal, $view:expr) => {
        assert_json_snapshot!($name, $view, {
            ".id" => "[id]", ".grid_id" => "[id]",
            ".parent_id" => insta::dynamic_redaction(redacted),
            ".folder_id" => insta::dynamic_redaction(redacted),
            ".stage_id" => insta::dynamic_redaction(redacted),
            ".theme_id" => insta::dynamic_redaction(redacted),
        });
    };
}

#[expect(clippy::needless_pass_by_value, reason = "the form that insta calls")]
fn redacted(
    value: insta::internals::Content,
    _path: insta::internals::ContentPath<'_>,
) -> &'static str {
    if value.is_nil() { "null" } else { "[id]" }
}

#[tokio::test]
async fn all_six_kinds_have_the_form_of_the_contract() {
    let world = World::new().await;
    let plan = world.plan().await;
    world.complete(Who::Architect, plan.tasks[0]).await.unwrap();
    assert_view!("grid", world.get(plan.grid).await);
    assert_view!("stage", world.get(plan.stages[0]).await);
    assert_view!("theme", world.get(plan.themes[0]).await);
    assert_view!("element", world.get(plan.element).await);
    assert_view!("gate", world.get(plan.gate).await);
    assert_view!("task", world.get(plan.tasks[0]).await);
    world.assert_counts(plan.grid).await;
}

#[tokio::test]
async fn every_field_of_a_task_can_be_written_and_read() {
    let world = World::new().await;
    let plan = world.plan().await;
    let minute = |text: &str| Some(Some(LocalMinute::parse(text).unwrap()));
    let patch = ContentPatch {
        name: Some("Call the notary".into()),
        description: Some("Ask for\ntwo dates".into()),
        element_type: None,
        assignee_id: Some(Some(Who::Guest.id())),
        rag: Some(Some(Rag::Amber)),
        start: minute("2026-02-02T08:00"),
        finish: minute("2026-02-03T17:00"),
        duration_minutes: Some(Some(960)),
        scheduling: Some(tr_domain::Scheduling::Manual),
        constraint: Some(Some(Constraint::StartNoEarlierThan)),
        constraint_date: minute("2026-02-02T00:00"),
        deadline: minute("2026-02-06T17:00"),
        calendar_id: None,
        actual_start: minute("2026-02-02T09:30"),
        actual_finish: minute("2026-02-03T12:00"),
        remaining_minutes: Some(Some(0)),
        evidence_required: Some(true),
    };
    let task = world
        .patch(Who::Builder, plan.tasks[0], patch.clone())
        .await
        .unwrap();
    assert_view!("task_with_everything", &task);
    assert_eq!(world.get(plan.tasks[0]).await, task);
    let again = world
        .patch(Who::Builder, plan.tasks[0], patch)
        .await
        .unwrap();
    assert_eq!(again, task, "a repeated patch changes nothing");
    world.assert_counts(plan.grid).await;
}

#[tokio::test]
async fn the_checks_of_a_patch_have_their_order() {
    let world = World::new().await;
    let plan = world.plan().await;
    let id = plan.tasks[0];
    let patch = async |who: Who, id: WorkItemId, if_match, name: &str| {
        let command = PatchWorkItem {
            id,
            if_match,
            content: named(name),
            labels: None,
        };
        patch_work_item(&world.ctx(who), &world.db, command).await
    };
    let nobody = WorkItemId::from_uuid(Uuid::now_v7());
    assert_denied(
        patch(Who::Builder, nobody, IfMatch::Missing, "").await,
        Denied::NotFound,
    );
    assert_denied(
        patch(Who::Stranger, id, IfMatch::Missing, "").await,
        Denied::NotFound,
    );
    assert_denied(
        patch(Who::User, id, IfMatch::Missing, "").await,
        Denied::Forbidden,
    );
    let missing = patch(Who::Builder, id, IfMatch::Missing, "").await;
    assert_denied(missing, Denied::PreconditionRequired);
    let current = kernel::Revision(1);
    let stale = Denied::PreconditionFailed { current };
    assert_denied(patch(Who::Builder, id, revision(7), "").await, stale);
    assert_denied(patch(Who::Builder, id, IfMatch::Foreign, "").await, stale);
    let error = patch(Who::Builder, id, revision(1), " ").await.unwrap_err();
    assert_eq!(faults(&error), [("/name".into(), "required")]);
    assert_eq!(
        patch(Who::Builder, id, revision(1), "New")
            .await
            .unwrap()
            .revision
            .0,
        2
    );
}

#[tokio::test]
async fn new_items_need_the_right_place() {
    let world = World::new().await;
    let plan = world.plan().await;
    let other = world.plan().await;
    let refused = async |command: CreateWorkItem| {
        faults(&world.create(Who::Builder, command).await.unwrap_err())
    };
    let nobody = WorkItemId::from_uuid(Uuid::now_v7());
    let element = new(WorkItemKind::Element, "E");
    let cases = [
        (new(WorkItemKind::Grid, "G"), "/folder_id", "required"),
        (
            CreateWorkItem {
                parent_id: Some(nobody),
                ..new(WorkItemKind::Stage, "S")
            },
            "/parent_id",
            "unknown",
        ),
        (
            CreateWorkItem {
                parent_id: Some(plan.stages[0]),
                ..new(WorkItemKind::Task, "T")
            },
            "/parent_id",
            "wrong_kind",
        ),
        (
            CreateWorkItem {
                parent_id: Some(plan.stages[0]),
                theme_id: Some(other.themes[0]),
                ..element.clone()
            },
            "/theme_id",
            "other_grid",
        ),
        (
            CreateWorkItem {
                parent_id: Some(plan.stages[0]),
                theme_id: Some(plan.stages[1]),
                ..element
            },
            "/theme_id",
            "wrong_kind",
        ),
    ];
    for (command, pointer, code) in cases {
        assert_eq!(refused(command).await, [(pointer.to_owned(), code)]);
    }
}

#[tokio::test]
async fn unknown_references_answer_alike() {
    let world = World::new().await;
    let plan = world.plan().await;
    let nobody = kernel::MemberId::from_uuid(Uuid::now_v7());
    let patch = ContentPatch {
        assignee_id: Some(Some(nobody)),
        calendar_id: Some(Some(Uuid::now_v7())),
        ..ContentPatch::default()
    };
    let error = world
        .patch(Who::Builder, plan.tasks[0], patch)
        .await
        .unwrap_err();
    let unknown = ["/assignee_id", "/calendar_id"].map(|p| (p.to_owned(), "unknown"));
    assert_eq!(faults(&error), unknown);
}

#[tokio::test]
async fn an_element_with_tasks_stays_one() {
    let world = World::new().await;
    let plan = world.plan().await;
    let to = |t| ContentPatch {
        element_type: Some(t),
        ..ContentPatch::default()
    };
    let error = world
        .patch(Who::Builder, plan.element, to(ElementType::Checkable))
        .await
        .unwrap_err();
    assert_eq!(faults(&error), [("/element_type".to_owned(), "has_tasks")]);
    let empty = world
        .element(plan.stages[1], plan.themes[1], ElementType::Checkable)
        .await;
    world.complete(Who::Builder, empty).await.unwrap();
    assert_eq!(world.get(plan.grid).await.progress, Some(0.25));
    let view = world
        .patch(Who::Builder, empty, to(ElementType::Information))
        .await
        .unwrap();
    assert_eq!(
        (view.completed_at, view.progress, view.scheduling),
        (None, None, None)
    );
    assert_eq!(world.get(plan.grid).await.progress, Some(0.0));
    world.assert_counts(plan.grid).await;
}
