//! Pausing a class: no worker takes any of its messages until it is resumed.

use cp_store::{QueuePauseStore, StoreError};
use serde_json::json;

use super::{overview::QueueState, overview::list_queues};
use crate::{
    Auth,
    fleet::KeyError,
    staff::{By, record::Deed},
};

/// A class is not paused or resumed.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    /// No worker ever reported such a class.
    #[error("there is no such class")]
    Unknown,
    /// The request's key came with another body before.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Pauses a class on every worker, within seconds and over restarts. One that is paused already
/// stays as it is.
///
/// # Errors
/// When there is no such class, or the database fails.
pub async fn pause_class(
    auth: &Auth,
    by: &By,
    class: &str,
    reason: &str,
) -> Result<Vec<QueueState>, PauseError> {
    known(auth, class).await?;
    if by.answered::<String>(auth).await?.is_none() {
        let tx = auth.central.begin().await.map_err(StoreError::from)?;
        let (staff, now) = (by.requester.staff, auth.clock.now());
        if QueuePauseStore::insert(&tx, class, reason, staff, now).await? {
            let detail = json!({ "class": class, "reason": reason });
            by.record(&tx, auth, deed("queue.pause", detail), &class)
                .await?;
        } else {
            by.keep(&tx, auth, &class).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
    }
    known(auth, class).await
}

/// Resumes a class. One that is not paused stays as it is.
///
/// # Errors
/// When there is no such class, or the database fails.
pub async fn resume_class(
    auth: &Auth,
    by: &By,
    class: &str,
) -> Result<Vec<QueueState>, PauseError> {
    known(auth, class).await?;
    if by.answered::<String>(auth).await?.is_none() {
        let tx = auth.central.begin().await.map_err(StoreError::from)?;
        if QueuePauseStore::delete(&tx, class).await? {
            let detail = json!({ "class": class });
            by.record(&tx, auth, deed("queue.resume", detail), &class)
                .await?;
        } else {
            by.keep(&tx, auth, &class).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
    }
    known(auth, class).await
}

/// The class in every ring.
async fn known(auth: &Auth, class: &str) -> Result<Vec<QueueState>, PauseError> {
    let mut states = list_queues(auth).await?;
    states.retain(|state| state.class == class);
    if states.is_empty() {
        return Err(PauseError::Unknown);
    }
    Ok(states)
}

const fn deed(action: &'static str, detail: serde_json::Value) -> Deed {
    Deed {
        action,
        tenant: None,
        object: None,
        detail,
    }
}
