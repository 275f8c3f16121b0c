//! What workers say of queues, and what they are told.

use cp_domain::Ring;
use cp_node_api::{
    Base64, ClassReport, DEAD_BODY_BYTES, DeadEvent, DeadLetter, DeadLetters, NodeApiError,
    QueueOrders, QueueReport, Redriven,
};
use cp_store::{DeadLetterFilter, DeadLetterStore, LetterFate, QueuePauseStore};
use kernel::{EventId, Generation, Limit, TenantId};
use secrecy::SecretString;
use uuid::Uuid;

use crate::world::World;

fn letter(number: u64) -> DeadLetter {
    DeadLetter {
        class: "activity".to_owned(),
        body: Base64(vec![b'x'; DEAD_BODY_BYTES]),
        body_bytes: DEAD_BODY_BYTES as u64,
        message_id: Some(number.to_string()),
        error: "e".repeat(5000),
        attempts: 6,
        traceparent: None,
        died_at: Some("2026-11-23T10:00:00.5Z".parse().unwrap()),
        event: Some(DeadEvent {
            tenant_id: TenantId::from_uuid(Uuid::nil()),
            generation: Generation(1),
            event_id: EventId::from_uuid(Uuid::now_v7()),
            number,
            kind: "k".repeat(500),
            occurred_at: "2026-11-23T09:00:00Z".parse().unwrap(),
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_reports_and_is_told_what_to_do() {
    let world = World::new().await;
    let worker = world.node("work-1", Ring::General).await;
    let early = world.node("work-2", Ring::Early).await;
    let report = QueueReport {
        classes: vec![ClassReport {
            class: "activity".to_owned(),
            depth: None,
            paused: true,
            done_rate: 1.5,
            retry_rate: 0.0,
            dead_rate: 0.0,
            oldest_at: None,
        }],
        ..QueueReport::default()
    };
    let orders = worker.report_queues(&report).await.unwrap();
    assert_eq!(orders, QueueOrders::default());
    let stranger = world.client(SecretString::from("trn_nobody"));
    let refused = stranger.report_queues(&report).await.unwrap_err();
    assert!(matches!(refused, NodeApiError::Unauthenticated));

    let (conn, now) = (world.nodes.db.conn(), world.clock.now());
    QueuePauseStore::insert(conn, "activity", "a test", None, now)
        .await
        .unwrap();
    // As many as a worker brings at a time, each as large as may be; and once more after a crash.
    let letters: Vec<_> = (1..=8).map(letter).collect();
    for _ in 0..2 {
        let letters = letters.clone();
        worker
            .keep_dead_letters(&DeadLetters { letters })
            .await
            .unwrap();
    }
    let all = DeadLetterFilter::default();
    let kept = DeadLetterStore::list(conn, &all, None, Limit::default())
        .await
        .unwrap();
    assert_eq!(kept.len(), 8);
    assert_eq!(kept[0].error.len(), 1000);
    let tx = world.nodes.db.begin().await.unwrap();
    let count = DeadLetterStore::decide_all(&tx, LetterFate::Redrive, &all, None, now).await;
    assert_eq!(count.unwrap(), 8);
    tx.commit().await.unwrap();
    // Another ring has other workers and other tenants, but a pause is for all.
    let orders = early.report_queues(&report).await.unwrap();
    assert_eq!((orders.paused.len(), orders.redrive.len()), (1, 0));
    // Nor is any given to one that is still at others.
    let busy = QueueReport {
        redriving: true,
        ..report.clone()
    };
    assert!(
        worker
            .report_queues(&busy)
            .await
            .unwrap()
            .redrive
            .is_empty()
    );
    let orders = worker.report_queues(&report).await.unwrap();
    assert_eq!((orders.paused.len(), orders.redrive.len()), (1, 8));
    assert_eq!(orders.redrive[0].body.0.len(), DEAD_BODY_BYTES);

    // A worker that dies with them leaves them to the next, once the lease is over.
    let next = world.node("work-3", Ring::General).await;
    let orders = next.report_queues(&report).await.unwrap();
    assert_eq!(orders.redrive.len(), 0);
    world.clock.advance(chrono::TimeDelta::seconds(61));
    let orders = next.report_queues(&report).await.unwrap();
    let redriven = orders.redrive.iter().map(|redrive| Redriven {
        id: redrive.id,
        error: None,
    });
    let done = QueueReport {
        redriven: redriven.collect(),
        ..report
    };
    assert_eq!(done.redriven.len(), 8);
    assert!(next.report_queues(&done).await.unwrap().redrive.is_empty());
    let redriven = DeadLetterFilter {
        state: Some("redriven".to_owned()),
        ..all
    };
    assert_eq!(DeadLetterStore::count(conn, &redriven).await.unwrap(), 8);
}
