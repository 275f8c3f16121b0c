//! What is sent to whom.

use std::collections::BTreeSet;

use broker::Verdict;
use chrono::{TimeDelta, Utc};
use kernel::{FolderId, WorkItemId};
use testkit::{StatementCounter, eventually};
use tr_domain::DeliveryState;
use tr_domain::event::EventKind;
use uuid::Uuid;

use crate::receiver::{Answer, Message, Receiver};
use crate::scene::{SECRET, Scene};
use crate::support::LIMIT;

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_sent_once_to_every_webhook_however_often_it_is_published() {
    let (scene, one, two) = (
        Scene::new().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    scene.webhook(&one.url(), |_| {}).await;
    let labels = |row: &mut tr_store::webhooks::WebhookRow| row.kinds = vec!["label.*".to_owned()];
    scene.webhook(&two.url(), labels).await;
    let wanted = [EventKind::WorkItemCompleted, EventKind::LabelCreated];
    for round in 1..=10_usize {
        for kind in wanted {
            scene.event(kind, None, None).await;
        }
        // As after a crash between the confirm and the note of it.
        scene.carry_again().await;
        assert_eq!(
            (one.messages().len(), two.messages().len()),
            (2 * round, round)
        );
    }
    let (all, labels) = (one.messages(), two.messages());
    let ids: BTreeSet<&str> = all.iter().map(|message| message.id()).collect();
    let numbers: BTreeSet<u64> = all
        .iter()
        .filter_map(|message| message.json()["data"]["number"].as_u64())
        .collect();
    assert_eq!((ids.len(), numbers.len(), labels.len()), (20, 20, 10));
    let rows = "SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'succeeded'";
    assert_eq!(scene.count(rows).await, 30);
    assert!(
        labels
            .iter()
            .all(|message| message.json()["type"] == "label.created")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_signed_for_others_and_tells_no_values() {
    let (scene, receiver) = (Scene::new().await, Receiver::start().await);
    let hook = scene.webhook(&receiver.url(), |_| {}).await;
    scene.any_event().await;
    let row = scene.delivery(hook).await;
    let [message] = &receiver.messages()[..] else {
        panic!("one message");
    };
    assert!(message.verifies(SECRET));
    assert!(!message.verifies(b"another secret of enough bytes!!"));
    let mut forged = message.clone();
    forged.body.push(b' ');
    assert!(!forged.verifies(SECRET));
    assert_eq!(
        (message.path.as_str(), message.id()),
        ("/hook", &*row.id.to_string())
    );
    assert_eq!(message.headers["content-type"], "application/json");
    let body = message.json();
    assert_eq!(body["type"], "work_item.changed");
    assert_eq!(body["data"]["number"], row.event_number.unwrap());
    assert_eq!(body["data"]["changed_fields"], serde_json::json!(["name"]));
    assert!(!row.body.contains("before") && !row.body.contains("after"));
    assert_eq!(
        (row.state, row.last_status),
        (DeliveryState::Succeeded, Some(204))
    );
    assert_eq!((row.last_error, row.next_attempt_at), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_secrets_sign_for_a_day() {
    let (scene, receiver) = (Scene::new().await, Receiver::start().await);
    let old: &[u8] = b"the secret that was there before";
    let sealed = scene.seal(old);
    let until = Utc::now() + TimeDelta::hours(1);
    let rotated = move |row: &mut tr_store::webhooks::WebhookRow| {
        row.previous_secret = Some(sealed);
        row.previous_until = Some(until);
    };
    scene.webhook(&receiver.url(), rotated).await;
    scene.any_event().await;
    scene
        .run("UPDATE webhooks SET previous_until = UTC_TIMESTAMP(6)")
        .await;
    scene.any_event().await;
    let by_old: Vec<_> = receiver
        .messages()
        .iter()
        .map(|m| m.verifies(old))
        .collect();
    assert_eq!(by_old, [true, false]);
    assert!(
        receiver
            .messages()
            .iter()
            .all(|message| message.verifies(SECRET))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_a_grid_or_folder_hears_of_what_is_in_it() {
    let scene = Scene::new().await;
    let [of_grid, of_folder] = [Receiver::start().await, Receiver::start().await];
    let root = scene.tenant.tenant.as_uuid();
    let [folder, below, beside, grid, other] = [(); 5].map(|()| Uuid::now_v7());
    for (id, parent) in [(folder, root), (below, folder), (beside, root)] {
        let (id, parent) = (id.simple(), parent.simple());
        let sql = format!(
            "INSERT INTO folders (id, parent_id, name, position, revision, created_at, updated_at) \
             VALUES (x'{id}', x'{parent}', 'f', 1, 1, NOW(6), NOW(6))"
        );
        scene.run(&sql).await;
    }
    for (id, folder) in [(grid, below), (other, beside)] {
        let (id, folder) = (id.simple(), folder.simple());
        let sql = format!(
            "INSERT INTO work_items (id, kind, grid_id, folder_id, position, name, description, \
             revision, created_at, created_by, updated_at) VALUES (x'{id}', 'grid', x'{id}', \
             x'{folder}', 1, 'g', '', 1, NOW(6), x'{id}', NOW(6))"
        );
        scene.run(&sql).await;
    }
    let (grid, other) = (WorkItemId::from_uuid(grid), WorkItemId::from_uuid(other));
    let [folder, below, beside] = [folder, below, beside].map(FolderId::from_uuid);
    scene
        .webhook(&of_grid.url(), |row| row.grid_id = Some(grid))
        .await;
    scene
        .webhook(&of_folder.url(), |row| row.folder_id = Some(folder))
        .await;
    let places = [
        (Some(grid), None),
        (Some(other), None),
        (None, Some(folder)),
        (None, Some(below)),
        (None, Some(beside)),
        (None, None),
    ];
    for (grid, folder) in places {
        scene.event(EventKind::WorkItemMoved, grid, folder).await;
    }
    let told = |receiver: &Receiver| {
        let numbers = receiver.messages().into_iter();
        let numbers = numbers.filter_map(|message| message.json()["data"]["number"].as_u64());
        numbers.collect::<BTreeSet<_>>()
    };
    let first = scene
        .count("SELECT CAST(MIN(event_number) AS SIGNED) FROM activity")
        .await;
    let first = u64::try_from(first).unwrap();
    assert_eq!(told(&of_grid), BTreeSet::from([first]));
    assert_eq!(
        told(&of_folder),
        BTreeSet::from([first, first + 2, first + 3])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_the_same_message_and_what_was_under_way_does_not_end_it() {
    let (scene, receiver) = (Scene::new().await, Receiver::start().await);
    let hook = scene.webhook(&receiver.url(), |_| {}).await;
    scene.any_event().await;
    let first = scene.delivery(hook).await;
    scene.replay(&first).await;
    scene.carry().await;
    // An attempt that is answered too late, and a replay before it is given up.
    receiver.answer(Answer::Silent);
    scene.replay(&first).await;
    let late = async {
        eventually(LIMIT, || async { receiver.messages().len() == 3 }).await;
        receiver.answer(Answer::Status(204));
        scene.replay(&first).await;
    };
    tokio::join!(scene.carry(), late);
    let row = scene.delivery(hook).await;
    assert_eq!((row.state, row.attempts), (DeliveryState::Succeeded, 1));
    assert_eq!(scene.find(hook).await.failures, 0);
    let messages = receiver.messages();
    assert_eq!(messages.len(), 4);
    let same = |message: &Message| {
        message.id() == first.id.to_string() && message.body == first.body.as_bytes()
    };
    assert!(messages.iter().all(same));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_webhooks_hear_of_many_events_in_few_statements() {
    let scene = Scene::new().await;
    for _ in 0..10 {
        scene.webhook("http://127.0.0.1:9/", |_| {}).await;
    }
    let counter = StatementCounter::start(&scene.user).await;
    scene.heard(200).await;
    let asked = counter.read().await;
    for table in ["webhook_deliveries", "jobs"] {
        let rows = format!("SELECT COUNT(*) FROM {table}");
        assert_eq!(scene.count(&rows).await, 2000);
    }
    // 2,000 rows are 15 of 128 and four more: of deliveries and of jobs.
    assert!(asked.of("com/Execute") <= 2 * 19 + 12, "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_two_workers_have_at_once_is_sent_once() {
    let (scene, receiver) = (Scene::new().await, Receiver::start().await);
    // It takes its time, in which both could send.
    receiver.answer(Answer::Silent);
    let hook = scene.webhook(&receiver.url(), |_| {}).await;
    scene.heard(1).await;
    let verdicts = scene.carry_to_two().await;
    assert_eq!(receiver.messages().len(), 1, "{verdicts:?}");
    let row = scene.delivery(hook).await;
    assert_eq!((row.state, row.attempts), (DeliveryState::Pending, 1));
    // The one who came second is told to look again, and finds it done.
    let again = verdicts.iter().flatten();
    let again = again.filter(|verdict| matches!(verdict, Verdict::Retry(_)));
    assert_eq!(again.count(), 1, "{verdicts:?}");
}
