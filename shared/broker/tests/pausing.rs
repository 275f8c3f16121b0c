//! A class that is paused: nothing new is taken, nothing is lost, what went through is counted.

#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::time::Duration;

use broker::{Class, ConsumerOptions, Flow, Tap, Verdict};
use support::{Corner, LIMIT, Recorder, done, tenant};
use testkit::{eventually, within};

fn options(tap: &Tap) -> ConsumerOptions {
    ConsumerOptions {
        tap: tap.clone(),
        ..ConsumerOptions::new(Class::Activity, Class::Activity.shard(tenant()))
    }
}

/// Consumers of the tenant's queue, as the broker knows them.
async fn consumers(corner: &Corner) -> u32 {
    let options = lapin::options::QueueDeclareOptions::durable().passive();
    let queue = corner.queue();
    let declared =
        corner
            .channel
            .queue_declare(queue.into(), options, lapin::types::FieldTable::default());
    declared.await.unwrap().consumer_count()
}

#[tokio::test]
async fn a_closed_tap_keeps_messages_in_their_queue_and_an_open_one_lets_them_through() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    let tap = Tap::new(false);
    let handler = Recorder::new(done);
    let consumer = corner.consume_as(&corner.link(), &publisher, &handler, options(&tap));
    publisher.publish(&corner.messages(1..=300)).await;
    assert_eq!(corner.ready(&corner.queue()).await, 300);
    assert_eq!(consumers(&corner).await, 0);
    for round in 1..=3_u64 {
        tap.open();
        let all = 300 * usize::try_from(round).unwrap();
        eventually(LIMIT, || async { handler.numbers().len() == all }).await;
        tap.close();
        eventually(LIMIT, || async { consumers(&corner).await == 0 }).await;
        publisher.publish(&corner.messages(1..=300)).await;
        assert_eq!(corner.ready(&corner.queue()).await, 300);
        assert_eq!(handler.numbers().len(), all);
    }
    let flow = Flow {
        done: 900,
        ..Flow::default()
    };
    assert_eq!((tap.flow(), tap.is_open()), (flow, false));
    // One that waits for its tap stops at once.
    within(Duration::from_secs(2), consumer.stop())
        .await
        .unwrap();
}

#[tokio::test]
async fn closing_the_tap_finishes_what_was_delivered() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    let tap = Tap::default();
    let closing = tap.clone();
    let handler = Recorder::new(move |message| {
        closing.close();
        match message.envelope.number {
            1 => Verdict::Dead("poison".to_owned()),
            _ => Verdict::Done,
        }
    });
    publisher.publish(&corner.messages(1..=500)).await;
    let consumer = corner.consume_as(&corner.link(), &publisher, &handler, options(&tap));
    eventually(LIMIT, || async {
        !handler.numbers().is_empty() && consumers(&corner).await == 0
    })
    .await;
    let left = || async { usize::try_from(corner.ready(&corner.queue()).await).unwrap() };
    eventually(LIMIT, || async {
        handler.numbers().len() + left().await == 500
    })
    .await;
    assert!(left().await >= 100, "the prefetch bounds what is finished");
    let flow = tap.flow();
    assert_eq!((flow.dead, flow.retried), (1, 0));
    assert_eq!(corner.dead().await, 1);
    consumer.stop().await;
}

#[tokio::test]
async fn the_broker_says_how_full_the_queues_are() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    let link = corner.link();
    link.connected().await.unwrap();
    publisher.publish(&corner.messages(1..=7)).await;
    let depths = link.depths().await.unwrap();
    assert_eq!(depths.len(), broker::topology::CLASSES.len());
    let activity = depths.iter().find(|depth| depth.class == Class::Activity);
    let activity = activity.unwrap();
    assert_eq!(
        (activity.ready, activity.dead, activity.consumers),
        (7, 0, 0)
    );
    link.close().await;
    assert!(link.depths().await.is_err());
}
