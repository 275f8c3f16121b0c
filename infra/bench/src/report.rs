//! What was measured, for people and for programs.

use std::{fs, path::Path};

use anyhow::Result;
use serde::Serialize;

/// Prints a line.
#[expect(clippy::print_stdout, reason = "a benchmark talks to a terminal")]
pub fn line(text: &str) {
    println!("{text}");
}

/// A bar and what came out.
#[derive(Debug, Clone, Serialize)]
pub struct Bar {
    name: String,
    measured: f64,
    limit: f64,
    met: bool,
}

impl Bar {
    /// A value that has to be at least this.
    pub fn at_least(name: impl Into<String>, measured: f64, limit: f64) -> Self {
        Self {
            name: name.into(),
            measured,
            limit,
            met: measured >= limit,
        }
    }

    /// A value that may be at most this.
    pub fn at_most(name: impl Into<String>, measured: f64, limit: f64) -> Self {
        Self {
            name: name.into(),
            measured,
            limit,
            met: measured <= limit,
        }
    }

    /// Whether it was met.
    pub const fn is_met(&self) -> bool {
        self.met
    }
}

/// Prints the bars and writes everything under `target/bench`. Whether all bars were met.
pub fn conclude(name: &str, bars: &[Bar], figures: &impl Serialize) -> Result<bool> {
    for bar in bars {
        let word = if bar.met { "met" } else { "MISSED" };
        line(&format!(
            "{word:>6}  {}: {:.2} (bar {:.2})",
            bar.name, bar.measured, bar.limit
        ));
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    fs::create_dir_all(&directory)?;
    let path = directory.join(format!("{name}.json"));
    let document = serde_json::json!({ "benchmark": name, "bars": bars, "figures": figures });
    fs::write(&path, serde_json::to_vec_pretty(&document)?)?;
    line(&format!("written to target/bench/{name}.json"));
    Ok(bars.iter().all(|bar| bar.met))
}
