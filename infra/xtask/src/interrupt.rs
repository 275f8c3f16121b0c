//! Ctrl-C: whatever this command started ends with it, the last first.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::process::Daemon;
use crate::progress;

/// What this command has started so far.
static STARTED: Mutex<Vec<Daemon>> = Mutex::new(Vec::new());
const GRACE: Duration = Duration::from_secs(30);
/// What a shell reports of a program that Ctrl-C ended.
const EXIT_CODE: i32 = 130;

/// From now on Ctrl-C, and a request to terminate, end what was started.
pub fn install() {
    let handler = || {
        progress::line("\nending what was started");
        stop_started();
        std::process::exit(EXIT_CODE);
    };
    if ctrlc::set_handler(handler).is_err() {
        progress::note("Ctrl-C will leave running what was started");
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
