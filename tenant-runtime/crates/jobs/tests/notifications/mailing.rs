//! Mail servers that are away and consumers that die.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use broker::Class;
use chrono::TimeDelta;
use testkit::eventually;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};
use tr_domain::notifications::{MailChoice, Trigger};
use tr_jobs::{Effect as _, RelaySettings, Work};
use tr_store::{RowId, notifications as store};
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

/// A mail server that answers the first messages so, and takes what comes then.
struct Scripted {
    url: String,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    async fn start(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let taken = Arc::new(Mutex::new(Vec::new()));
        let (keep, answers) = (Arc::clone(&taken), Arc::new(Mutex::new(answers.iter())));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (keep, answers) = (Arc::clone(&keep), Arc::clone(&answers));
                let next = move || answers.lock().unwrap().next().copied();
                tokio::spawn(async move { Self::serve(stream, next, &keep).await });
            }
        });
        Self { url, taken }
    }

    async fn serve(
        stream: TcpStream,
        next: impl Fn() -> Option<&'static str>,
        taken: &Mutex<Vec<String>>,
    ) -> Option<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 ready\r\n").await.ok()?;
        loop {
            let line = Self::line(&mut stream).await?;
            let answer = match line.get(..4)? {
                "MAIL" => next().unwrap_or("250 go on"),
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await.ok()?;
                    let mut message = String::new();
                    loop {
                        match Self::line(&mut stream).await? {
                            end if end == ".\r\n" => break,
                            line => message.push_str(&line),
                        }
                    }
                    taken.lock().unwrap().push(message);
                    "250 taken"
                }
                _ => "250 well",
            };
            let answer = format!("{answer}\r\n");
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }

    async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
        let mut line = String::new();
        (stream.read_line(&mut line).await.ok()? > 0).then_some(line)
    }

    fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_while_mail_fails_is_told_with_it_and_nothing_is_lost() {
    let server = Scripted::start(&["451 later"]).await;
    let office = Office::with(&server.url).await;
    let instant = MailChoice::Instant;
    office
        .wants(&office.bob, Trigger::DatesChanged, instant)
        .await;
    let task = office.task().await;
    office.assign(task, Some(&office.bob)).await;
    office.heard().await;
    office.clock.advance(TimeDelta::seconds(120));
    let failed = office.mailed(Vec::new()).await;
    assert_eq!(failed.len(), 1);
    office.deadline(task, "2027-01-15T17:00").await;
    office.heard().await;
    office.clock.advance(TimeDelta::seconds(5));
    assert_eq!(office.mailed(failed).await.len(), 0);
    office.later(TimeDelta::seconds(240)).await;
    let taken = server.taken();
    assert_eq!(taken.len(), 1, "{taken:?}");
    let told = ["Ann assigned it to you", "Ann changed its dates"];
    assert!(told.iter().all(|told| taken[0].contains(told)), "{taken:?}");
    assert_eq!(office.rows("notifications WHERE mail = 'sent'").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_that_somebody_may_mend_is_not_dropped() {
    for (answer, mail, dead) in [
        ("535 who are you", "instant", 1),
        ("554 go away", "instant", 1),
        ("550 nobody here", "dropped", 0),
    ] {
        let answers: &[&str] = Box::leak(Box::new([answer; 6]));
        let server = Scripted::start(answers).await;
        let office = Office::with(&server.url).await;
        let task = office.task().await;
        office.assign(task, Some(&office.bob)).await;
        office.told().await;
        office.later(TimeDelta::seconds(120)).await;
        let kept = format!("notifications WHERE mail = '{mail}'");
        assert_eq!(office.rows(&kept).await, 1, "{answer}");
        let letters = office.rows("jobs WHERE dead_at IS NOT NULL").await;
        assert_eq!(letters, dead, "{answer}");
        assert_eq!(server.taken().len(), 0, "{answer}");
    }
}

/// Bob's digests come at 17:00 UTC; it is nine o'clock on Monday.
async fn digests(office: &Office) {
    office.insist(Trigger::Assigned, MailChoice::Daily).await;
    let own = tr_app::notifications::PutOwn {
        time_zone: Some("Pacific/Auckland".into()),
        digest_hour: Some(6),
        ..Default::default()
    };
    let ctx = office.ctx(&office.bob);
    let put = tr_app::notifications::put_own_settings(&ctx, &office.db, own);
    put.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_digests_that_are_due_at_once_tell_everything_once() {
    let office = Office::open().await;
    digests(&office).await;
    for _ in 0..2 {
        office.assign(office.task().await, Some(&office.bob)).await;
        office.heard().await;
        office.clock.advance(TimeDelta::days(1));
    }
    assert_eq!(
        office.rows("jobs WHERE kind = 'notification.digest'").await,
        2
    );
    office.told().await;
    let mail = office.mail(&office.bob).await;
    assert_eq!(mail.len(), 1);
    assert_eq!(mail[0].subject, "Your day in Acme: 2 things");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_mail_tells_is_taken_by_no_other_nor_after_somebody_took_note() {
    let office = Office::open().await;
    digests(&office).await;
    for _ in 0..2 {
        office.assign(office.task().await, Some(&office.bob)).await;
    }
    office.heard().await;
    let conn = office.db.conn();
    let told: Vec<_> = office
        .inbox(&office.bob)
        .await
        .iter()
        .map(|told| told.id)
        .collect();
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let take = async |ids: &[_], mail| {
        let tx = office.db.begin().await.unwrap();
        let taken = store::take_into_mail(&tx, ids, mail).await.unwrap();
        if taken {
            tx.commit().await.unwrap();
        }
        taken
    };
    assert!(take(&told[..1], one).await);
    // A later attempt of the same mail may; another one that wants both gets neither.
    assert!(take(&told[..1], one).await);
    assert!(!take(&told, other).await);
    let now = Some(office.clock.now());
    store::mark_one(conn, office.bob.id, told[1], now)
        .await
        .unwrap();
    assert!(!take(&told[1..], one).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_heard_of_after_the_hour_waits_for_the_next_digest() {
    let office = Office::open().await;
    digests(&office).await;
    office.assign(office.task().await, Some(&office.bob)).await;
    office.heard().await;
    office
        .clock
        .advance(TimeDelta::hours(8) - TimeDelta::seconds(1));
    office.assign(office.task().await, Some(&office.bob)).await;
    office.clock.advance(TimeDelta::seconds(2));
    assert_eq!(office.mailed(Vec::new()).await.len(), 0);
    office.told().await;
    assert_eq!(office.mail(&office.bob).await.len(), 1);
    office.later(TimeDelta::days(1)).await;
    let mail = office.mail(&office.bob).await;
    assert_eq!(mail.len(), 2);
    assert_eq!(mail[1].subject, "Your day in Acme: one thing");
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
