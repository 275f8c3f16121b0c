//! Announcements: everybody who listens hears them, and is told when some may have been lost.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics when something is not as it says"
)]

#[expect(dead_code, reason = "each test file uses a part of it")]
mod support;

use std::sync::{Arc, Mutex};

use broker::{Announcer, Link, listen};
use support::{Corner, LIMIT};
use testkit::{Proxy, eventually};

/// What somebody heard: bodies, or none where some may have been lost.
type Heard = Arc<Mutex<Vec<Option<String>>>>;

fn ear(link: Link) -> Heard {
    let heard = Heard::default();
    let kept = Arc::clone(&heard);
    tokio::spawn(listen(link, move |body| {
        let text = body.map(|body| String::from_utf8_lossy(body).into_owned());
        kept.lock().unwrap().push(text);
    }));
    heard
}

async fn has(heard: &Heard, wanted: &[Option<&str>]) {
    eventually(LIMIT, || async {
        let heard = heard.lock().unwrap();
        heard
            .iter()
            .map(Option::as_deref)
            .eq(wanted.iter().copied())
    })
    .await;
}

#[tokio::test]
async fn every_listener_hears_an_announcement() {
    let corner = Corner::new().await;
    let (one, two) = (ear(corner.link()), ear(corner.link()));
    has(&one, &[None]).await;
    has(&two, &[None]).await;
    let link = corner.link();
    link.connected().await.unwrap();
    let announcer = Announcer::new(link);
    announcer.announce(b"first").await;
    announcer.announce(b"second").await;
    for heard in [&one, &two] {
        has(heard, &[None, Some("first"), Some("second")]).await;
    }
}

#[tokio::test]
async fn a_listener_that_was_cut_off_is_told_that_it_may_have_missed_some() {
    let corner = Corner::new().await;
    let proxy = Proxy::to(&corner.url).await;
    let through = corner.link_through(&proxy.url(&corner.url), std::time::Duration::from_secs(10));
    let heard = ear(through);
    has(&heard, &[None]).await;
    proxy.cut();
    has(&heard, &[None, None]).await;
    let link = corner.link();
    link.connected().await.unwrap();
    Announcer::new(link).announce(b"after").await;
    has(&heard, &[None, None, Some("after")]).await;
}
