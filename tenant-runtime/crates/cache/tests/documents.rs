//! Entries on the document server, MongoDB or FerretDB: found until they are past their time, and
//! nobody's worry when the server is away.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Generation, TenantContext, TenantId};
use testkit::{Proxy, eventually, noon, services};
use tr_cache::{Documents, Key, Kind};
use uuid::Uuid;

const BODY: Bytes = Bytes::from_static(b"{\"stages\":[]}");

/// The address of entries of this test alone, where there is a server.
fn address() -> Option<String> {
    let url = services().mongodb_url.as_deref()?;
    let name = Uuid::new_v4().simple();
    Some(format!("{}/documents_{name}", url.trim_end_matches('/')))
}

/// Waits until the server answers: the first call connects, which may take longer than a call may.
async fn ready(documents: &Documents, now: DateTime<Utc>) {
    let asked = std::sync::atomic::AtomicI32::new(0);
    eventually(Duration::from_secs(20), async || {
        // Past the rest after a failure.
        let late = asked.fetch_add(3, std::sync::atomic::Ordering::SeqCst);
        let now = now + TimeDelta::seconds(late.into());
        documents.insert("ready", BODY, now).await;
        documents.find("ready", now).await
    })
    .await;
}

#[tokio::test]
async fn an_entry_is_kept_once_and_swept_when_it_is_past_its_time() {
    let Some(url) = address() else { return };
    let documents = Documents::open(&url).await.unwrap();
    let now = noon();
    ready(&documents, now - TimeDelta::days(30)).await;
    assert_eq!(documents.find("a/1", now).await, None);
    documents.insert("a/1", BODY, now).await;
    // Whoever computed the same at the same time: neither an error nor another entry.
    let other = Bytes::from_static(b"late");
    documents.insert("a/1", other, now).await;
    assert_eq!(documents.check(now), Ok(()));
    assert_eq!(documents.find("a/1", now).await, Some(BODY));
    let tomorrow = now + TimeDelta::hours(25);
    documents.insert("a/2", BODY, tomorrow).await;
    // `ready`, of a month ago, and the first; not the second.
    assert_eq!(documents.sweep(tomorrow).await.unwrap(), 2);
    assert_eq!(documents.find("a/1", tomorrow).await, None);
    assert_eq!(documents.find("a/2", tomorrow).await, Some(BODY));
}

#[tokio::test]
async fn only_the_version_that_was_kept_last_stays() {
    let Some(url) = address() else { return };
    let documents = Documents::open(&url).await.unwrap();
    let now = noon();
    ready(&documents, now - TimeDelta::days(30)).await;
    let of = |scope: u128, version| Key {
        tenant: TenantContext {
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            generation: Generation(1),
        },
        kind: Kind::Board,
        scope: Uuid::from_u128(scope),
        version,
    };
    let there = async |key: Key| documents.find(&key.to_string(), now).await.is_some();
    let keep = async |key: Key| {
        documents.insert(&key.to_string(), BODY, now).await;
        documents.supersede(&key, now).await;
    };
    for key in [of(1, 9), of(2, 9), of(1, 12), of(1, 12)] {
        keep(key).await;
        assert!(there(key).await, "{key}");
    }
    assert!(!there(of(1, 9)).await && there(of(2, 9)).await);
    // One that was computed long does not take a newer one's place.
    keep(of(1, 10)).await;
    keep(of(1, 13)).await;
    assert!(!there(of(1, 12)).await && there(of(1, 13)).await);
    assert_eq!(documents.check(now), Ok(()));
}

#[tokio::test]
async fn a_server_that_is_away_is_left_alone_for_a_moment() {
    let Some(url) = address() else { return };
    let proxy = Proxy::to(&url).await;
    let documents = Documents::open(&proxy.url(&url)).await.unwrap();
    let now = noon();
    ready(&documents, now - TimeDelta::days(30)).await;
    proxy.close();
    assert_eq!(documents.find("ready", now).await, None);
    documents.check(now).unwrap_err();
    // Nobody waits for it meanwhile, and it is asked again after that.
    proxy.open();
    assert_eq!(documents.find("ready", now).await, None);
    ready(&documents, now + TimeDelta::days(1)).await;
}

#[tokio::test]
async fn a_server_that_deletes_by_itself_is_asked_to_and_a_lost_one_is_told_of() {
    let Some(url) = address() else { return };
    let proxy = Proxy::to(&url).await;
    let documents = Documents::open(&proxy.url(&url)).await.unwrap();
    ready(&documents, noon()).await;
    // Either way this works as often as one likes.
    documents.clean(noon()).await.unwrap();
    documents.clean(noon()).await.unwrap();
    proxy.close();
    documents.clean(noon()).await.unwrap_err();
}
