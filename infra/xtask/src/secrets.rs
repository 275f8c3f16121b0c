//! Secrets of the private servers: made once, kept in files that only their owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::paths::Stack;

/// Bytes of a secret that programs use.
const BYTES: usize = 24;
/// Bytes of a password that people type: twenty digits.
const TYPED_BYTES: usize = 10;

/// The secret of that name, made when there is none.
pub fn secret(stack: &Stack, name: &str) -> Result<String> {
    kept_or_made(stack, name, BYTES)
}

/// The same for a password that people type.
pub fn password(stack: &Stack, name: &str) -> Result<String> {
    kept_or_made(stack, name, TYPED_BYTES)
}

fn kept_or_made(stack: &Stack, name: &str, bytes: usize) -> Result<String> {
    let path = stack.directory("secrets")?.join(name);
    if let Ok(kept) = fs::read_to_string(&path)
        && !kept.trim().is_empty()
    {
        return Ok(kept.trim().to_owned());
    }
    let made = random_hex(bytes)?;
    write(&path, &made)?;
    Ok(made)
}

/// The file of random bytes of that name, as hexadecimal digits, made when there is none.
pub fn random_once(stack: &Stack, name: &str, bytes: usize) -> Result<PathBuf> {
    let path = stack.directory("secrets")?.join(name);
    if !path.exists() {
        write(&path, &random_hex(bytes)?)?;
    }
    Ok(path)
}

/// Writes a file that only its owner may read.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Random bytes as hexadecimal digits.
fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0_u8; bytes];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut buffer))
        .context("no randomness from /dev/urandom")?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}
