//! The node API for leaders of timers: tokens, slots, runs; and what tenants use.

use chrono::{DateTime, TimeDelta, Utc};
use cp_domain::Ring;
use cp_node_api::{
    NodeApi, NodeApiError, RunProgress, RunProgressState, SlotClaim, TenantUsage, TimerEntry,
    TimersBeat, TimersLead,
};
use kernel::TimerRunId;
use testkit::noon;
use uuid::Uuid;

use crate::world::World;

fn timers() -> TimersLead {
    TimersLead {
        timers: vec![TimerEntry {
            name: "purge".to_owned(),
            schedule: "every hour".to_owned(),
            purpose: "A test.".to_owned(),
            next_at: noon(),
        }],
    }
}

fn claim(token: u64, hours: i64) -> SlotClaim {
    let slot = noon() + TimeDelta::hours(hours);
    SlotClaim {
        token,
        slot,
        next_at: slot + TimeDelta::hours(1),
    }
}

fn done(token: u64) -> RunProgress {
    RunProgress {
        token,
        after: None,
        jobs: 7,
        state: RunProgressState::Done,
        error: None,
    }
}

async fn lead(node: &NodeApi) -> u64 {
    node.lead_timers(&timers()).await.unwrap().token
}

async fn claimed(node: &NodeApi, token: u64, hours: i64) -> Option<TimerRunId> {
    let claimed = node.claim_slot("purge", claim(token, hours)).await.unwrap();
    claimed.run.map(|run| run.id)
}

fn is_conflict<T>(answer: Result<T, NodeApiError>) -> bool {
    answer.is_err_and(|error| error.is_conflict())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_deposed_can_claim_and_report_nothing() {
    let world = World::new().await;
    let (one, two) = (
        world.node("one", Ring::General).await,
        world.node("two", Ring::General).await,
    );
    let first = lead(&one).await;
    let begun = claimed(&one, first, 0).await.unwrap();
    let second = lead(&two).await;
    assert!(second > first);

    assert!(is_conflict(
        one.beat_timers(TimersBeat { token: first }).await
    ));
    assert!(is_conflict(one.claim_slot("purge", claim(first, 1)).await));
    assert!(is_conflict(one.report_run(begun, &done(first)).await));
    // What it had begun is the second's to end.
    let news = two.beat_timers(TimersBeat { token: second }).await.unwrap();
    assert_eq!(news.open.len(), 1);
    assert_eq!((news.open[0].id, news.open[0].slot), (begun, noon()));
    assert_eq!(news.last[0].slot, noon());
    two.report_run(begun, &done(second)).await.unwrap();
    let news = two.beat_timers(TimersBeat { token: second }).await.unwrap();
    assert_eq!(news.open, []);
    // Another ring has a leader of its own.
    let early = world.node("early", Ring::Early).await;
    let token = lead(&early).await;
    let news = early.beat_timers(TimersBeat { token }).await.unwrap();
    assert_eq!((news.open.len(), news.last.len()), (0, 0));
    two.beat_timers(TimersBeat { token: second }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_is_given_once_and_none_before_one_that_was() {
    let world = World::new().await;
    let node = world.node("node", Ring::General).await;
    let token = lead(&node).await;
    let claims = (0..16).map(|_| claimed(&node, token, 0));
    let given = futures_util::future::join_all(claims).await;
    assert_eq!(given.iter().flatten().count(), 1);
    world.clock.advance(TimeDelta::hours(3));
    assert!(claimed(&node, token, 2).await.is_some());
    assert_eq!(claimed(&node, token, 1).await, None);
    let unknown = node.claim_slot("another", claim(token, 3)).await;
    assert!(matches!(unknown, Err(NodeApiError::NotFound)));
    // A leader that starts anew does not forget what was had.
    let token = lead(&node).await;
    assert_eq!(claimed(&node, token, 2).await, None);
    assert!(claimed(&node, token, 3).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_whose_clock_is_ahead_is_refused_and_the_slot_stays_free() {
    let world = World::new().await;
    let (ahead, right) = (
        world.node("ahead", Ring::General).await,
        world.node("right", Ring::General).await,
    );
    let token = lead(&ahead).await;
    assert!(is_conflict(
        ahead.claim_slot("purge", claim(token, 2)).await
    ));
    assert!(is_conflict(
        ahead.claim_slot("purge", claim(token, 24 * 31)).await
    ));
    assert!(claimed(&ahead, token, 0).await.is_some());
    // What it says comes next was not noted either.
    let timers = cp_store::TimerLeaderStore::list(world.nodes.db.conn()).await;
    assert_eq!(timers.unwrap()[0].next_at, noon() + TimeDelta::hours(1));
    let token = lead(&right).await;
    world
        .clock
        .advance(TimeDelta::hours(2) - TimeDelta::seconds(30));
    assert!(claimed(&right, token, 1).await.is_some());
    // Half a minute is no difference.
    assert!(claimed(&right, token, 2).await.is_some());
}

fn usage(items: u32, collected_at: DateTime<Utc>) -> TenantUsage {
    TenantUsage {
        members: 3,
        items,
        storage_bytes: 7_000_000,
        events: 11,
        collected_at,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_usage_is_kept_once_and_as_it_was_counted_last() {
    let world = World::new().await;
    let acme = world.tenant("acme", "general", "active").await;
    let hidden = world.tenant("early", "early", "active").await;
    let node = world.node("node", Ring::General).await;
    let day = noon().date_naive();
    for (items, minutes) in [(5, 1), (6, 2), (5, 1)] {
        let usage = usage(items, noon() + TimeDelta::minutes(minutes));
        node.report_usage(acme.into(), day, &usage).await.unwrap();
    }
    for tenant in [hidden, Uuid::now_v7()] {
        let refused = node
            .report_usage(tenant.into(), day, &usage(1, noon()))
            .await;
        assert!(matches!(refused, Err(NodeApiError::NotFound)));
    }
    let days = cp_app::usage::list(&world.nodes.db, acme.into(), (day, day)).await;
    let days = days.unwrap().unwrap();
    assert_eq!(days.len(), 1);
    assert_eq!((days[0].items, days[0].events), (6, 11));
    let later = (day.succ_opt().unwrap(), day.succ_opt().unwrap());
    let none = cp_app::usage::list(&world.nodes.db, acme.into(), later).await;
    assert_eq!(none.unwrap().unwrap(), []);
}
