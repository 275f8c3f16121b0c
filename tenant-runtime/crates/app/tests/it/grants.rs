//! Rights: who gives them, and what externals never get.

use kernel::{GroupId, IfMatch};
use tr_app::grants::{GrantError, Level, PutGrant, Subject, delete_grant, list_grants, put_grant};
use tr_app::views::GrantView;
use tr_app::{Denied, Outcome, PageRequest};
use tr_domain::access::ExternalRule;
use uuid::Uuid;

use crate::world::*;

async fn put(
    world: &World,
    who: Who,
    object_id: Uuid,
    subject: Subject,
    level: Level,
) -> Result<GrantView, GrantError> {
    let command = PutGrant {
        object_id,
        subject,
        level,
    };
    match put_grant(&world.ctx(who), &world.db, command, None).await? {
        Outcome::Done(view) => Ok(view),
        Outcome::Replayed(_) => unreachable!("there was no key"),
    }
}

#[tokio::test]
async fn rights_are_given_changed_and_taken_by_those_who_manage() {
    let world = World::new().await;
    let plan = world.plan().await;
    let grid = plan.grid.as_uuid();
    let colleague = Subject::Member(Who::Colleague.id());
    for (who, denied) in [
        (Who::Builder, Denied::Forbidden),
        (Who::Stranger, Denied::NotFound),
    ] {
        let refused = put(&world, who, grid, colleague, Level::Edit).await;
        assert!(
            matches!(refused, Err(GrantError::Denied(d)) if d == denied),
            "{who:?}"
        );
    }
    let view = put(&world, Who::Architect, grid, colleague, Level::Edit)
        .await
        .unwrap();
    assert_eq!(
        (view.level, view.revision.0, view.subject_name.as_str()),
        (Level::Edit, 1, "Colleague")
    );
    let same = put(&world, Who::Architect, grid, colleague, Level::Edit)
        .await
        .unwrap();
    assert_eq!(same, view);
    let more = put(&world, Who::Architect, grid, colleague, Level::Manage)
        .await
        .unwrap();
    assert_eq!((more.id, more.revision.0), (view.id, 2));
    let ctx = world.ctx(Who::Colleague);
    let listed = list_grants(&ctx, &world.db, grid, PageRequest::default())
        .await
        .unwrap();
    assert_eq!(listed.data.len(), 4);
    let stale = delete_grant(&ctx, &world.db, view.id, revision(1)).await;
    assert!(matches!(
        stale,
        Err(GrantError::Denied(Denied::PreconditionFailed { .. }))
    ));
    delete_grant(&ctx, &world.db, view.id, revision(2))
        .await
        .unwrap();
    let gone = delete_grant(&ctx, &world.db, view.id, IfMatch::Any).await;
    assert!(matches!(gone, Err(GrantError::Denied(_))));
}

#[tokio::test]
async fn externals_and_groups_with_one_never_manage() {
    let world = World::new().await;
    let grid = world.grid("G").await.as_uuid();
    let guest = Subject::Member(Who::Guest.id());
    let refused = put(&world, Who::Architect, grid, guest, Level::Manage).await;
    assert!(matches!(
        refused,
        Err(GrantError::External(ExternalRule::MemberIsExternal))
    ));
    let group = |name| Subject::Group(GroupId::from_uuid(system_group(name)));
    let refused = put(
        &world,
        Who::Architect,
        grid,
        group("external"),
        Level::Manage,
    )
    .await;
    assert!(matches!(
        refused,
        Err(GrantError::External(ExternalRule::GroupHasExternal))
    ));
    put(&world, Who::Architect, grid, group("external"), Level::Edit)
        .await
        .unwrap();
    put(
        &world,
        Who::Architect,
        grid,
        group("internal"),
        Level::Manage,
    )
    .await
    .unwrap();
    let nobody = Subject::Member(kernel::MemberId::from_uuid(Uuid::now_v7()));
    let unknown = put(&world, Who::Architect, grid, nobody, Level::View).await;
    assert!(matches!(unknown, Err(GrantError::Invalid(_))));
}
