//! Dependencies: what may be linked, and what is seen of a link.

use kernel::{IfMatch, WorkItemId};
use tr_app::Denied;
use tr_app::dependencies::{
    CreateDependency, DependencyError, DependencyFilter, create_dependency, delete_dependency,
    get_dependency, list_dependencies,
};
use tr_app::grants::{Level, PutGrant, Subject, put_grant};
use tr_app::views::{DependencyView, HIDDEN_NAME};
use tr_domain::{DependencyKind, ElementType};
use uuid::Uuid;

use crate::world::*;

async fn link(
    world: &World,
    who: Who,
    from: WorkItemId,
    to: WorkItemId,
) -> Result<DependencyView, DependencyError> {
    let command = CreateDependency {
        predecessor_id: from,
        successor_id: to,
        kind: DependencyKind::FinishToStart,
        lag_minutes: -30,
    };
    create_dependency(&world.ctx(who), &world.db, command, None)
        .await
        .map(done)
}

fn codes(result: Result<DependencyView, DependencyError>) -> Vec<(String, &'static str)> {
    match result {
        Err(DependencyError::Invalid(faults)) => {
            faults.iter().map(|f| (f.pointer.clone(), f.code)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn links_are_between_two_schedulable_items_once_and_without_circles() {
    let world = World::new().await;
    let plan = world.plan().await;
    let [one, two] = plan.tasks;
    let view = link(&world, Who::Builder, one, two).await.unwrap();
    assert_eq!(
        (view.lag_minutes, view.predecessor.id, view.successor.id),
        (-30, Some(one), Some(two))
    );
    assert!(matches!(
        link(&world, Who::Builder, one, two).await,
        Err(DependencyError::Exists)
    ));
    link(&world, Who::Builder, two, plan.gate).await.unwrap();
    let circle = link(&world, Who::Builder, plan.gate, one).await;
    assert!(matches!(circle, Err(DependencyError::Circle)));
    let refused = [
        (one, one, "/successor_id", "same_item"),
        (plan.element, one, "/successor_id", "related"),
        (plan.themes[0], one, "/predecessor_id", "not_schedulable"),
        (
            WorkItemId::from_uuid(Uuid::now_v7()),
            one,
            "/predecessor_id",
            "unknown",
        ),
    ];
    for (from, to, pointer, code) in refused {
        let found = codes(link(&world, Who::Builder, from, to).await);
        assert_eq!(found, [(pointer.to_owned(), code)]);
    }
    let forbidden = link(&world, Who::User, one, plan.gate).await;
    assert!(matches!(
        forbidden,
        Err(DependencyError::Denied(Denied::Forbidden))
    ));
    let unseen = codes(link(&world, Who::Stranger, one, plan.gate).await);
    let unknown = ["/predecessor_id", "/successor_id"].map(|p| (p.to_owned(), "unknown"));
    assert_eq!(unseen, unknown);
    let information = world
        .element(plan.stages[1], plan.themes[1], ElementType::Information)
        .await;
    assert_eq!(
        codes(link(&world, Who::Builder, one, information).await)[0].1,
        "not_schedulable"
    );
}

#[tokio::test]
async fn the_hidden_end_is_an_item_you_cannot_see() {
    let world = World::new().await;
    let (plan, other) = (world.plan().await, world.plan().await);
    let view = link(&world, Who::Builder, plan.tasks[0], other.tasks[0])
        .await
        .unwrap();
    let share = PutGrant {
        object_id: plan.grid.as_uuid(),
        subject: Subject::Member(Who::Guest.id()),
        level: Level::Edit,
    };
    let guest = world.ctx(Who::Guest);
    assert!(get_dependency(&guest, &world.db, view.id).await.is_err());
    put_grant(&world.ctx(Who::Architect), &world.db, share, None)
        .await
        .unwrap();
    let seen = get_dependency(&guest, &world.db, view.id).await.unwrap();
    assert!(seen.predecessor.visible);
    assert_eq!((seen.successor.visible, seen.successor.id), (false, None));
    assert_eq!(
        (seen.successor.grid_id, seen.successor.name.as_str()),
        (None, HIDDEN_NAME)
    );
    let filter = DependencyFilter {
        grid_id: Some(plan.grid),
        ..Default::default()
    };
    let listed = list_dependencies(&guest, &world.db, filter)
        .await
        .unwrap()
        .data;
    assert_eq!(listed, [seen]);
    let refused = delete_dependency(&guest, &world.db, view.id, IfMatch::Any).await;
    assert!(matches!(
        refused,
        Err(DependencyError::Denied(Denied::Forbidden))
    ));
    let builder = world.ctx(Who::Builder);
    delete_dependency(&builder, &world.db, view.id, revision(1))
        .await
        .unwrap();
    assert!(get_dependency(&builder, &world.db, view.id).await.is_err());
}
