use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use kernel::{Generation, TenantContext};
use tokio::sync::Notify;
use uuid::Uuid;

use super::*;
use crate::source::SourceError;

/// A control plane that answers as it is told.
#[derive(Default)]
struct Source {
    asked: AtomicUsize,
    answer: Mutex<Option<Result<Option<u32>, ()>>>,
    /// Where a question waits before it is answered.
    hold: Option<Arc<Notify>>,
}

impl Source {
    fn answers(&self, answer: Result<Option<u32>, ()>) {
        *self.answer.lock().unwrap() = Some(answer);
    }
}

fn tenant() -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(7))
}

fn placed(generation: u32) -> Placement {
    Placement {
        tenant: TenantContext {
            tenant: tenant(),
            generation: Generation(generation),
        },
        host: "127.0.0.1".into(),
        port: 3306,
        database: format!("t{generation}"),
        user: "r".into(),
        password: String::new().into(),
    }
}

impl PlacementSource for Arc<Source> {
    async fn load(&self, _tenant: TenantId) -> Result<Option<Placement>, SourceError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().unwrap().unwrap_or(Err(()));
        if let Some(hold) = &self.hold {
            hold.notified().await;
        }
        answer
            .map(|found| found.map(placed))
            .map_err(|()| SourceError("down".into()))
    }
}

fn directory(source: Source) -> (Arc<Source>, Arc<Directory<Arc<Source>>>) {
    let source = Arc::new(source);
    (Arc::clone(&source), Arc::new(Directory::new(source)))
}

async fn generation(directory: &Directory<Arc<Source>>) -> Result<u32, PlacementError> {
    Ok(directory.placement(tenant()).await?.tenant.generation.0)
}

#[tokio::test]
async fn a_placement_is_asked_for_once() {
    let (source, directory) = directory(Source::default());
    source.answers(Ok(Some(1)));
    assert_eq!(generation(&directory).await, Ok(1));
    assert_eq!(generation(&directory).await, Ok(1));
    assert_eq!(source.asked.load(Ordering::SeqCst), 1);
    directory.forget(tenant());
    source.answers(Ok(Some(2)));
    assert_eq!(generation(&directory).await, Ok(2));
}

#[tokio::test]
async fn a_stale_placement_is_served_while_nobody_can_be_asked() {
    let (source, directory) = directory(Source::default());
    source.answers(Ok(Some(1)));
    assert_eq!(generation(&directory).await, Ok(1));
    source.answers(Err(()));
    directory.invalidate_all();
    assert_eq!(generation(&directory).await, Ok(1));
    assert_eq!(generation(&directory).await, Ok(1));
    assert_eq!(
        source.asked.load(Ordering::SeqCst),
        2,
        "a failure stands for a while"
    );
}

#[tokio::test]
async fn a_tenant_that_left_is_forgotten() {
    let (source, directory) = directory(Source::default());
    source.answers(Ok(Some(1)));
    assert_eq!(generation(&directory).await, Ok(1));
    source.answers(Ok(None));
    directory.forget(tenant());
    assert_eq!(generation(&directory).await, Err(PlacementError::Unknown));
    source.answers(Err(()));
    assert_eq!(
        generation(&directory).await,
        Err(PlacementError::Unavailable("down".into()))
    );
}

#[tokio::test]
async fn an_older_generation_never_replaces_a_newer_one() {
    let (source, directory) = directory(Source::default());
    source.answers(Ok(Some(5)));
    assert_eq!(generation(&directory).await, Ok(5));
    source.answers(Ok(Some(4)));
    directory.forget(tenant());
    assert_eq!(generation(&directory).await, Ok(5));
}

#[tokio::test]
async fn all_who_wait_get_the_one_answer_and_a_change_meanwhile_is_not_lost() {
    let hold = Arc::new(Notify::new());
    let (source, directory) = directory(Source {
        hold: Some(Arc::clone(&hold)),
        ..Source::default()
    });
    source.answers(Ok(Some(1)));
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let directory = Arc::clone(&directory);
            tokio::spawn(async move { generation(&directory).await })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(source.asked.load(Ordering::SeqCst), 1);
    // The placement changes while the answer is on its way.
    directory.forget(tenant());
    source.answers(Ok(Some(2)));
    hold.notify_one();
    hold.notify_one();
    let mut seen = Vec::new();
    for task in waiting {
        hold.notify_one();
        seen.push(task.await.unwrap().unwrap());
    }
    assert_eq!(seen.iter().max(), Some(&2));
    assert_eq!(source.asked.load(Ordering::SeqCst), 2);
    assert_eq!(generation(&directory).await, Ok(2));
}
