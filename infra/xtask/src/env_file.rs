//! `KEY=value` files that a shell can source.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::secrets;

/// Writes the file, replacing it in one step; left alone when nothing changed.
pub fn write(path: &Path, values: &[(String, String)]) -> Result<()> {
    let text: String = values
        .iter()
        .map(|(key, value)| format!("{key}={value}\n"))
        .collect();
    if fs::read_to_string(path).is_ok_and(|kept| kept == text) {
        return Ok(());
    }
    let fresh = path.with_extension("new");
    secrets::write(&fresh, &text)?;
    fs::rename(&fresh, path).with_context(|| format!("cannot write {}", path.display()))
}
