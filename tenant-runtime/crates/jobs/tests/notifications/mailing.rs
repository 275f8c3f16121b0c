//! Mail servers that are away and consumers that die.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use broker::Class;
use chrono::TimeDelta;
use testkit::eventually;
use tokio::net::TcpListener;
use tr_jobs::{Effect as _, RelaySettings, Work};
use tr_store::RowId;
use uuid::Uuid;

use crate::office::{Office, mail_sender, notifier};
use crate::support::{LIMIT, World};

/// Nothing listens there.
const AWAY: &str = "smtp://127.0.0.1:9";

/// The one mail job, as its consumer gets it.
async fn job(office: &Office) -> Work {
    let conn = office.db.conn();
    let sql = "SELECT id FROM jobs WHERE kind = 'notification.mail'";
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::MySql, sql);
    let row = sea_orm::ConnectionTrait::query_one_raw(conn, statement)
        .await
        .unwrap()
        .unwrap();
    let id: Uuid = row.try_get_by_index(0).unwrap();
    let rows = [RowId::Job(id)];
    let found = tr_store::handling::read(conn, "mail", &rows).await.unwrap();
    let claimed = found.into_iter().next().unwrap();
    Work {
        row: claimed.row,
        id: claimed.id,
        kind: claimed.kind,
        occurred_at: claimed.occurred_at,
        payload: claimed.payload,
        attempt: 1,
        traceparent: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_the_mail_server_took_it_sends_it_twice_at_most() {
    let office = Office::open().await;
    let task = office.task().await;
    office.assign(task, Some(&office.bob)).await;
    office.told().await;
    office.clock.advance(TimeDelta::seconds(120));
    let work = job(&office).await;
    let sends = mail_sender(testkit::mailbox().smtp_url(), &office.clock);
    let tenant = &office.tenant.context;
    // It is sent, and nobody lives to say so.
    sends.act(tenant, &office.db, &work).await;
    assert_eq!(office.mail(&office.bob).await.len(), 1);
    assert_eq!(
        office
            .rows("notification_mails WHERE state = 'sending'")
            .await,
        1
    );
    // Whoever gets the job next waits: the other may be alive.
    for _ in 0..3 {
        sends.act(tenant, &office.db, &work).await;
    }
    assert_eq!(office.mail(&office.bob).await.len(), 1);
    office.clock.advance(TimeDelta::seconds(45));
    sends.act(tenant, &office.db, &work).await;
    sends.act(tenant, &office.db, &work).await;
    assert_eq!(office.mail(&office.bob).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_waits_for_its_server_and_the_app_does_not() {
    let office = Office::with(AWAY).await;
    let task = office.task().await;
    office.assign(task, Some(&office.bob)).await;
    office.told().await;
    assert_eq!(office.inbox(&office.bob).await.len(), 1);
    // Every attempt fails, and then it is among the dead, where people see it.
    office.later(TimeDelta::seconds(120)).await;
    let failed = "notification_mails WHERE state = 'sending' AND attempts = 6 AND last_error <> ''";
    assert_eq!(office.rows(failed).await, 1);
    assert_eq!(office.rows("jobs WHERE dead_at IS NOT NULL").await, 1);
    assert_eq!(office.rows("notifications WHERE mail = 'instant'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_goes_through_the_broker_into_the_mailbox() {
    let world = World::new().await;
    let tenant = world.tenant().await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    let (place, link) = (world.place(&relay.nudge), world.link());
    let told = Arc::new(place.handler(notifier()));
    let mails = mail_sender(testkit::mailbox().smtp_url(), &world.clock);
    let mails = Arc::new(place.handler(mails));
    let consumers = [
        world.consumers(&link, Class::Notification, &told),
        world.consumers(&link, Class::Mail, &mails),
    ];
    let office = Office::of(&world, tenant, testkit::mailbox().smtp_url()).await;
    office.settle_at_once().await;
    let task = office.task().await;
    office.assign(task, Some(&office.bob)).await;
    let sent = eventually(LIMIT, || async {
        relay.nudge.nudge(office.tenant.context);
        office.mail(&office.bob).await.into_iter().next()
    });
    assert_eq!(sent.await.subject, "Task 0");
    for running in consumers {
        running.stop().await;
    }
    relay.running.stop().await;
}

/// A mail server that takes connections and never says a word; and how many it took.
async fn mute() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, taken)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_in_the_app_for_a_mail_server_that_says_nothing() {
    let (smtp, taken) = mute().await;
    let world = World::new().await;
    let tenant = world.tenant().await;
    let relay = world.relay(&world.link(), RelaySettings::default());
    let (place, link) = (world.place(&relay.nudge), world.link());
    let told = Arc::new(place.handler(notifier()));
    let mails = Arc::new(place.handler(mail_sender(&smtp, &world.clock)));
    let telling = world.consumers(&link, Class::Notification, &told);
    let _mailing = world.consumers(&link, Class::Mail, &mails);
    let office = Office::of(&world, tenant, &smtp).await;
    office.settle_at_once().await;
    office.assign(office.task().await, Some(&office.bob)).await;
    let tell = async || {
        relay.nudge.nudge(office.tenant.context);
        office.inbox(&office.bob).await.len()
    };
    eventually(LIMIT, || async {
        tell().await == 1 && taken.load(Ordering::SeqCst) == 1
    })
    .await;
    office.assign(office.task().await, Some(&office.bob)).await;
    eventually(LIMIT, || async { tell().await == 2 }).await;
    let sending = "notification_mails WHERE state = 'sending' AND last_error IS NULL";
    assert_eq!(office.rows(sending).await, 1);
    telling.stop().await;
    relay.running.stop().await;
}
