//! Kept boards are never older than what was acknowledged before they were asked for, whoever
//! writes, however late something is put into the cache, and whatever the document server does.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};
use std::time::Duration;

use futures_util::future::join_all;
use kernel::{IfMatch, WorkItemId};
use testkit::history::{Read, stale};
use testkit::{Proxy, eventually, services};
use tr_app::board::get_board;
use tr_app::labels::{CreateLabel, PatchLabel, create_label, patch_label};
use tr_app::work_items::{PatchWorkItem, patch_work_item};
use tr_cache::{Cache, CacheSettings, Computed, Documents, Key, Kind};
use tr_domain::labels::LabelChoice;
use tr_domain::{ContentPatch, ElementType};

use crate::world::*;

/// Documents of this test alone, or none where there is no server.
async fn documents(world: &World, through: Option<&Proxy>) -> Option<Documents> {
    let url = services().mongodb_url.clone()?;
    let url = through.map_or(url.clone(), |proxy| proxy.url(&url));
    let name = world.tenant.tenant.as_uuid().simple();
    let url = format!("{}/kept_{name}", url.trim_end_matches('/'));
    Some(Documents::open(&url).await.unwrap())
}

fn settings(check_every: u64) -> CacheSettings {
    CacheSettings {
        check_every,
        share_after: Duration::ZERO,
        ..CacheSettings::default()
    }
}

/// Writes `rounds` numbers into an element's name while `read` reads them; gives the reads.
async fn history(
    world: &World,
    element: WorkItemId,
    rounds: u64,
    read: impl AsyncFn(usize) -> u64,
) -> Vec<Read> {
    let acknowledged = AtomicU64::new(0);
    let write = async {
        for number in 1..=rounds {
            rename(world, element, number).await;
            acknowledged.store(number, Ordering::SeqCst);
        }
    };
    let readers = (0..8).map(async |reader| {
        let mut reads = Vec::new();
        while acknowledged.load(Ordering::SeqCst) < rounds {
            let acknowledged = acknowledged.load(Ordering::SeqCst);
            let seen = read(reader).await;
            reads.push(Read { acknowledged, seen });
            // What is found in memory is found without waiting: let the writer have its turn.
            tokio::task::yield_now().await;
        }
        reads
    });
    let ((), reads) = tokio::join!(write, join_all(readers));
    reads.into_iter().flatten().collect()
}

async fn rename(world: &World, element: WorkItemId, number: u64) {
    let command = PatchWorkItem {
        id: element,
        if_match: IfMatch::Any,
        content: ContentPatch {
            name: Some(number.to_string()),
            ..ContentPatch::default()
        },
        labels: None,
    };
    patch_work_item(&world.ctx(Who::Builder), &world.db, command)
        .await
        .unwrap();
}

/// The number in the name of the only element of a board.
fn number_of(board: &[u8]) -> u64 {
    let board: serde_json::Value = serde_json::from_slice(board).unwrap();
    let name = board.pointer("/cells/0/elements/0/name").unwrap();
    name.as_str().unwrap().parse().unwrap_or(0)
}

#[tokio::test]
async fn no_read_of_two_processes_is_stale() {
    let world = World::new().await;
    let plan = world.plan().await;
    let proxy = match &services().mongodb_url {
        Some(url) => Some(Proxy::to(url).await),
        None => None,
    };
    let processes = [
        Cache::new(settings(10), documents(&world, None).await),
        Cache::new(settings(10), documents(&world, proxy.as_ref()).await),
    ];
    let reads = AtomicUsize::new(0);
    let read = async |reader: usize| {
        // The second process loses the document server again and again.
        if let Some(proxy) = &proxy {
            match reads.fetch_add(1, Ordering::Relaxed) % 40 {
                10 => proxy.cut(),
                20 => proxy.close(),
                30 => proxy.open(),
                _ => {}
            }
        }
        let ctx = world.ctx(Who::User);
        let board = get_board(&ctx, &world.db, &processes[reader % 2], plan.grid).await;
        number_of(&board.unwrap())
    };
    let history = history(&world, plan.element, 150, read).await;
    assert!(history.len() > 150, "{} reads", history.len());
    assert_eq!(stale(&history), 0);
    for process in &processes {
        let kept = process.check(world.ctx(Who::User).now);
        assert!(!kept.is_err_and(|reason| reason.contains("kept answer")));
    }
}

/// The checker is worth something: a cache that forgets the version is caught.
#[tokio::test]
async fn a_cache_without_versions_is_stale() {
    let world = World::new().await;
    let plan = world.plan().await;
    let (broken, right) = (Cache::new(settings(0), None), Cache::new(settings(0), None));
    let ctx = world.ctx(Who::User);
    let key = Key {
        tenant: world.tenant,
        kind: Kind::Board,
        scope: plan.grid.as_uuid(),
        version: 0,
    };
    let read = async |_| {
        let compute = async || {
            let body = get_board(&ctx, &world.db, &right, plan.grid).await?;
            Ok::<_, tr_app::work_items::WorkItemError>(Computed { version: 0, body })
        };
        number_of(&broken.get(key, ctx.now, compute).await.unwrap())
    };
    let history = history(&world, plan.element, 20, read).await;
    assert!(stale(&history) > 0, "{} reads", history.len());
}

#[tokio::test]
async fn a_renamed_label_is_on_the_next_board() {
    let world = World::new().await;
    let plan = world.plan().await;
    let ctx = world.ctx(Who::Architect);
    let label = CreateLabel {
        name: "Risk".into(),
        colour: "#b3261e".into(),
    };
    let label = done(create_label(&ctx, &world.db, label, None).await.unwrap());
    let command = PatchWorkItem {
        id: plan.element,
        if_match: IfMatch::Any,
        content: ContentPatch::default(),
        labels: Some(vec![LabelChoice {
            label: label.id,
            primary: true,
        }]),
    };
    patch_work_item(&ctx, &world.db, command).await.unwrap();
    let name = async || {
        let board = world.board(Who::User, plan.grid).await;
        let name = board.pointer("/cells/0/elements/0/labels/0/name");
        name.unwrap().clone()
    };
    assert_eq!(name().await, "Risk");
    let command = PatchLabel {
        id: label.id,
        if_match: IfMatch::Any,
        name: Some("Danger".into()),
        colour: None,
    };
    patch_label(&ctx, &world.db, command).await.unwrap();
    assert_eq!(name().await, "Danger");
}

#[tokio::test]
async fn two_hundred_misses_compute_once_and_another_process_not_at_all() {
    let world = World::new().await;
    let key = Key {
        tenant: world.tenant,
        kind: Kind::Board,
        scope: uuid::Uuid::from_u128(1),
        version: 7,
    };
    let (first, second) = (
        Cache::new(settings(0), documents(&world, None).await),
        Cache::new(settings(0), documents(&world, None).await),
    );
    let now = world.ctx(Who::User).now;
    let computed = Arc::new(AtomicUsize::new(0));
    let compute = async || {
        computed.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok::<_, std::convert::Infallible>(Computed {
            version: 7,
            body: "the board".into(),
        })
    };
    let asked = (0..200).map(|_| first.get(key, now, compute));
    for answer in join_all(asked).await {
        assert_eq!(answer.unwrap(), "the board");
    }
    assert_eq!(computed.load(Ordering::SeqCst), 1);
    if let Some(documents) = documents(&world, None).await {
        // Who asked did not wait for it to be kept there.
        eventually(Duration::from_secs(10), async || {
            documents.find(&key.to_string(), now).await
        })
        .await;
    }
    assert_eq!(second.get(key, now, compute).await.unwrap(), "the board");
    let again = usize::from(services().mongodb_url.is_none());
    assert_eq!(computed.load(Ordering::SeqCst), 1 + again);
}

/// What is computed as fast as the document server answers is not carried there.
#[tokio::test]
async fn what_was_computed_in_a_moment_stays_in_memory() {
    let world = World::new().await;
    let Some(documents) = documents(&world, None).await else {
        return;
    };
    let cache = |share_after| {
        let settings = CacheSettings {
            share_after,
            ..settings(0)
        };
        Cache::new(settings, Some(documents.clone()))
    };
    let now = world.ctx(Who::User).now;
    let key = |scope| Key {
        tenant: world.tenant,
        kind: Kind::Board,
        scope: uuid::Uuid::from_u128(scope),
        version: 7,
    };
    let kept = async |scope, share_after| {
        let compute = async || {
            let body = "the board".into();
            Ok::<_, std::convert::Infallible>(Computed { version: 7, body })
        };
        let asked = cache(share_after).get(key(scope), now, compute).await;
        assert_eq!(asked.unwrap(), "the board");
    };
    kept(1, Duration::from_secs(3600)).await;
    kept(2, Duration::ZERO).await;
    let there = async |scope| documents.find(&key(scope).to_string(), now).await;
    let shared = eventually(Duration::from_secs(10), async || there(2).await).await;
    assert_eq!(shared, "the board");
    assert_eq!(there(1).await, None);
}

/// The key of a board as it is, and its version.
async fn present(world: &World, grid: WorkItemId) -> Key {
    let hex = grid.as_uuid().simple();
    let version = format!("SELECT version FROM cache_epochs WHERE scope = x'{hex}'");
    Key {
        tenant: world.tenant,
        kind: Kind::Board,
        scope: grid.as_uuid(),
        version: world.number(&version).await.try_into().unwrap(),
    }
}

#[tokio::test]
async fn a_wrong_entry_is_found_out_and_never_answered_twice() {
    let world = World::new().await;
    let plan = world.plan().await;
    world
        .element(plan.stages[1], plan.themes[0], ElementType::Information)
        .await;
    let cache = Cache::new(settings(1), None);
    let ctx = world.ctx(Who::User);
    let right = world.board(Who::User, plan.grid).await;
    let key = present(&world, plan.grid).await;
    let wrong = async || {
        Ok::<_, std::convert::Infallible>(Computed {
            version: key.version,
            body: "{}".into(),
        })
    };
    cache.get(key, ctx.now, wrong).await.unwrap();
    assert_eq!(cache.check(ctx.now), Ok(()));
    let board = get_board(&ctx, &world.db, &cache, plan.grid).await.unwrap();
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&board).unwrap(),
        right
    );
    assert_eq!(
        cache.check(ctx.now),
        Err("a kept answer was not what computing gives".to_owned())
    );
}

#[tokio::test]
async fn a_wrong_entry_is_thrown_out_of_the_document_server_as_well() {
    let world = World::new().await;
    let plan = world.plan().await;
    let Some(documents) = documents(&world, None).await else {
        return;
    };
    let key = present(&world, plan.grid).await.to_string();
    // Each call is past the rest after a failure of the one before.
    let calls = AtomicU64::new(0);
    let ctx = || {
        let mut ctx = world.ctx(Who::User);
        ctx.now += Duration::from_secs(3 * calls.fetch_add(1, Ordering::Relaxed));
        ctx
    };
    eventually(Duration::from_secs(20), async || {
        documents.insert(&key, "{}".into(), ctx().now).await;
        documents.find(&key, ctx().now).await
    })
    .await;
    let right = world.board(Who::User, plan.grid).await;
    let ask = async |check_every| {
        let process = Cache::new(settings(check_every), Some(documents.clone()));
        let board = get_board(&ctx(), &world.db, &process, plan.grid).await;
        serde_json::from_slice::<serde_json::Value>(&board.unwrap()).unwrap()
    };
    // One process finds it, looks, and throws it out: another one has to compute.
    eventually(Duration::from_secs(20), async || {
        assert_eq!(ask(1).await, right);
        let now = ctx().now;
        let found = documents.find(&key, now).await;
        let gone = found != Some("{}".into()) && documents.check(now).is_ok();
        gone && ask(0).await == right
    })
    .await;
}
