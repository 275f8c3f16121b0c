//! The master keys of a program, as they stand in the file that its settings name.

use std::{collections::HashMap, fmt, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use rand::RngCore as _;

type KeyId = [u8; 4];

/// Master keys; the first one seals. Clones share them.
#[derive(Clone)]
pub struct KeyRing(Arc<Keys>);

struct Keys {
    current: KeyId,
    sealing: XChaCha20Poly1305,
    all: HashMap<KeyId, XChaCha20Poly1305>,
}

/// The text is no ring of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyRing {
    /// There is no key.
    #[error("there is no key; make one with `control-plane keys new`")]
    Empty,
    /// A line is none.
    #[error("line {0} is not `ID:KEY` with 8 hexadecimal digits and 32 bytes in base64")]
    Line(usize),
    /// An id stands twice.
    #[error("line {0} repeats the id of an earlier key")]
    Twice(usize),
}

impl KeyRing {
    /// The keys of a text of lines `ID:KEY`, the one that seals first. Empty lines and lines that
    /// start with `#` are skipped.
    ///
    /// # Errors
    /// When there is no key, or a line is none.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyRing> {
        let mut first = None;
        let mut all = HashMap::new();
        for (line, number) in text.lines().map(str::trim).zip(1..) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (id, key) = parse_line(line).ok_or(InvalidKeyRing::Line(number))?;
            first.get_or_insert_with(|| (id, key.clone()));
            if all.insert(id, key).is_some() {
                return Err(InvalidKeyRing::Twice(number));
            }
        }
        let (current, sealing) = first.ok_or(InvalidKeyRing::Empty)?;
        Ok(Self(Arc::new(Keys {
            current,
            sealing,
            all,
        })))
    }

    pub(super) fn current(&self) -> (KeyId, &XChaCha20Poly1305) {
        (self.0.current, &self.0.sealing)
    }

    pub(super) fn key(&self, id: KeyId) -> Option<&XChaCha20Poly1305> {
        self.0.all.get(&id)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing({} keys)", self.0.all.len())
    }
}

/// A line with a new key, to be put first into the file.
#[must_use]
pub fn new_key_line() -> String {
    let mut id = [0u8; 4];
    let mut key = [0u8; 32];
    rand::rng().fill_bytes(&mut id);
    rand::rng().fill_bytes(&mut key);
    format!(
        "{:08x}:{}",
        u32::from_be_bytes(id),
        BASE64_STANDARD.encode(key)
    )
}

fn parse_line(line: &str) -> Option<(KeyId, XChaCha20Poly1305)> {
    let (id, key) = line.split_once(':')?;
    if id.len() != 8 {
        return None;
    }
    let id = u32::from_str_radix(id, 16).ok()?.to_be_bytes();
    let key = BASE64_STANDARD.decode(key.trim()).ok()?;
    Some((id, XChaCha20Poly1305::new_from_slice(&key).ok()?))
}
