//! The threads on which hashes are computed: few and always the same, so that their memory is
//! bounded, and of low priority, so that a crowd that signs in waits for itself while everybody
//! else is served as before.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use tokio::sync::oneshot;

/// How far the threads stand back behind those that serve: they get what these leave, and a tenth
/// of a processor when these leave nothing.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// The threads. They end with the last handle.
#[derive(Debug, Clone)]
pub(super) struct Hashers {
    jobs: mpsc::Sender<Job>,
}

impl Hashers {
    /// So many threads.
    pub(super) fn start(count: usize) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..count.max(1) {
            let queue = Arc::clone(&queue);
            thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&queue))?;
        }
        Ok(Self { jobs })
    }

    /// What the work came to; nothing when it broke off.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (tell, told) = oneshot::channel();
        let job = Box::new(move || {
            // Whoever asked may have gone away.
            let _ = tell.send(work());
        });
        self.jobs.send(job).ok()?;
        told.await.ok()
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Job>>) {
    stand_back();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A job that panics is one that broke off, and no reason to lose the thread.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// On Linux priorities are those of threads; elsewhere it would be that of the whole process.
#[cfg(target_os = "linux")]
fn stand_back() {
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "threads that hash passwords have the priority of those that serve");
    }
}

#[cfg(not(target_os = "linux"))]
fn stand_back() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_breaks_off_takes_no_thread_with_it() {
        let hashers = Hashers::start(1).unwrap();
        let broken: Option<()> = hashers.run(|| panic!("on purpose")).await;
        assert_eq!(broken, None);
        assert_eq!(hashers.run(|| 7).await, Some(7));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_these_threads_stand_back() {
        let own = || rustix::process::getpriority_process(None).unwrap();
        let before = own();
        let hashers = Hashers::start(1).unwrap();
        let there = hashers.run(own).await;
        assert_eq!(there, Some((before + NICENESS).min(19)));
        assert_eq!(own(), before);
    }
}
