//! Secrets come from a file or from standard input, never from the command line, where everybody
//! on the machine could read them.

use std::{io::Read as _, path::Path};

use anyhow::{Context as _, ensure};
use secrecy::SecretString;

/// The first line of the file, or of standard input.
pub fn secret(file: Option<&Path>, what: &str) -> anyhow::Result<SecretString> {
    let mut text = String::new();
    match file {
        Some(file) => {
            text = std::fs::read_to_string(file)
                .with_context(|| format!("{what}: {} cannot be read", file.display()))?;
        }
        None => {
            std::io::stdin()
                .read_to_string(&mut text)
                .with_context(|| format!("{what}: standard input cannot be read"))?;
        }
    }
    let line = text.lines().next().unwrap_or_default();
    ensure!(
        !line.is_empty(),
        "{what}: there is none in the file or on standard input"
    );
    Ok(SecretString::from(line))
}
