//! What a person sees while waiting: a line per step, a sign of life for long ones.

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a long step says that it is still at work.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// Prints a line to standard output. A closed pipe is no reason to fail.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints text as it is.
pub fn raw(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints a heading.
pub fn heading(text: &str) {
    line(&format!("\n── {text}"));
}

/// Prints a remark.
pub fn note(text: &str) {
    line(&format!("   ! {text}"));
}

/// Prints why the command failed, to standard error.
pub fn failure(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "error: {text}");
}

/// A step under way.
#[derive(Debug)]
pub struct Step {
    name: String,
    started: Instant,
    stop: Option<Sender<()>>,
    ticker: Option<JoinHandle<()>>,
}

impl Step {
    /// Begins a step; it speaks up every ten seconds until it is over.
    pub fn begin(name: impl Into<String>) -> Self {
        let name = name.into();
        let started = Instant::now();
        let (stop, stopped) = channel();
        let label = name.clone();
        let ticker = std::thread::spawn(move || {
            while stopped.recv_timeout(SIGN_OF_LIFE) == Err(RecvTimeoutError::Timeout) {
                line(&format!("   … {label} ({} s)", started.elapsed().as_secs()));
            }
        });
        Self {
            name,
            started,
            stop: Some(stop),
            ticker: Some(ticker),
        }
    }

    /// Ends a step that worked.
    pub fn done(mut self, outcome: &str) {
        self.quiet();
        let seconds = self.started.elapsed().as_secs_f64();
        line(&format!(
            "   ✓ {:<28} {outcome} ({seconds:.1} s)",
            self.name
        ));
    }

    /// Ends a step that did not work.
    pub fn failed(mut self, reason: &str) {
        self.quiet();
        line(&format!("   ✗ {:<28} {reason}", self.name));
    }

    fn quiet(&mut self) {
        drop(self.stop.take());
        if let Some(ticker) = self.ticker.take() {
            let _ = ticker.join();
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.quiet();
    }
}
