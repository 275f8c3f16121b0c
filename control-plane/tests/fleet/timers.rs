//! Timers and usage in the staff API and on the command line.

use chrono::{NaiveDate, TimeDelta};
use cp_app::timers::{self, NewTimer};
use cp_domain::{Ring, StaffRole};
use cp_staff_api::{AuditQuery, ReleaseRing, TimerRunState, UsageQuery};
use cp_store::{UsageDay, UsageStore};
use uuid::Uuid;

use crate::{fixture::ControlPlane, staff_api::Served};

/// A leader with one timer; answers its token.
async fn lead(control_plane: &ControlPlane) -> (cp_domain::Node, u64) {
    let nodes = &control_plane.parts.nodes;
    nodes.create("ticker", Ring::General).await.unwrap();
    let node = nodes.list().await.unwrap().remove(0);
    let timer = NewTimer {
        name: "purge".to_owned(),
        schedule: "every hour".to_owned(),
        purpose: "Deletes what is old.".to_owned(),
        next_at: nodes.clock.now() + TimeDelta::hours(1),
    };
    let token = timers::lead(nodes, &node, &[timer]).await.unwrap();
    (node, token)
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_see_timers_and_have_one_run_once() {
    let served = Served::new(false).await;
    let (operator, _) = served.staff(StaffRole::Operator).await;
    let (owner, _) = served.staff(StaffRole::Owner).await;
    assert_eq!(operator.timers().await.unwrap().data, []);
    let (node, token) = lead(&served.control_plane).await;
    let listed = operator.timers().await.unwrap().data.remove(0);
    assert_eq!(
        (listed.name.as_str(), listed.ring, listed.schedule.as_str()),
        ("purge", ReleaseRing::General, "every hour")
    );
    assert_eq!(listed.leader.node.as_deref(), Some("ticker"));
    assert!(listed.leader.present && listed.leader.token == token);
    assert_eq!(listed.last_run, None);

    let general = ReleaseRing::General;
    let asked = operator.run_timer(general, "purge", None).await.unwrap();
    assert_eq!((asked.state, asked.asked), (TimerRunState::Asked, true));
    // One that waits is enough, whoever asks.
    let again = owner.run_timer(general, "purge", None).await.unwrap();
    assert_eq!(again, asked);
    for (ring, name) in [(general, "another"), (ReleaseRing::Early, "purge")] {
        let refused = operator.run_timer(ring, name, None).await.unwrap_err();
        assert_eq!(refused.problem().unwrap().code, "not_found");
    }
    let nodes = &served.control_plane.parts.nodes;
    let (_, open) = timers::beat(nodes, &node, token).await.unwrap();
    assert_eq!(open.len(), 1);
    let progress = timers::Progress {
        token,
        after: None,
        jobs: 2,
        state: "failed",
        error: Some("the broker refused".to_owned()),
    };
    timers::progress(nodes, &node, open[0].id, progress)
        .await
        .unwrap();
    let last = operator.timers().await.unwrap().data[0].last_run.clone();
    let last = last.unwrap();
    assert_eq!((last.id, last.state), (asked.id, TimerRunState::Failed));
    assert_eq!(last.error.as_deref(), Some("the broker refused"));
    assert_eq!((last.jobs, last.asked_by), (2, asked.asked_by));
    // With a key, the same request is one run even after that has ended.
    let first = operator.run_timer(general, "purge", Some("k")).await;
    let (first, second) = (
        first.unwrap(),
        operator
            .run_timer(general, "purge", Some("k"))
            .await
            .unwrap(),
    );
    assert!(first.id == second.id && first.id != asked.id);
    // Also one that only joined another's, which waited.
    let joined = owner.run_timer(general, "purge", Some("j")).await.unwrap();
    assert_eq!(joined.id, first.id);
    let progress = timers::Progress {
        token,
        after: None,
        jobs: 0,
        state: "done",
        error: None,
    };
    timers::progress(nodes, &node, first.id, progress)
        .await
        .unwrap();
    let again = owner.run_timer(general, "purge", Some("j")).await.unwrap();
    assert_eq!((again.id, again.state), (first.id, TimerRunState::Done));
    let query = AuditQuery {
        action: Some("timer.".to_owned()),
        ..AuditQuery::default()
    };
    let audit = owner.audit(&query).await.unwrap().data;
    assert_eq!(audit.len(), 2);
    assert_eq!(audit[1].object_id, Some(asked.id.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_lists_timers_and_asks_for_a_run() {
    let control_plane = ControlPlane::new().await;
    lead(&control_plane).await;
    let command = |arguments: &'static [&'static str]| {
        let environment = control_plane.environment.clone();
        tokio::task::spawn_blocking(move || {
            crate::program::program(&environment, arguments)
                .output()
                .unwrap()
        })
    };
    let asked = command(&["timers", "run", "purge"]).await.unwrap();
    assert!(asked.status.success(), "{asked:?}");
    let listed = command(&["timers"]).await.unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    assert!(
        text.starts_with("general\tpurge\tevery hour\tnext "),
        "{text}"
    );
    assert!(text.contains(" asked, 0 jobs\tled by ticker"), "{text}");
    let refused = command(&["timers", "run", "another"]).await.unwrap();
    assert!(!refused.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_see_what_a_tenant_uses() {
    let served = Served::new(false).await;
    let (support, _) = served.staff(StaffRole::Support).await;
    let tenant = served.control_plane.ask_for("acme").await.tenant_id;
    let central = &served.control_plane.parts.central;
    let day = |day: u32| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
    for number in 1..=20 {
        let counted = UsageDay {
            day: day(number),
            members: 3,
            items: number,
            storage_bytes: 7_000_000,
            events: 40,
            collected_at: served.control_plane.parts.auth.clock.now(),
        };
        UsageStore::put(central.conn(), tenant, &counted)
            .await
            .unwrap();
    }
    let span = |from, to| UsageQuery { from, to };
    let query = span(Some(day(10)), Some(day(12)));
    let usage = support.tenant_usage(tenant, &query).await.unwrap();
    let items: Vec<u32> = usage.days.iter().map(|day| day.items).collect();
    assert_eq!(items, [10, 11, 12]);
    let query = span(None, Some(day(20)));
    let month = support.tenant_usage(tenant, &query).await.unwrap();
    assert_eq!(month.days.len(), 20);
    let long_ago = NaiveDate::from_ymd_opt(2020, 1, 1);
    for query in [
        span(long_ago, Some(day(1))),
        span(Some(day(2)), Some(day(1))),
        span(None, Some(NaiveDate::MIN)),
        span(Some(NaiveDate::MIN), Some(NaiveDate::MAX)),
    ] {
        let refused = support.tenant_usage(tenant, &query).await.unwrap_err();
        assert_eq!(refused.problem().unwrap().code, "invalid_query");
    }
    let nobody = Uuid::now_v7().into();
    let refused = support.tenant_usage(nobody, &UsageQuery::default()).await;
    assert_eq!(refused.unwrap_err().problem().unwrap().code, "not_found");
}
