//! Who is behind reads on from the outbox, page by page: whether they come back or were slow, they miss
//! nothing, hear nothing twice and keep little in memory.

use std::time::Duration;

use futures_util::future::join_all;
use testkit::{StatementCounter, eventually, within};
use tr_live::{HubSettings, Listener, Live, LiveError, Mark, Presence, PresenceMessage};

use super::{Client, PATIENCE, rename};
use crate::{app::Tenant, matrix::world::World};

/// So few wait in memory that nobody hears all who does anything else; and nothing is read by itself.
fn few() -> HubSettings {
    HubSettings {
        look_every: Duration::from_secs(3_600),
        backlog: 16,
        ..HubSettings::default()
    }
}

impl Tenant {
    /// Listens from after a number, or from now on.
    async fn listen(&self, since: Option<u64>) -> Result<Listener, LiveError> {
        let generation = self.context.generation;
        let since = since.map(|number| Mark { generation, number });
        self.app.hub.listen(self.context, since).await
    }

    /// Somebody does something in some grid: a message that no table has.
    fn present(&self) {
        let presence = PresenceMessage {
            grid_id: self.context.tenant.as_uuid().into(),
            member_id: self.context.tenant.as_uuid().into(),
            state: Presence::Viewing,
        };
        self.app.hub.present(self.context.tenant, presence);
    }
}

/// The number of the next event.
async fn number(listener: &mut Listener) -> u64 {
    loop {
        let live = within(PATIENCE, listener.next()).await;
        if let Live::Event(event) = &*live.expect("an event in time").unwrap() {
            return event.number();
        }
    }
}

async fn numbers(listener: &mut Listener, count: u64) -> Vec<u64> {
    let mut heard = Vec::new();
    for _ in 0..count {
        heard.push(number(listener).await);
    }
    heard
}

/// A listener who heard all that there was to hear.
async fn awake(tenant: &Tenant) -> Listener {
    let mut listener = tenant.listen(None).await.unwrap();
    hear_presence(tenant, &mut listener).await;
    listener
}

/// Hears no event before a presence.
async fn hear_presence(tenant: &Tenant, listener: &mut Listener) {
    loop {
        tenant.present();
        // One that was told before it began to hear is lost.
        let heard = within(Duration::from_millis(50), listener.next()).await;
        if let Some(live) = heard {
            assert!(matches!(*live.unwrap(), Live::Presence(_)));
            return;
        }
    }
}

#[actix_web::test]
async fn who_missed_too_much_is_refused_before_anything_is_read() {
    let world = World::with(few()).await;
    let _feed = awake(&world.acme).await;
    let last = world.acme.last().await;
    world.acme.repeat(6_000).await;
    let counter = StatementCounter::start(&world.acme.account.user).await;
    let refused = world.acme.listen(Some(last)).await;
    assert!(matches!(refused, Err(LiveError::TooOld)));
    // The last number.
    assert_eq!(counter.read().await.of("com/Execute"), 1);
    let back = world.acme.listen(Some(last + 1_000)).await;
    assert_eq!(back.unwrap().from(), last + 1_000);
}

#[actix_web::test]
async fn what_was_missed_is_read_as_it_is_taken() {
    let world = World::with(few()).await;
    let _feed = awake(&world.acme).await;
    let last = world.acme.last().await;
    world.acme.repeat(4_000).await;
    let mut counter = StatementCounter::start(&world.acme.account.user).await;
    let mut listener = world.acme.listen(Some(last)).await.unwrap();
    // The last number, and whether all is there.
    assert_eq!(counter.take().await.of("com/Execute"), 2);
    for page in 0..3 {
        let first = last + page * 100 + 1;
        let heard = numbers(&mut listener, 100).await;
        assert_eq!(heard, (first..first + 100).collect::<Vec<_>>());
        assert_eq!(counter.take().await.of("com/Execute"), 1);
    }
    // Who missed nothing reads nothing.
    let mut listener = world.acme.listen(Some(last + 4_000)).await.unwrap();
    assert_eq!(counter.take().await.of("com/Execute"), 1);
    hear_presence(&world.acme, &mut listener).await;
    assert_eq!(counter.take().await.of("com/Execute"), 0);
}

#[actix_web::test]
async fn whoever_catches_up_while_others_write_misses_nothing_and_hears_nothing_twice() {
    let world = World::with(few()).await;
    let last = world.acme.last().await;
    world.acme.repeat(1_000).await;
    // Some are heard as they come, some are too many for that.
    let more = (0..120).map(|time| if time % 8 == 0 { 40 } else { 1 + time % 3 });
    let all = last + 1_000 + more.clone().sum::<u64>();
    let write = async {
        for times in more {
            world.acme.repeat(times).await;
            world.app.hub.committed(world.acme.context);
        }
    };
    let hear = [last, last + 500, last + 1_000].map(async |since| {
        let mut listener = world.acme.listen(Some(since)).await.unwrap();
        let heard = numbers(&mut listener, all - since).await;
        assert_eq!(heard, (since + 1..=all).collect::<Vec<_>>());
    });
    tokio::join!(write, join_all(hear));
}

#[actix_web::test]
async fn a_burst_lets_nobody_go_who_listens() {
    let world = World::with(few()).await;
    let address = world.app.serve();
    let query = format!("?topics=grid:{}", world.grid);
    let mut client = Client::open(address, &world.reader, &query).await;
    client.hear().await;
    client.hear().await;
    rename(&world.editor, &world.task, "One").await;
    let (last, ..) = client.event().await;
    world.acme.repeat(3_000).await;
    world.app.hub.committed(world.acme.context);
    for number in last + 1..=last + 3_000 {
        assert_eq!(client.event().await.0, number);
    }
}

/// Lets the feed tell so many events while nobody listens.
async fn told_to_nobody(world: &World, events: u64) {
    let counter = StatementCounter::start(&world.acme.account.user).await;
    world.acme.repeat(events).await;
    world.app.hub.committed(world.acme.context);
    // Batches of five hundred, the last of them empty or not full.
    let reads = events / 500 + 1;
    eventually(PATIENCE, || async {
        counter.read().await.of("com/Execute") >= reads
    })
    .await;
}

#[actix_web::test]
async fn who_does_not_listen_for_long_is_too_slow() {
    let world = World::with(few()).await;
    let mut late = awake(&world.acme).await;
    let last = world.acme.last().await;
    told_to_nobody(&world, 9_000).await;
    assert_eq!(number(&mut late).await, last + 1);

    let mut slow = awake(&world.acme).await;
    told_to_nobody(&world, 12_000).await;
    let ended = within(PATIENCE, slow.next()).await.unwrap();
    assert!(matches!(ended, Err(LiveError::TooOld)));
}

#[actix_web::test]
async fn what_was_purged_before_it_was_heard_ends_listening() {
    let world = World::with(few()).await;
    let mut slow = awake(&world.acme).await;
    told_to_nobody(&world, 600).await;
    world.acme.sql("DELETE FROM outbox").await;
    let ended = within(PATIENCE, slow.next()).await.unwrap();
    assert!(matches!(ended, Err(LiveError::TooOld)));
}
