//! Another generation of queues: arguments change while messages are in them, and none is lost.

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::collections::BTreeSet;

use broker::{Class, Link, Topology, retire, topology::ClassSpec};
use lapin::{BasicProperties, options::BasicPublishOptions};
use support::{Corner, LIMIT, Recorder, done};
use testkit::eventually;
use tokio_util::sync::CancellationToken;

/// The class with another delivery limit.
fn changed(topology: &Topology, generation: u8) -> Topology {
    topology.clone().with_class(ClassSpec {
        generation,
        delivery_limit: 20,
        ..*Class::Activity.spec()
    })
}

fn retiring(link: &Link) -> CancellationToken {
    let stop = CancellationToken::new();
    tokio::spawn(retire(link.clone(), stop.clone()));
    stop
}

#[tokio::test]
async fn messages_move_to_the_new_generation_while_more_are_published() {
    let mut corner = Corner::new().await;
    let before = corner.publisher().await;
    let old_queue = corner.queue();
    let answers = before.publish(&corner.messages(1..=350)).await;
    assert!(answers.iter().all(Result::is_ok));

    corner.topology = changed(&corner.topology, 2);
    assert_eq!(corner.queue(), format!("{old_queue}.g2"));
    let link = corner.link();
    link.connected().await.unwrap();
    // A program of the version before publishes on by the name that it knows.
    let meanwhile = Topology::new("a-prefix.");
    let messages: Vec<_> = (351..=400)
        .map(|number| {
            broker::Outgoing::new(&meanwhile, Class::Activity, &support::envelope(number)).unwrap()
        })
        .collect();
    let (answers, stop) = tokio::join!(before.publish(&messages), async { retiring(&link) });
    assert!(answers.iter().all(Result::is_ok));
    eventually(LIMIT, || async { !corner.exists(&old_queue).await }).await;

    let handler = Recorder::new(done);
    let publisher = corner.publisher().await;
    let consumer = corner.consume(&link, &publisher, &handler);
    let numbers = || handler.numbers().into_iter().collect::<BTreeSet<_>>();
    eventually(LIMIT, || async { numbers().len() == 400 }).await;
    // The old name leads to the new queue.
    assert_eq!(before.publish(&messages[..1]).await, [Ok(())]);
    eventually(LIMIT, || async { corner.ready(&corner.queue()).await == 0 }).await;
    consumer.stop().await;
    assert_eq!(numbers(), (1..=400).collect());
    assert!(!corner.exists(&old_queue).await);
    stop.cancel();
}

#[tokio::test]
async fn a_queue_that_is_still_consumed_is_deleted_when_nobody_does() {
    let mut corner = Corner::new().await;
    let old_queue = corner.queue();
    let (publisher, handler) = (corner.publisher().await, Recorder::new(done));
    let consumer = corner.consume(&corner.link(), &publisher, &handler);
    publisher.publish(&corner.messages(1..=20)).await;
    eventually(LIMIT, || async { handler.numbers().len() == 20 }).await;

    corner.topology = changed(&corner.topology, 2);
    let link = corner.link();
    link.connected().await.unwrap();
    let stop = retiring(&link);
    let new_publisher = corner.publisher().await;
    new_publisher.publish(&corner.messages(21..=30)).await;
    // What comes now is not for the old consumer any more.
    eventually(LIMIT, || async {
        corner.ready(&corner.queue()).await == 10
    })
    .await;
    assert!(corner.exists(&old_queue).await);
    consumer.stop().await;
    eventually(LIMIT, || async { !corner.exists(&old_queue).await }).await;
    assert_eq!(handler.numbers().len(), 20);
    assert_eq!(corner.ready(&corner.queue()).await, 10);
    stop.cancel();
}

#[tokio::test]
async fn a_change_without_a_new_generation_is_refused_and_says_so() {
    let mut corner = Corner::new().await;
    corner.topology = changed(&corner.topology, 1);
    let link = corner.link();
    eventually(LIMIT, || async {
        let refused = link
            .check()
            .is_err_and(|reason| reason.contains("delivery-limit"));
        if refused { Ok(()) } else { Err(link.check()) }
    })
    .await;
    assert!(link.session().is_none());
}

#[tokio::test]
async fn what_has_no_queue_after_its_delay_is_dead_and_holds_nobody_up() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    let handler = Recorder::new(done);
    let consumer = corner.consume(&corner.link(), &publisher, &handler);
    let body = serde_json::to_vec(&support::envelope(1)).unwrap();
    let good = corner.queue();
    for key in ["a-prefix.activity.s99", good.as_str()] {
        corner
            .channel
            .basic_publish(
                corner.topology.delay_exchange(1).into(),
                key.into(),
                BasicPublishOptions::default(),
                &body,
                BasicProperties::default(),
            )
            .await
            .unwrap();
    }
    eventually(LIMIT, || async { handler.numbers() == [1] }).await;
    let (name, queue) = corner.topology.dead_queues().pop().unwrap();
    assert_eq!(name, "unroutable");
    eventually(LIMIT, || async { corner.ready(&queue).await == 1 }).await;
    consumer.stop().await;
    assert_eq!(
        corner.get(&queue).await.unwrap().routing_key.as_str(),
        "a-prefix.activity.s99"
    );
    assert_eq!(corner.dead().await, 0);
}
