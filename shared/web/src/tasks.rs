//! Tasks that run until their process stops. One that ends before has failed: the process stops
//! then as if it were asked to, and says so, rather than go on without it.

use std::time::Duration;

use futures_util::future::select_all;
use tokio::task::{JoinError, JoinSet};

/// How a task ended that was to run until its process stops.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// It returned.
    #[error("a task ended by itself")]
    Ended,
    /// It panicked.
    #[error("a task failed")]
    Failed(#[from] JoinError),
}

/// Waits until the process is asked to stop, or one of its tasks ends.
///
/// # Errors
/// How the task ended.
pub async fn run_until<const SETS: usize>(
    asked: impl Future<Output = ()>,
    tasks: [&mut JoinSet<()>; SETS],
) -> Result<(), TaskError> {
    let any = select_all(tasks.map(|tasks| Box::pin(end_of_any(tasks))));
    tokio::select! {
        () = asked => Ok(()),
        (ended, ..) = any => Err(ended),
    }
}

/// Waits until all have ended, which have been told to.
///
/// # Errors
/// How one of them failed.
pub async fn end_of_all(tasks: &mut JoinSet<()>) -> Result<(), TaskError> {
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a task failed while stopping");
            outcome = Err(error.into());
        }
    }
    outcome
}

/// The same for tasks that may wait for a server that does not answer: what takes longer than the
/// limit is aborted.
///
/// # Errors
/// How one of them failed.
pub async fn end_within(limit: Duration, tasks: &mut JoinSet<()>) -> Result<(), TaskError> {
    match tokio::time::timeout(limit, end_of_all(tasks)).await {
        Ok(ended) => ended,
        Err(_) => {
            tracing::warn!(tasks = tasks.len(), "stopped without waiting any longer");
            tasks.shutdown().await;
            Ok(())
        }
    }
}

async fn end_of_any(tasks: &mut JoinSet<()>) -> TaskError {
    let error = match tasks.join_next().await {
        Some(Ok(())) => TaskError::Ended,
        Some(Err(error)) => error.into(),
        None => std::future::pending().await,
    };
    tracing::error!(?error, "stopping");
    error
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn running(stop: &CancellationToken) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        tasks.spawn(stop.clone().cancelled_owned());
        tasks
    }

    #[tokio::test]
    async fn a_task_that_panics_stops_the_process_and_the_others_end_in_order() {
        let stop = CancellationToken::new();
        let (mut tasks, mut others) = (running(&stop), JoinSet::new());
        tasks.spawn(async { panic!("a bug") });
        let never = std::future::pending();
        let ended = run_until(never, [&mut others, &mut tasks]).await;
        assert_eq!(ended.unwrap_err().to_string(), "a task failed");
        assert_eq!(tasks.len(), 1);
        stop.cancel();
        end_of_all(&mut tasks).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_waits_for_ever_does_not_keep_the_process_from_stopping() {
        let mut tasks = JoinSet::new();
        tasks.spawn(std::future::pending());
        end_within(Duration::from_secs(3), &mut tasks)
            .await
            .unwrap();
        assert!(tasks.is_empty());
        tasks.spawn(async { panic!("a bug") });
        let ended = end_within(Duration::from_secs(3), &mut tasks).await;
        assert!(matches!(ended, Err(TaskError::Failed(_))));
    }

    #[tokio::test]
    async fn tasks_that_run_until_they_are_told_are_no_reason_to_stop() {
        let stop = CancellationToken::new();
        let (mut tasks, mut others) = (running(&stop), running(&stop));
        let asked = tokio::task::yield_now();
        run_until(asked, [&mut tasks, &mut others]).await.unwrap();
        others.spawn(async { panic!("too late") });
        stop.cancel();
        end_of_all(&mut tasks).await.unwrap();
        assert!(end_of_all(&mut others).await.is_err());
        let by_itself = async {};
        tasks.spawn(by_itself);
        let ended = run_until(std::future::pending(), [&mut tasks, &mut others]).await;
        assert_eq!(ended.unwrap_err().to_string(), "a task ended by itself");
    }
}
