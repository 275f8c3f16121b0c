//! Whose turn it is to compute: nobody computes what another computes already, nor is anybody kept
//! from computing by a tenant whose database is slow.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics when something is not as it says"
)]

use std::{
    convert::Infallible,
    future::pending,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    FutureExt as _,
    future::{join_all, select_all},
};
use kernel::{Generation, TenantContext, TenantId};
use testkit::{noon, within};
use tr_cache::{Cache, CacheSettings, Computed, Key, Kind, NoAnswer};
use uuid::Uuid;

const LIMIT: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_secs(3600);
const BODY: Bytes = Bytes::from_static(b"{}");

type Answer = Result<Bytes, NoAnswer<Infallible>>;

fn key(tenant: u128, scope: u128) -> Key {
    Key {
        tenant: TenantContext {
            tenant: TenantId::from_uuid(Uuid::from_u128(tenant)),
            generation: Generation(1),
        },
        kind: Kind::Board,
        scope: Uuid::from_u128(scope),
        version: 1,
    }
}

fn cache(patience: Duration, long: Duration) -> Cache {
    let settings = CacheSettings {
        check_every: 1,
        patience,
        long,
        ..CacheSettings::default()
    };
    Cache::new(settings, None)
}

async fn quick() -> Result<Computed, Infallible> {
    Ok(Computed {
        version: 1,
        body: BODY,
    })
}

/// Asks for what never comes.
fn hanging(cache: &Cache, key: Key) -> Pin<Box<dyn Future<Output = Answer> + '_>> {
    Box::pin(cache.get(key, noon(), async || pending().await))
}

async fn ask(cache: &Cache, key: Key) -> Answer {
    within(LIMIT, cache.get(key, noon(), quick)).await.unwrap()
}

#[tokio::test]
async fn when_computing_fails_all_who_asked_hear_of_it_and_nobody_tries_again() {
    let cache = cache(HOUR, HOUR);
    let computed = AtomicUsize::new(0);
    let fails = async || {
        computed.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Err::<Computed, _>("the database is away")
    };
    let asked = (0..200).map(|_| cache.get(key(1, 1), noon(), fails));
    for answer in join_all(asked).await {
        assert_eq!(answer, Err(NoAnswer::Failed("the database is away")));
    }
    assert_eq!(computed.load(Ordering::SeqCst), 1);
    // Whoever comes later tries again.
    assert_eq!(ask(&cache, key(1, 1)).await, Ok(BODY));
}

#[tokio::test]
async fn one_tenant_that_hangs_keeps_only_itself_waiting() {
    let cache = cache(Duration::from_millis(50), HOUR);
    assert_eq!(ask(&cache, key(1, 98)).await, Ok(BODY));
    let mut hang: Vec<_> = (0..20).map(|n| hanging(&cache, key(1, n))).collect();
    // Two have a turn and keep it. Those who wait are told so.
    for _ in 0..18 {
        let (answer, _, rest) = within(LIMIT, select_all(hang)).await.unwrap();
        assert_eq!(answer, Err(NoAnswer::Busy));
        hang = rest;
    }
    for other in &mut hang {
        assert_eq!(other.now_or_never(), None);
    }
    assert_eq!(ask(&cache, key(1, 99)).await, Err(NoAnswer::Busy));
    assert_eq!(ask(&cache, key(2, 1)).await, Ok(BODY));
    // What is kept is answered, without a look at whether it is right.
    assert_eq!(ask(&cache, key(1, 98)).await, Ok(BODY));
    // Whoever goes away gives their turn back.
    drop(hang);
    assert_eq!(ask(&cache, key(1, 99)).await, Ok(BODY));
}

#[tokio::test]
async fn many_tenants_that_hang_keep_nobody_else_waiting() {
    let cache = cache(HOUR, Duration::ZERO);
    let mut hang = Vec::new();
    for n in 0..16 {
        hang.push(hanging(&cache, key(n / 2, n)));
    }
    let all = join_all(hang);
    let other = async {
        let answer = ask(&cache, key(100, 1)).await;
        assert_eq!(answer, Ok(BODY));
    };
    tokio::select! {
        biased;
        _ = all => unreachable!("they hang"),
        () = other => {}
    }
}

#[tokio::test]
async fn so_many_are_computed_at_a_time_and_a_quarter_of_one_tenant() {
    for (tenants, most) in [(1, 2), (40, 8)] {
        let cache = cache(HOUR, HOUR);
        let (now, high) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let compute = async || {
            let others = now.fetch_add(1, Ordering::SeqCst);
            high.fetch_max(others + 1, Ordering::SeqCst);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            quick().await
        };
        let asked = (0..80).map(|n| cache.get(key(n % tenants, n), noon(), compute));
        for answer in within(LIMIT, join_all(asked)).await.unwrap() {
            assert_eq!(answer, Ok(BODY));
        }
        assert_eq!(high.load(Ordering::SeqCst), most);
    }
}
