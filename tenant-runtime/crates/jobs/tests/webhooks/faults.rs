//! Receivers that fail, each in its way, and addresses that lead inside.

use std::{net::Ipv4Addr, time::Duration};

use chrono::TimeDelta;
use outbound::{Fetcher, Guard, Names};
use testkit::TestNames;
use tr_domain::DeliveryState;

use crate::receiver::{Answer, Receiver};
use crate::scene::{PATIENCE, Scene, from_now};
use crate::support::TRACE;

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_later_as_the_same_message() {
    let (scene, receiver) = (Scene::new().await, Receiver::start().await);
    let hook = scene.webhook(&receiver.url(), |_| {}).await;
    receiver.answer(Answer::Says(
        "500 No",
        "not today, whsec_c2VjcmV0".to_owned(),
    ));
    scene.any_event().await;
    let row = scene.delivery(hook).await;
    assert_eq!(
        (row.state, row.last_status),
        (DeliveryState::Pending, Some(500))
    );
    assert_eq!(row.response.as_deref(), Some("not today, whsec_…"));
    assert_eq!(
        row.last_error.as_deref(),
        Some("it answered with status 500")
    );
    let wait = from_now(row.next_attempt_at);
    assert!((3..7).contains(&wait.num_seconds()), "{wait}");
    // Both attempts are part of the trace of what they tell.
    let traced = format!("SELECT COUNT(*) FROM jobs WHERE traceparent = '{TRACE}'");
    assert_eq!(scene.count(&traced).await, 2);
    assert_eq!(scene.find(hook).await.failures, 1);
    scene.hasten().await;
    let row = scene.delivery(hook).await;
    assert_eq!(row.attempts, 2);
    let wait = from_now(row.next_attempt_at);
    assert!((4..7).contains(&wait.num_minutes()), "{wait}");
    receiver.answer(Answer::Status(200));
    scene.hasten().await;
    let row = scene.delivery(hook).await;
    assert_eq!(
        (row.state, row.last_error),
        (DeliveryState::Succeeded, None)
    );
    let kept = scene.find(hook).await;
    assert_eq!((kept.failures, kept.failing_since), (0, None));
    let messages = receiver.messages();
    assert_eq!(messages.len(), 3);
    assert!(
        messages
            .iter()
            .all(|m| m.id() == row.id.to_string() && m.body == messages[0].body)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_fail_is_noted_and_costs_little() {
    let trap = Receiver::start().await;
    let elsewhere = format!("302 Found\r\nlocation: {}", trap.url());
    let ways: [(Answer, Option<u16>, &str); 5] = [
        (
            Answer::Says(elsewhere.leak(), String::new()),
            Some(302),
            "it answered with a redirect",
        ),
        (Answer::Endless, Some(500), "it answered with status 500"),
        (Answer::Silent, None, "it did not answer in time"),
        (Answer::Rude, None, "it cannot be reached: "),
        (
            Answer::Status(404),
            Some(404),
            "it answered with status 404",
        ),
    ];
    let scene = Scene::new().await;
    let mut hooks = Vec::new();
    for (answer, ..) in &ways {
        let receiver = Receiver::start().await;
        receiver.answer(answer.clone());
        hooks.push(scene.webhook(&receiver.url(), |_| {}).await);
    }
    let nobody = scene.webhook("http://127.0.0.1:9/", |_| {}).await;
    scene.any_event().await;
    for (hook, (answer, status, error)) in hooks.into_iter().zip(ways) {
        let row = scene.delivery(hook).await;
        assert_eq!(
            (row.state, row.last_status),
            (DeliveryState::Pending, status),
            "{answer:?}"
        );
        let said = row.last_error.unwrap();
        assert!(said.starts_with(error), "{answer:?}: {said}");
        assert!(row.response.unwrap_or_default().len() <= 1000);
        let all = u32::try_from(PATIENCE.as_millis()).unwrap();
        assert!(
            row.duration_ms.unwrap() < 2 * all,
            "{answer:?}: {:?}",
            row.duration_ms
        );
    }
    let row = scene.delivery(nobody).await;
    assert!(row.last_error.unwrap().starts_with("it cannot be reached"));
    assert_eq!(trap.messages().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_busy_says_for_how_long_within_bounds() {
    let scene = Scene::new().await;
    let wishes = [("120", 110, 130), ("1000000", 86_000, 86_500), ("0", 3, 8)];
    for (wish, least, most) in wishes {
        let receiver = Receiver::start().await;
        let head = format!("429 Slow Down\r\nretry-after: {wish}");
        receiver.answer(Answer::Says(head.leak(), String::new()));
        let hook = scene.webhook(&receiver.url(), |_| {}).await;
        scene.any_event().await;
        let row = scene.delivery(hook).await;
        let wait = from_now(row.next_attempt_at);
        let bounds = TimeDelta::seconds(least)..TimeDelta::seconds(most);
        assert!(bounds.contains(&wait), "{wish}: {wait}");
        scene.run("DELETE FROM webhooks").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_inside_is_reached_by_whatever_name() {
    let names = TestNames::start().await;
    let receiver = Receiver::start().await;
    let port = receiver.address.port();
    let public = Ipv4Addr::new(8, 8, 8, 8);
    names.set_addresses("inside.example", &[&[Ipv4Addr::LOCALHOST]]);
    names.set_addresses("mixed.example", &[&[public, Ipv4Addr::LOCALHOST]]);
    names.set_addresses("meta.example", &[&[Ipv4Addr::new(169, 254, 169, 254)]]);
    names.set_addresses("rebind.example", &[&[public], &[Ipv4Addr::LOCALHOST]]);
    let resolver = Names::new(Some(names.address()));
    // As it was when the webhook was saved.
    resolver.addresses("rebind.example").await.unwrap();
    let patience = Duration::from_secs(2);
    let scene = Scene::with(Fetcher::new(Guard::new(false), resolver, patience)).await;
    let mut hooks = Vec::new();
    for url in [
        format!("https://inside.example:{port}/"),
        format!("https://mixed.example:{port}/"),
        "https://meta.example/".to_owned(),
        format!("https://rebind.example:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://10.0.0.1/".to_owned(),
    ] {
        hooks.push((scene.webhook(&url, |_| {}).await, url));
    }
    scene.any_event().await;
    for (hook, url) in hooks {
        let row = scene.delivery(hook).await;
        let said = row.last_error.unwrap();
        assert!(said.starts_with("the address "), "{url}: {said}");
        assert_eq!((row.last_status, row.response), (None, None));
    }
    assert_eq!(receiver.messages().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_deleted_or_disabled_is_sent_nothing_more() {
    let (scene, receiver) = (Scene::new().await, Receiver::start().await);
    receiver.answer(Answer::Status(500));
    let gone = scene.webhook(&receiver.url(), |_| {}).await;
    let off = scene.webhook(&receiver.url(), |_| {}).await;
    scene.any_event().await;
    let conn = scene.db.conn();
    tr_store::webhooks::delete(conn, gone).await.unwrap();
    scene
        .run("UPDATE webhooks SET disabled_at = NOW(6), disabled_reason = 'person'")
        .await;
    scene.hasten().await;
    let row = scene.delivery(off).await;
    assert_eq!(row.state, DeliveryState::Failed);
    assert_eq!(row.last_error.as_deref(), Some("the webhook is disabled"));
    let left = "SELECT COUNT(*) FROM jobs WHERE done_at IS NULL";
    assert_eq!(scene.count(left).await, 0);
    scene.any_event().await;
    assert_eq!(scene.deliveries(off).await.len(), 1);
    assert_eq!(receiver.messages().len(), 2);
}
