//! Dead messages are taken to where they are kept, each with why it died, and can be sent again.

#![expect(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::sync::{Arc, Mutex};

use broker::{Class, DeadMessage, Envelope, Keeper, Outgoing, Publisher, Verdict, take_dead};
use lapin::{BasicProperties, options::BasicPublishOptions};
use support::{Corner, LIMIT, Recorder, done, envelope};
use testkit::eventually;
use tokio_util::sync::CancellationToken;

/// Keeps them in memory, after it refused so many times.
#[derive(Clone, Default)]
struct Memory {
    kept: Arc<Mutex<Vec<DeadMessage>>>,
    refusals: Arc<Mutex<u32>>,
}

impl Keeper for Memory {
    async fn keep(&self, dead: Vec<DeadMessage>) -> Result<(), String> {
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Err("not now".to_owned());
        }
        self.kept.lock().unwrap().extend(dead);
        Ok(())
    }
}

impl Memory {
    fn reasons(&self) -> Vec<String> {
        let kept = self.kept.lock().unwrap();
        let mut reasons: Vec<_> = kept.iter().map(|dead| dead.reason.clone()).collect();
        reasons.sort();
        reasons
    }
}

async fn publish(corner: &Corner, body: &[u8]) {
    let sent = corner.channel.basic_publish(
        corner.topology.work_exchange().into(),
        corner.queue().into(),
        BasicPublishOptions::default(),
        body,
        BasicProperties::default(),
    );
    sent.await.unwrap();
}

#[tokio::test]
async fn every_dead_message_is_kept_with_why_it_died_and_its_queue_is_empty() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    let handler = Recorder::new(|message| match message.envelope.number {
        1 => Verdict::Dead("another generation".to_owned()),
        2 => Verdict::Retry("the database is away".to_owned()),
        _ => Verdict::Done,
    });
    let consumer = corner.consume(&corner.link(), &publisher, &handler);
    publisher.publish(&corner.messages(1..=3)).await;
    publish(&corner, b"no envelope").await;
    publish(&corner, &vec![b'x'; 2 * 1024 * 1024]).await;
    eventually(LIMIT, || async { corner.dead().await == 4 }).await;
    consumer.stop().await;
    let memory = Memory::default();
    *memory.refusals.lock().unwrap() = 1;
    let stop = CancellationToken::new();
    let taking = tokio::spawn(take_dead(
        corner.link(),
        "activity",
        corner.topology.dead_queue(Class::Activity),
        memory.clone(),
        stop.clone(),
    ));
    eventually(LIMIT, || async { memory.reasons().len() == 4 }).await;
    eventually(LIMIT, || async { corner.dead().await == 0 }).await;
    stop.cancel();
    taking.await.unwrap();
    assert_eq!(
        memory.reasons(),
        [
            "another generation",
            "the database is away",
            "the message is no envelope: expected ident at line 1 column 2",
            "the message was rejected, too large to be one of ours",
        ]
    );
    let kept = memory.kept.lock().unwrap().clone();
    assert!(kept.iter().all(|dead| dead.died_at.is_some()));
    let of = |reason: &str| kept.iter().find(|dead| dead.reason == reason).unwrap();
    let tried = of("the database is away");
    assert_eq!(tried.attempts, Class::Activity.spec().attempts);
    assert_eq!(
        tried.message_id.as_deref(),
        Some(envelope(2).id.to_string().as_str())
    );
    assert_eq!(tried.kind.as_deref(), Some("work_item.created"));
    assert_eq!(tried.traceparent, envelope(2).traceparent);
    assert_eq!(
        serde_json::from_slice::<Envelope>(&tried.body).unwrap(),
        envelope(2)
    );
    let huge = of("the message was rejected, too large to be one of ours");
    assert_eq!(huge.body.len(), 2 * 1024 * 1024);
}

#[tokio::test]
async fn a_dead_message_that_is_sent_again_starts_over_and_others_are_refused() {
    let corner = Corner::new().await;
    let publisher: Publisher = corner.publisher().await;
    let handler = Recorder::new(done);
    let consumer = corner.consume(&corner.link(), &publisher, &handler);
    let body = serde_json::to_vec(&envelope(5)).unwrap();
    let again = Outgoing::redriven(&corner.topology, Class::Activity, body).unwrap();
    assert_eq!(publisher.publish(&[again]).await, [Ok(())]);
    eventually(LIMIT, || async { handler.numbers() == [5] }).await;
    assert_eq!(handler.attempts(), [1]);
    consumer.stop().await;
    for body in [b"{}".to_vec(), vec![b' '; Envelope::MAX_BYTES + 1]] {
        assert!(Outgoing::redriven(&corner.topology, Class::Activity, body).is_err());
    }
}
