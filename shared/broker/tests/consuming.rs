//! Consuming: retries, dead letters, lost channels and stopping.

mod support;

use std::{sync::atomic::Ordering, time::Duration};

use broker::{Class, ConsumerOptions, Publisher, Verdict, topology::ClassSpec};
use lapin::{BasicProperties, options::BasicPublishOptions};
use support::{Corner, Gate, LIMIT, Recorder, done, envelope, tenant};
use testkit::{Proxy, eventually};

#[tokio::test]
async fn a_failing_message_is_tried_again_and_its_batch_is_not() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    let handler = Recorder::new(|message| match (message.envelope.number, message.attempt) {
        (5, ..=2) => Verdict::Retry("not yet".to_owned()),
        _ => Verdict::Done,
    });
    let consumer = corner.consume(&corner.link(), &publisher, &handler);
    publisher.publish(&corner.messages(1..=9)).await;
    eventually(LIMIT, || async { handler.numbers().len() == 11 }).await;
    consumer.stop().await;
    let tries = handler.seen.lock().unwrap().clone();
    let fifth: Vec<_> = tries
        .into_iter()
        .filter(|(number, _)| *number == 5)
        .collect();
    assert_eq!(fifth, [(5, 1), (5, 2), (5, 3)]);
    assert_eq!(corner.dead().await, 0);
}

/// Giving it back would count as a delivery, and so would giving back its neighbours: after three
/// of them the broker would call all of them dead.
#[tokio::test]
async fn while_no_copy_can_be_published_a_failed_message_is_held_and_the_others_go_on() {
    let mut corner = Corner::new().await;
    corner.topology = corner.topology.clone().with_class(ClassSpec {
        generation: 2,
        delivery_limit: 2,
        ..*Class::Activity.spec()
    });
    let publisher = corner.publisher().await;
    let proxy = Proxy::to(&corner.url).await;
    let copies = corner.link_through(&proxy.url(&corner.url), Duration::from_secs(10));
    let session = copies.connected().await.unwrap();
    let handler = Recorder::new(|message| match (message.envelope.number, message.attempt) {
        (5, 1) => Verdict::Retry("not yet".to_owned()),
        (6, _) => Verdict::Dead("another generation".to_owned()),
        _ => Verdict::Done,
    });
    proxy.close();
    copies.ended(&session).await;
    let copying = Publisher::new(copies);
    let consumer = corner.consume(&corner.link(), &copying, &handler);
    let seen = || {
        let mut seen = handler.seen.lock().unwrap().clone();
        seen.sort_unstable();
        seen
    };
    let mut once = Vec::new();
    // More than the prefetch: those that are done are acknowledged.
    for lot in 0..5 {
        let numbers = 1 + 100 * lot..=100 * (lot + 1);
        once.extend(numbers.clone().map(|number| (number, 1)));
        publisher.publish(&corner.messages(numbers)).await;
        eventually(LIMIT, || async { seen().len() >= once.len() }).await;
        assert_eq!(seen(), once);
    }
    proxy.open();
    once.insert(5, (5, 2));
    eventually(LIMIT, || async { seen() == once }).await;
    eventually(LIMIT, || async { corner.dead().await == 1 }).await;
    consumer.stop().await;
    assert_eq!(seen(), once);
    assert_eq!(corner.ready(&corner.queue()).await, 0);
    assert_eq!(corner.dead().await, 1);
}

#[tokio::test]
async fn after_its_last_attempt_a_message_is_dead() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    let handler = Recorder::new(|_| Verdict::Retry("never".to_owned()));
    let consumer = corner.consume(&corner.link(), &publisher, &handler);
    publisher.publish(&corner.messages(1..=1)).await;
    eventually(LIMIT, || async { corner.dead().await == 1 }).await;
    consumer.stop().await;
    assert_eq!(
        handler.attempts(),
        (1..=Class::Activity.spec().attempts).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn poison_is_dead_with_its_reason_and_the_rest_goes_on() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    let handler = Recorder::new(|message| match message.envelope.number {
        2 => Verdict::Dead("another generation".to_owned()),
        3 if message.attempt < 3 => panic!("a bug"),
        _ => Verdict::Done,
    });
    let consumer = corner.consume(&corner.link(), &publisher, &handler);
    let good = serde_json::to_vec(&envelope(1)).unwrap();
    let strange = String::from_utf8(good.clone())
        .unwrap()
        .replacen('{', r#"{"colour":1,"#, 1);
    let oversize = vec![b' '; 300 * 1024];
    let too_long = vec![b' '; broker::Envelope::MAX_BYTES + 1];
    for body in [
        &good[..good.len() / 2],
        strange.as_bytes(),
        b"",
        b"\xff\x00",
        &oversize,
        &too_long,
    ] {
        corner
            .channel
            .basic_publish(
                corner.topology.work_exchange().into(),
                corner.queue().into(),
                BasicPublishOptions::default(),
                body,
                BasicProperties::default(),
            )
            .await
            .unwrap();
    }
    publisher.publish(&corner.messages(1..=5)).await;
    eventually(LIMIT, || async { corner.dead().await == 7 }).await;
    eventually(LIMIT, || async { handler.numbers().contains(&3) }).await;
    consumer.stop().await;
    let mut handled = handler.numbers();
    handled.sort_unstable();
    handled.dedup();
    assert_eq!(handled, [1, 2, 3, 4, 5]);
    let mut reasons = Vec::new();
    while let Some(message) = corner
        .get(&corner.topology.dead_queue(Class::Activity))
        .await
    {
        let headers = format!("{:?}", message.properties.headers());
        reasons.push(headers.contains("x-trellis-reason"));
    }
    assert_eq!(
        reasons.iter().filter(|reason| **reason).count(),
        6,
        "all but the huge one say why"
    );
}

#[tokio::test]
async fn stopping_finishes_what_was_delivered_and_leaves_the_rest() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    let prefetch = u32::from(Class::Activity.spec().prefetch);
    publisher.publish(&corner.messages(1..=500)).await;
    let gate = Gate::new();
    let consumer = corner.consume(&corner.link(), &publisher, &gate);
    eventually(LIMIT, || async { gate.entered.load(Ordering::SeqCst) }).await;
    eventually(LIMIT, || async {
        corner.ready(&corner.queue()).await == 500 - prefetch
    })
    .await;
    let stopping = tokio::spawn(consumer.stop());
    gate.open.add_permits(1000);
    stopping.await.unwrap();
    let handled = gate.handled.lock().unwrap().len();
    assert!(handled >= prefetch as usize);
    // All that were delivered are settled: what is left in the queue is what was not handled, once
    // the broker has taken back what it was about to deliver.
    let left = 500 - u32::try_from(handled).unwrap();
    eventually(LIMIT, || async {
        corner.ready(&corner.queue()).await == left
    })
    .await;
}

#[tokio::test]
async fn a_handler_that_hangs_does_not_keep_the_process_from_stopping() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    publisher.publish(&corner.messages(1..=30)).await;
    let gate = Gate::new();
    let link = corner.link();
    let consumer = corner.consume_until(&link, &publisher, &gate, Duration::from_millis(100));
    eventually(LIMIT, || async { gate.entered.load(Ordering::SeqCst) }).await;
    consumer.stop().await;
    link.close().await;
    eventually(LIMIT, || async {
        corner.ready(&corner.queue()).await == 30
    })
    .await;
}

#[tokio::test]
async fn a_consumer_that_dies_before_its_ack_leaves_its_messages_to_the_next() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    publisher.publish(&corner.messages(1..=50)).await;
    let gate = Gate::new();
    let link = corner.link();
    let consumer = corner.consume(&link, &publisher, &gate);
    eventually(LIMIT, || async { gate.entered.load(Ordering::SeqCst) }).await;
    consumer.abort();
    link.close().await;
    let handler = Recorder::new(done);
    let second = corner.consume(&corner.link(), &publisher, &handler);
    eventually(LIMIT, || async { handler.numbers().len() == 50 }).await;
    second.stop().await;
    assert!(gate.handled.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_consumer_comes_back_after_every_cut() {
    let corner = Corner::new().await;
    let proxy = Proxy::to(&corner.url).await;
    let publisher = corner.publisher().await;
    let handler = Recorder::new(done);
    let link = corner.link_through(&proxy.url(&corner.url), Duration::from_secs(10));
    let consumer = corner.consume(&link, &publisher, &handler);
    for round in 1..=5_u64 {
        publisher.publish(&corner.messages(round..=round)).await;
        eventually(LIMIT, || async { handler.numbers().contains(&round) }).await;
        proxy.cut();
    }
    consumer.stop().await;
}

/// In a corner of its own, so that what is counted is what this test sent: a cut may swallow the
/// acknowledgement of a message that was handled, which is then in the queue once more.
#[tokio::test]
async fn after_a_cut_a_consumer_holds_no_more_than_its_prefetch() {
    let corner = Corner::new().await;
    let proxy = Proxy::to(&corner.url).await;
    let publisher = corner.publisher().await;
    let gate = Gate::new();
    let link = corner.link_through(&proxy.url(&corner.url), Duration::from_secs(10));
    let consumer = corner.consume(&link, &publisher, &gate);
    let session = link.connected().await.unwrap();
    proxy.cut();
    link.ended(&session).await;
    let prefetch = u32::from(Class::Activity.spec().prefetch);
    publisher.publish(&corner.messages(1..=500)).await;
    eventually(LIMIT, || async {
        corner.ready(&corner.queue()).await == 500 - prefetch
    })
    .await;
    gate.open.add_permits(1000);
    eventually(LIMIT, || async { corner.ready(&corner.queue()).await == 0 }).await;
    consumer.stop().await;
}

#[tokio::test]
async fn an_acknowledgement_that_comes_too_late_is_a_redelivery_not_a_loss() {
    let corner = Corner::new().await;
    let proxy = Proxy::to(&corner.url).await;
    let publisher = corner.publisher().await;
    let gate = Gate::new();
    let link = corner.link_through(&proxy.url(&corner.url), Duration::from_secs(10));
    let options = ConsumerOptions {
        // A batch is the three of them, however slowly they come.
        batch: 3,
        window: LIMIT,
        ..ConsumerOptions::new(Class::Activity, Class::Activity.shard(tenant()))
    };
    let consumer = corner.consume_as(&link, &publisher, &gate, options);
    publisher.publish(&corner.messages(1..=3)).await;
    eventually(LIMIT, || async { gate.entered.load(Ordering::SeqCst) }).await;
    let session = link.session().unwrap();
    proxy.cut();
    link.ended(&session).await;
    gate.open.add_permits(1000);
    eventually(LIMIT, || async {
        *gate.handled.lock().unwrap() == [1, 2, 3, 1, 2, 3]
    })
    .await;
    consumer.stop().await;
    assert_eq!(corner.ready(&corner.queue()).await, 0);
}

#[tokio::test]
async fn a_deleted_queue_is_declared_again_and_consumed() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    let handler = Recorder::new(done);
    let consumer = corner.consume(&corner.link(), &publisher, &handler);
    publisher.publish(&corner.messages(1..=1)).await;
    eventually(LIMIT, || async { handler.numbers() == [1] }).await;
    corner.delete(&corner.queue()).await;
    eventually(LIMIT, || async { corner.exists(&corner.queue()).await }).await;
    // The binding comes a moment after the queue.
    let second = corner.messages(2..=2);
    eventually(LIMIT, || async {
        publisher.publish(&second).await == [Ok(())]
    })
    .await;
    eventually(LIMIT, || async { handler.numbers() == [1, 2] }).await;
    consumer.stop().await;
}
