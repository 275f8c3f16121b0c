//! Ctrl-C: whatever this command started ends with it, the last first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::process::Daemon;
use crate::progress;

/// What this command has started so far.
static STARTED: Mutex<Vec<Daemon>> = Mutex::new(Vec::new());
static FINISHED: Mutex<bool> = Mutex::new(false);
static CHANGED: Condvar = Condvar::new();
/// How long the command itself may take to tidy up.
const TIDY: Duration = Duration::from_secs(10);
static INTERRUPTED: AtomicBool = AtomicBool::new(false);
const GRACE: Duration = Duration::from_secs(30);
/// What a shell reports of a program that Ctrl-C ended.
const EXIT_CODE: i32 = 130;

/// From now on Ctrl-C, and a request to terminate, end what was started.
pub fn install() {
    let handler = || {
        INTERRUPTED.store(true, Ordering::SeqCst);
        progress::line("\nending what was started");
        stop_started();
        // What the command itself has to tidy up is seen to beside this.
        if let Ok(finished) = FINISHED.lock() {
            let _ = CHANGED.wait_timeout_while(finished, TIDY, |finished| !*finished);
        }
        std::process::exit(EXIT_CODE);
    };
    if ctrlc::set_handler(handler).is_err() {
        progress::note("Ctrl-C will leave running what was started");
    }
}

/// Whether Ctrl-C was pressed: loops without an end look.
pub fn requested() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Called when the command is over: an interruption is seen through before the process ends.
pub fn see_through() {
    *FINISHED.lock().unwrap_or_else(PoisonError::into_inner) = true;
    CHANGED.notify_all();
    while requested() {
        thread::park();
    }
}

/// Remembers a process that ends with this command when it is interrupted.
pub fn remember(daemon: &Daemon) {
    STARTED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(daemon.clone());
}

fn stop_started() {
    let mut started = std::mem::take(&mut *STARTED.lock().unwrap_or_else(PoisonError::into_inner));
    while let Some(daemon) = started.pop() {
        match daemon.stop(GRACE) {
            Ok(true) => progress::line(&format!("   ✓ {:<28} stopped", daemon.name())),
            Ok(false) => {}
            Err(error) => progress::failure(&format!("{error:#}")),
        }
    }
}
