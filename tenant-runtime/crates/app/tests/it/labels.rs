//! Labels and the labels on items.

use kernel::{IfMatch, LabelId};
use tr_app::labels::{
    CreateLabel, LabelError, PatchLabel, create_label, delete_label, list_labels, patch_label,
};
use tr_app::work_items::{PatchWorkItem, patch_work_item};
use tr_app::{Denied, PageRequest};
use tr_domain::ContentPatch;
use tr_domain::labels::LabelChoice;
use uuid::Uuid;

use crate::world::*;

async fn label(world: &World, who: Who, name: &str) -> Result<LabelId, LabelError> {
    let command = CreateLabel {
        name: name.into(),
        colour: "#1A6B34".into(),
    };
    create_label(&world.ctx(who), &world.db, command, None)
        .await
        .map(|l| done(l).id)
}

#[tokio::test]
async fn labels_are_kept_by_builders_and_have_one_name_each() {
    let world = World::new().await;
    let id = label(&world, Who::Builder, "Risk").await.unwrap();
    assert!(matches!(
        label(&world, Who::Builder, "risk").await,
        Err(LabelError::NameTaken)
    ));
    let refused = label(&world, Who::User, "Mine").await;
    assert!(matches!(
        refused,
        Err(LabelError::Denied(Denied::Forbidden))
    ));
    let patch = PatchLabel {
        id,
        if_match: revision(1),
        name: None,
        colour: Some("#000000".into()),
    };
    let view = patch_label(&world.ctx(Who::Builder), &world.db, patch)
        .await
        .unwrap();
    assert_eq!((view.revision.0, view.colour.as_str()), (2, "#000000"));
    let ctx = world.ctx(Who::User);
    let seen = list_labels(&ctx, &world.db, PageRequest::default())
        .await
        .unwrap()
        .data;
    assert_eq!(seen, [view]);
    delete_label(&world.ctx(Who::Builder), &world.db, id, IfMatch::Any)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_item_carries_many_and_one_is_primary() {
    let world = World::new().await;
    let plan = world.plan().await;
    let (one, two) = (
        label(&world, Who::Builder, "One").await.unwrap(),
        label(&world, Who::Builder, "Two").await.unwrap(),
    );
    let put = async |labels: Vec<(LabelId, bool)>| {
        let labels = labels
            .into_iter()
            .map(|(label, primary)| LabelChoice { label, primary })
            .collect();
        let command = PatchWorkItem {
            id: plan.gate,
            if_match: IfMatch::Any,
            content: ContentPatch::default(),
            labels: Some(labels),
        };
        patch_work_item(&world.ctx(Who::Builder), &world.db, command).await
    };
    let view = put(vec![(one, false), (two, true)]).await.unwrap();
    let names: Vec<_> = view
        .labels
        .iter()
        .map(|l| (l.name.as_str(), l.primary))
        .collect();
    assert_eq!(names, [("Two", true), ("One", false)]);
    assert_eq!(view.revision.0, 2);
    let same = put(vec![(two, true), (one, false)]).await.unwrap();
    assert_eq!(same.revision.0, 2, "the order does not matter");
    let nobody = LabelId::from_uuid(Uuid::now_v7());
    let error = put(vec![(nobody, false), (one, true)]).await.unwrap_err();
    assert_eq!(faults(&error), [("/labels/0".to_owned(), "unknown")]);
    let error = put(vec![(one, true), (two, true)]).await.unwrap_err();
    assert_eq!(faults(&error), [("/labels".to_owned(), "two_primary")]);
    delete_label(&world.ctx(Who::Builder), &world.db, two, IfMatch::Any)
        .await
        .unwrap();
    assert_eq!(world.get(plan.gate).await.labels.len(), 1);
    let ctx = world.ctx(Who::Stranger);
    assert!(
        list_labels(&ctx, &world.db, PageRequest::default())
            .await
            .unwrap()
            .data
            .is_empty()
    );
}
