//! Who is told of what, and when.

use chrono::TimeDelta;
use serde_json::json;
use tr_domain::access::Level;
use tr_domain::notifications::{MailChoice, Trigger};

use crate::office::{Office, whispers};

const SETTLED: TimeDelta = TimeDelta::seconds(120);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_assigned_is_in_the_app_at_once_and_in_the_mail_when_it_has_settled() {
    let office = Office::open().await;
    let task = office.task().await;
    office.assign(task, Some(&office.bob)).await;
    office.told().await;
    let inbox = office.inbox(&office.bob).await;
    assert_eq!(inbox.len(), 1);
    assert_eq!(
        (inbox[0].trigger, inbox[0].object_id, inbox[0].name.as_str()),
        (Trigger::Assigned, task.as_uuid(), "Task 0")
    );
    assert_eq!(inbox[0].actor_name.as_deref(), Some("Ann"));
    // Bob's open pages hear of it, and nobody else's.
    assert_eq!(whispers(&office).await.last(), Some(&json!(office.bob.id)));
    office.later(TimeDelta::seconds(119)).await;
    assert_eq!(office.rows("notification_mails").await, 0);
    office.later(TimeDelta::seconds(1)).await;
    let mail = office.mail(&office.bob).await;
    assert_eq!(mail.len(), 1);
    assert_eq!(mail[0].subject, "Task 0");
    for body in [&mail[0].text, &mail[0].html] {
        let body = body.as_deref().unwrap();
        assert!(body.contains("Ann assigned it to you."), "{body}");
        assert!(
            body.contains("http://acme.trellis.example/unsubscribe/"),
            "{body}"
        );
    }
    let link = format!("/grids/{}/items/{task}", office.grid);
    assert!(mail[0].text.as_deref().unwrap().contains(&link));
    assert_eq!(
        office.rows("notification_mails WHERE state = 'sent'").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_what_they_did_or_may_not_see() {
    let office = Office::open().await;
    let (mine, hidden, guests) = (
        office.task().await,
        office.task().await,
        office.task().await,
    );
    office.assign(mine, Some(&office.ann)).await;
    office.assign(hidden, Some(&office.eve)).await;
    office.assign(guests, Some(&office.guest)).await;
    office.told().await;
    assert_eq!(office.triggers(&office.ann).await, []);
    assert_eq!(office.rows("notifications").await, 1);
    // A guest knows those who share things with them, and no others by name.
    let inbox = office.inbox(&office.guest).await;
    assert_eq!(inbox[0].trigger, Trigger::Assigned);
    assert_eq!((inbox[0].actor_id, &inbox[0].actor_name), (None, &None));
    office.later(SETTLED).await;
    assert_eq!(office.mail(&office.ann).await.len(), 0);
    assert_eq!(office.mail(&office.eve).await.len(), 0);
    let mail = office.mail(&office.guest).await;
    let text = mail[0].text.as_deref().unwrap();
    assert!(text.contains("Somebody assigned it to you.") && !text.contains("Ann"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_shut_out_before_the_mail_gets_none_and_finds_nothing() {
    let office = Office::open().await;
    let task = office.task().await;
    office.assign(task, Some(&office.bob)).await;
    office.told().await;
    assert_eq!(office.triggers(&office.bob).await, [Trigger::Assigned]);
    office.shut_out(&office.bob).await;
    assert_eq!(office.triggers(&office.bob).await, []);
    office.later(SETTLED).await;
    assert_eq!(office.mail(&office.bob).await.len(), 0);
    assert_eq!(office.rows("notifications WHERE mail = 'dropped'").await, 1);
    // Let in again, they are told by no late mail.
    office.share(&office.bob, Level::Edit).await;
    office.later(SETTLED).await;
    let mail = office.mail(&office.bob).await;
    assert_eq!(mail.len(), 1);
    assert!(
        mail[0]
            .text
            .as_deref()
            .unwrap()
            .contains("shared it with you: edit")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_undone_before_anybody_took_note_leaves_no_trace() {
    let office = Office::open().await;
    let (task, done) = (office.task().await, office.task().await);
    office.assign(task, Some(&office.bob)).await;
    office.told().await;
    office.assign(task, None).await;
    office.complete(&office.bob, done).await;
    office.told().await;
    assert_eq!(office.triggers(&office.ann).await, [Trigger::Completed]);
    office.reopen(&office.bob, done).await;
    office.later(SETTLED).await;
    assert_eq!(office.triggers(&office.bob).await, []);
    assert_eq!(office.triggers(&office.ann).await, []);
    assert_eq!(
        office
            .rows("notifications WHERE withdrawn_at IS NOT NULL")
            .await,
        2
    );
    assert_eq!(office.rows("notification_mails").await, 0);
    // Later it is news of its own.
    office.assign(task, Some(&office.bob)).await;
    office.later(SETTLED).await;
    office.assign(task, None).await;
    office.told().await;
    let both = [Trigger::Assigned, Trigger::Unassigned];
    assert_eq!(office.triggers(&office.bob).await, both);
    assert_eq!(office.mail(&office.bob).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_more_so_when_the_mail_is_due_is_not_in_it() {
    let office = Office::open().await;
    let task = office.task().await;
    office.assign(task, Some(&office.bob)).await;
    office.told().await;
    // Undone without an event, as if that were still on its way.
    office
        .tenant
        .run("UPDATE work_items SET assignee_id = NULL WHERE kind = 'task'")
        .await;
    office.later(SETTLED).await;
    assert_eq!(office.rows("notification_mails").await, 0);
    assert_eq!(office.rows("notifications WHERE mail = 'dropped'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_in_no_mail() {
    let office = Office::open().await;
    let task = office.task().await;
    office.assign(task, Some(&office.bob)).await;
    office.told().await;
    let read = office.inbox(&office.bob).await[0].id;
    let ctx = office.ctx(&office.bob);
    let marked = tr_app::notifications::mark_notification(&ctx, &office.db, read, true, None);
    marked.await.unwrap();
    office.later(SETTLED).await;
    assert_eq!(office.rows("notification_mails").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_news_of_one_thing_are_one_mail() {
    let office = Office::open().await;
    office
        .wants(&office.bob, Trigger::DatesChanged, MailChoice::Instant)
        .await;
    let (task, other) = (office.task().await, office.task().await);
    office.assign(task, Some(&office.bob)).await;
    office.assign(other, Some(&office.bob)).await;
    office.later(TimeDelta::seconds(100)).await;
    office.deadline(task, "2027-01-15T17:00").await;
    office.told().await;
    // It has not settled: of the other thing there is mail, of this one later.
    office.later(TimeDelta::seconds(20)).await;
    assert_eq!(office.mail(&office.bob).await.len(), 1);
    office.deadline(task, "2027-01-22T17:00").await;
    office.told().await;
    office.later(SETTLED).await;
    let mail = office.mail(&office.bob).await;
    assert_eq!(mail.len(), 2);
    assert_eq!(
        (mail[0].subject.as_str(), mail[1].subject.as_str()),
        ("Task 1", "Task 0")
    );
    let text = mail[1].text.as_deref().unwrap().replace('\r', "");
    let both = "- Ann assigned it to you.\n\
        - Ann changed its dates: deadline 22 January 2027, 17:00, was none.";
    assert!(text.contains(both), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_comes_once_a_day_at_the_persons_hour() {
    let office = Office::open().await;
    office.insist(Trigger::Assigned, MailChoice::Daily).await;
    let own = tr_app::notifications::PutOwn {
        time_zone: Some("Pacific/Auckland".into()),
        digest_hour: Some(6),
        ..Default::default()
    };
    let digest = format!("jobs WHERE job_key = 'digest:{}:2026-11-24'", office.bob.id);
    let ctx = office.ctx(&office.bob);
    tr_app::notifications::put_own_settings(&ctx, &office.db, own)
        .await
        .unwrap();
    let (one, two) = (office.task().await, office.task().await);
    office.assign(one, Some(&office.bob)).await;
    office.assign(one, Some(&office.guest)).await;
    office.assign(one, Some(&office.bob)).await;
    office.later(TimeDelta::hours(1)).await;
    office.assign(two, Some(&office.bob)).await;
    office.told().await;
    // It is 22:00 in Berlin's morning; six o'clock is at 17:00 UTC.
    assert_eq!(office.rows(&digest).await, 1);
    office.later(TimeDelta::minutes(7 * 60 - 1)).await;
    assert_eq!(office.rows("notification_mails").await, 0);
    office.later(TimeDelta::minutes(1)).await;
    let mail = office.mail(&office.bob).await;
    assert_eq!(mail.len(), 1);
    assert_eq!(mail[0].subject, "Your day in Acme: 2 things");
    let third = office.task().await;
    office.assign(third, Some(&office.bob)).await;
    office.later(TimeDelta::hours(24)).await;
    let mail = office.mail(&office.bob).await;
    assert_eq!(mail.len(), 2);
    assert_eq!(mail[1].subject, "Your day in Acme: one thing");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_reminded_once_of_what_is_due_and_not_done() {
    let office = Office::open().await;
    let (task, done, moved) = (
        office.task().await,
        office.task().await,
        office.task().await,
    );
    for item in [task, done, moved] {
        office.assign(item, Some(&office.bob)).await;
        // Nine o'clock in Berlin on Wednesday, two days ahead.
        office.deadline(item, "2026-11-25T09:00").await;
    }
    office.told().await;
    office.complete(&office.bob, done).await;
    office.deadline(moved, "2026-12-25T09:00").await;
    office.later(TimeDelta::minutes(22 * 60 + 59)).await;
    let reminded = async || {
        let inbox = office.inbox(&office.bob).await;
        let due = inbox
            .into_iter()
            .filter(|view| view.trigger == Trigger::DueSoon);
        due.map(|view| (view.object_id, view.detail["due"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(reminded().await, []);
    office.later(TimeDelta::minutes(1)).await;
    let once = vec![(task.as_uuid(), json!("2026-11-25T09:00"))];
    assert_eq!(reminded().await, once);
    // What makes another job does not make another reminder.
    office.complete(&office.bob, task).await;
    office.reopen(&office.bob, task).await;
    office.later(SETTLED).await;
    assert_eq!(reminded().await, once);
    let mail = office.mail(&office.bob).await;
    let texts: Vec<_> = mail
        .iter()
        .filter_map(|mail| mail.text.as_deref())
        .collect();
    let due = texts
        .iter()
        .filter(|text| text.contains("It is due on 25 November 2026, 09:00."));
    assert_eq!(due.count(), 1, "{texts:#?}");
}
