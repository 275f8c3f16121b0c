//! Another generation of queues: arguments change while messages are in them, and none is lost.

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use broker::{Class, Link, PublishError, Topology, retire, topology::ClassSpec};
use lapin::{BasicProperties, options::BasicPublishOptions};
use support::{Corner, Gate, LIMIT, Recorder, done};
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
    retiring_after(link, Duration::ZERO)
}

/// The same with queues left alone for so long before they are deleted.
fn retiring_after(link: &Link, quiet: Duration) -> CancellationToken {
    let stop = CancellationToken::new();
    tokio::spawn(retire(link.clone(), quiet, stop.clone()));
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
async fn what_the_new_queue_does_not_take_waits_and_does_not_die() {
    let mut corner = Corner::new().await;
    let original = corner.topology.clone();
    let spec = ClassSpec {
        generation: 2,
        // A message that was given back twice is dead.
        delivery_limit: 1,
        ..*Class::Activity.spec()
    };
    corner.topology = original.clone().with_class(spec);
    let old_queue = corner.queue();
    let before = corner.publisher().await;
    let answers = before.publish(&corner.messages(1..=50)).await;
    assert!(answers.iter().all(Result::is_ok));

    corner.topology = original.with_class(ClassSpec {
        generation: 3,
        max_length: Some(10),
        ..spec
    });
    let publisher = corner.publisher().await;
    let full = || async { publisher.publish(&corner.messages(51..=51)).await };
    eventually(LIMIT, || async {
        full().await == [Err(PublishError::Refused)]
    })
    .await;
    let link = corner.link();
    link.connected().await.unwrap();
    let stop = retiring(&link);
    eventually(LIMIT, || async { corner.ready(&old_queue).await == 0 }).await;
    let handler = Recorder::new(done);
    let consumer = corner.consume(&corner.link(), &publisher, &handler);
    eventually(LIMIT, || async { !corner.exists(&old_queue).await }).await;
    let seen = || {
        let mut numbers = handler.numbers();
        numbers.retain(|number| *number <= 50);
        numbers.sort_unstable();
        numbers
    };
    eventually(LIMIT, || async { seen() == (1..=50).collect::<Vec<_>>() }).await;
    consumer.stop().await;
    assert_eq!(corner.dead().await, 0);
    stop.cancel();
}

/// A consumer that stops has cancelled already: nobody sees what it holds.
#[tokio::test]
async fn a_queue_is_not_deleted_while_a_consumer_that_stops_may_hold_messages() {
    let mut corner = Corner::new().await;
    let old_queue = corner.queue();
    let publisher = corner.publisher().await;
    publisher.publish(&corner.messages(1..=20)).await;
    let gate = Gate::new();
    let old_link = corner.link();
    let consumer = corner.consume(&old_link, &publisher, &gate);
    eventually(LIMIT, || async {
        gate.entered.load(Ordering::SeqCst) && corner.ready(&old_queue).await == 0
    })
    .await;
    let stopping = tokio::spawn(consumer.stop());

    let topology = changed(&corner.topology, 2);
    let before = std::mem::replace(&mut corner.topology, topology);
    let link = corner.link();
    link.connected().await.unwrap();
    let stop = retiring_after(&link, Duration::from_secs(3600));
    // It is the last of the class's queues whose old name leads to the new one only: by then all of
    // them were looked at.
    let shards = Class::Activity.spec().shards;
    let last = |topology: &Topology| topology.queue(Class::Activity, shards - 1);
    assert_ne!(old_queue, last(&before));
    eventually(LIMIT, || async {
        let (old, new) = (last(&before), last(&corner.topology));
        let options = BasicPublishOptions::default();
        corner
            .channel
            .basic_publish(
                before.work_exchange().into(),
                old.as_str().into(),
                options,
                b"",
                BasicProperties::default(),
            )
            .await
            .unwrap();
        corner.ready(&old).await == 0 && corner.ready(&new).await > 0
    })
    .await;
    stopping.abort();
    old_link.close().await;
    eventually(LIMIT, || async {
        corner.ready(&corner.queue()).await == 20
    })
    .await;
    assert!(corner.exists(&old_queue).await);
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
