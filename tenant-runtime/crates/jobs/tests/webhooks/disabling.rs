//! Receivers that are given up.

use chrono::{TimeDelta, Utc};
use tr_domain::{DeliveryState, DisabledReason};

use crate::receiver::{Answer, Receiver};
use crate::scene::Scene;

/// How often it was written down that the platform disabled a webhook.
async fn told(scene: &Scene) -> i64 {
    let sql = "SELECT COUNT(*) FROM activity WHERE kind = 'webhook.disabled' AND \
               field = 'disabled_reason' AND actor_id = x'00000000000000000000000000000000'";
    scene.count(sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_believed() {
    let (scene, receiver) = (Scene::new().await, Receiver::start().await);
    receiver.answer(Answer::Status(410));
    let hook = scene.webhook(&receiver.url(), |_| {}).await;
    let other = scene.webhook(&Receiver::start().await.url(), |_| {}).await;
    scene.any_event().await;
    let row = scene.delivery(hook).await;
    assert_eq!(
        (row.state, row.next_attempt_at),
        (DeliveryState::Failed, None)
    );
    let kept = scene.find(hook).await;
    assert_eq!(kept.disabled_reason, Some(DisabledReason::Gone));
    assert_eq!(kept.revision.0, 2);
    assert_eq!(told(&scene).await, 1);
    // What happens to webhooks is not told to webhooks.
    assert_eq!(scene.deliveries(other).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_took_nothing_for_days_is_given_up_and_no_other() {
    let (scene, receiver) = (Scene::new().await, Receiver::start().await);
    receiver.answer(Answer::Status(500));
    let mut hooks = Vec::new();
    for days in [1, 6] {
        let since = Utc::now() - TimeDelta::days(days);
        let failing = move |row: &mut tr_store::webhooks::WebhookRow| {
            row.failures = 9;
            row.failing_since = Some(since);
        };
        hooks.push(scene.webhook(&receiver.url(), failing).await);
    }
    scene.any_event().await;
    for hook in &hooks {
        // Before its last attempt no delivery gives a webhook up.
        assert_eq!(scene.find(*hook).await.disabled_at, None);
    }
    scene
        .run("UPDATE webhook_deliveries SET attempts = 9")
        .await;
    scene.hasten().await;
    for hook in &hooks {
        let row = scene.delivery(*hook).await;
        assert_eq!(
            (row.state, row.next_attempt_at),
            (DeliveryState::Failed, None)
        );
    }
    let [young, old] = [scene.find(hooks[0]).await, scene.find(hooks[1]).await];
    assert_eq!((young.disabled_reason, young.failures), (None, 11));
    assert_eq!(old.disabled_reason, Some(DisabledReason::Failing));
    assert_eq!(told(&scene).await, 1);
}
