//! With relay and broker: what is committed is sent, and what failed is tried again, by itself.

use std::{sync::Arc, time::Duration};

use broker::Class;
use outbound::{Fetcher, Guard, Names};
use sea_orm::ConnectionTrait as _;
use seal::{KeyRing, Purpose, Sealer};
use testkit::eventually;
use tr_jobs::{RelaySettings, WebhookSender};
use uuid::Uuid;

use crate::receiver::{Answer, Receiver};
use crate::scene::SECRET;
use crate::support::{LIMIT, World};

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_sent_again_when_it_is_due_and_nobody_looks() {
    let (world, receiver) = (World::new().await, Receiver::start().await);
    let tenant = world.tenant().await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    let sealer = Sealer::new(KeyRing::parse(&seal::new_key_line()).unwrap());
    let sealed = sealer.seal(Purpose::Webhook, tenant.context.tenant, SECRET);
    let secret: String = sealed.unwrap().iter().map(|b| format!("{b:02x}")).collect();
    let (id, url) = (Uuid::now_v7().simple(), receiver.url());
    let sql = format!(
        "INSERT INTO webhooks (id, url, description, kinds, secret, failures, created_by, revision, \
         created_at, updated_at) VALUES (x'{id}', '{url}', '', '[\"*\"]', x'{secret}', 0, x'{id}', \
         1, NOW(6), NOW(6))"
    );
    tenant.db.conn().execute_unprepared(&sql).await.unwrap();
    let fetcher = Fetcher::new(Guard::new(true), Names::new(None), Duration::from_secs(2));
    let sender = WebhookSender::new(Some(sealer), fetcher, world.clock.clone());
    let sender = Arc::new(world.place(&relay.nudge).handler(sender));
    let log = Arc::new(world.handler(&relay.nudge));
    let consumers = [
        world.consumers(&world.link(), Class::Activity, &log),
        world.consumers(&world.link(), Class::Webhook, &sender),
    ];
    receiver.answer(Answer::Status(500));
    tenant.commit(3).await;
    relay.nudge.nudge(tenant.context);
    eventually(LIMIT, || async { receiver.messages().len() == 3 }).await;
    receiver.answer(Answer::Status(204));
    let taken =
        "SELECT COUNT(*) FROM webhook_deliveries WHERE state = 'succeeded' AND attempts = 2";
    eventually(LIMIT, || async { tenant.count(taken).await == 3 }).await;
    assert_eq!(receiver.messages().len(), 6);
    assert!(
        receiver
            .messages()
            .iter()
            .all(|message| message.verifies(SECRET))
    );
    for running in consumers {
        running.stop().await;
    }
    relay.running.stop().await;
}
