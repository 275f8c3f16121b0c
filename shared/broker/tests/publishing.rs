//! Publishing: what counts as sent, and what happens when the broker goes away meanwhile.

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::{collections::BTreeSet, time::Duration};

use broker::{PublishError, Publisher};
use support::{Corner, LIMIT, Recorder, done, envelope};
use testkit::{Proxy, eventually, within};

#[tokio::test]
async fn confirmed_messages_arrive_once_and_in_order() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    let handler = Recorder::new(done);
    let consumer = corner.consume(&corner.link(), &publisher, &handler);
    let answers = publisher.publish(&corner.messages(1..=500)).await;
    assert!(answers.iter().all(Result::is_ok));
    eventually(LIMIT, || async { handler.numbers().len() == 500 }).await;
    consumer.stop().await;
    assert_eq!(handler.numbers(), (1..=500).collect::<Vec<_>>());
    assert!(handler.attempts().iter().all(|attempt| *attempt == 1));
}

#[tokio::test]
async fn a_message_carries_its_envelope_and_trace() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    publisher
        .publish(&corner.messages(7..=7))
        .await
        .remove(0)
        .unwrap();
    let message = corner.get(&corner.queue()).await.unwrap();
    assert_eq!(
        serde_json::from_slice::<broker::Envelope>(&message.data).unwrap(),
        envelope(7)
    );
    let headers = message.properties.headers().clone().unwrap();
    assert!(format!("{:?}", headers.inner().get("traceparent")).contains("LongString"));
    assert_eq!(*message.properties.delivery_mode(), Some(2));
}

#[tokio::test]
async fn a_message_without_a_queue_is_an_error_and_the_queue_comes_back() {
    let corner = Corner::new().await;
    let publisher = corner.publisher().await;
    corner.delete(&corner.queue()).await;
    let answers = publisher.publish(&corner.messages(1..=3)).await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(PublishError::Returned(_))))
    );
    let answers = publisher.publish(&corner.messages(1..=3)).await;
    assert_eq!(answers, [Ok(()), Ok(()), Ok(())]);
}

#[tokio::test]
async fn no_confirmed_message_is_lost_while_connections_are_cut() {
    let corner = Corner::new().await;
    let proxy = Proxy::to(&corner.url).await;
    let link = corner.link_through(&proxy.url(&corner.url), Duration::from_secs(10));
    let publisher = Publisher::new(link.clone());
    let mut confirmed = BTreeSet::new();
    for round in 0..20_u64 {
        let session = link.connected().await.unwrap();
        let numbers = round * 100 + 1..=round * 100 + 100;
        let batch = corner.messages(numbers.clone());
        let cut = async {
            if round % 2 == 1 {
                proxy.cut();
            }
        };
        let (answers, ()) = tokio::join!(publisher.publish(&batch), cut);
        let sent = numbers.zip(answers).filter(|(_, answer)| answer.is_ok());
        confirmed.extend(sent.map(|(number, _)| number));
        if round % 2 == 1 {
            link.ended(&session).await;
        }
    }
    assert!(
        confirmed.len() >= 1_000,
        "only {} were confirmed",
        confirmed.len()
    );
    let mut arrived = BTreeSet::new();
    while let Some(message) = corner.get(&corner.queue()).await {
        let envelope: broker::Envelope = serde_json::from_slice(&message.data).unwrap();
        arrived.insert(envelope.number);
    }
    assert!(confirmed.is_subset(&arrived));
}

#[tokio::test]
async fn a_broker_that_is_away_is_an_error_at_once_and_no_obstacle_later() {
    let corner = Corner::new().await;
    let proxy = Proxy::to(&corner.url).await;
    let link = corner.link_through(&proxy.url(&corner.url), Duration::from_secs(10));
    let publisher = Publisher::new(link.clone());
    assert_eq!(
        publisher.publish(&corner.messages(1..=1)).await,
        [Err(PublishError::Away)]
    );
    assert!(link.check().is_err());
    link.connected().await.unwrap();
    assert_eq!(publisher.publish(&corner.messages(1..=1)).await, [Ok(())]);
    assert!(link.check().is_ok());
    link.close().await;
    assert_eq!(
        publisher.publish(&corner.messages(2..=2)).await,
        [Err(PublishError::Away)]
    );
}

#[tokio::test]
async fn a_half_open_socket_is_noticed_within_two_heartbeats() {
    let corner = Corner::new().await;
    let proxy = Proxy::to(&corner.url).await;
    let heartbeat = Duration::from_secs(3);
    let link = corner.link_through(&proxy.url(&corner.url), heartbeat);
    let session = link.connected().await.unwrap();
    proxy.fall_silent();
    let noticed = within(heartbeat * 2, link.ended(&session)).await;
    assert!(noticed.is_some(), "{:?} were not enough", heartbeat * 2);
    proxy.open();
    link.connected().await.unwrap();
    assert!(proxy.connections() >= 2);
}
