//! Who is told of what, and when.

use chrono::TimeDelta;
use kernel::Actor;
use serde_json::json;
use tr_domain::access::{Level, Subject, Viewer};
use tr_domain::notifications::{MailChoice, Trigger};
use tr_store::members::MemberState;

use crate::office::{Office, whispers};
use crate::support::TRACE;

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
    office.told().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_later_is_part_of_the_trace_that_caused_it() {
    let office = Office::open().await;
    office
        .wants(&office.bob, Trigger::DatesChanged, MailChoice::Daily)
        .await;
    let task = office.task().await;
    office.assign(task, Some(&office.bob)).await;
    office.deadline(task, "2026-11-24T17:00").await;
    let trace = format!("UPDATE outbox SET traceparent = '{TRACE}'");
    office.tenant.run(&trace).await;
    office.told().await;
    let traced = async |kind: &str| {
        let jobs = format!("jobs WHERE kind = 'notification.{kind}' AND traceparent = '{TRACE}'");
        office.rows(&jobs).await
    };
    for kind in ["mail", "digest", "remind"] {
        assert_eq!(traced(kind).await, 1, "{kind}");
    }
    // What has not settled is looked at once more, and a reminder has mail of its own.
    office.clock.advance(TimeDelta::seconds(60));
    office.assign(task, None).await;
    office.assign(task, Some(&office.bob)).await;
    office.later(TimeDelta::seconds(60)).await;
    assert_eq!(office.rows("jobs WHERE traceparent IS NULL").await, 0);
    assert_eq!(traced("mail").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_told_in_as_many_statements_as_one_member() {
    let office = Office::open().await;
    let mut asked = Vec::new();
    for members in [1, 200] {
        let group = office.group(members).await;
        office.share_with(Subject::Group(group), Level::View).await;
        // What the connection has not prepared yet, it prepares now.
        let counter = office.counter().await;
        office.told().await;
        asked.push(counter.read().await.of("com/Execute"));
    }
    assert_eq!(office.rows("notifications").await, 201);
    let mail = "jobs WHERE class = 'mail' AND kind = 'notification.mail'";
    assert_eq!(office.rows(mail).await, 201);
    // 200 rows are 128, 64 and 8: of notifications and of jobs.
    assert_eq!(asked[1], asked[0] + 4, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_is_who_sees_it() {
    let office = Office::open().await;
    let archived = office.group(1).await;
    office
        .tenant
        .run("UPDATE members SET state = 'archived' WHERE name = 'Somebody'")
        .await;
    let (some, all) = (office.group(2).await, office.group(1).await);
    let internal = "UPDATE member_groups SET `system` = 'internal' WHERE id = ";
    let id = all.as_uuid().simple();
    office.tenant.run(&format!("{internal}x'{id}'")).await;
    let conn = office.db.conn();
    let mut members = vec![office.ann.id, office.bob.id, office.eve.id, office.guest.id];
    for group in [archived, some] {
        let of_group = tr_store::notifications::custom_group_members(conn, group);
        members.extend(of_group.await.unwrap());
    }
    let mut seen = Vec::new();
    for subject in [
        Subject::Group(archived),
        Subject::Group(some),
        Subject::Group(all),
    ] {
        office.share_with(subject, Level::View).await;
        let scope = office.grid.as_uuid();
        let seeing = tr_store::notifications::seeing(conn, &members, scope)
            .await
            .unwrap();
        for member in &members {
            let row = tr_store::notifications::person(conn, *member)
                .await
                .unwrap()
                .unwrap();
            let viewer = Viewer::of(&Actor {
                member: row.id,
                role: row.role,
                external: row.external,
                session: None,
                scopes: None,
            });
            let level = tr_store::access::level_on_object(conn, &viewer, scope)
                .await
                .unwrap();
            let sees = level.is_some() && row.state != MemberState::Archived;
            assert_eq!(seeing.contains(member), sees, "{row:?}");
        }
        seen.push(seeing.len());
    }
    // An architect, and two who were let in; two of a group; one and all but the guests.
    assert_eq!(seen, [3, 5, 6]);
}
