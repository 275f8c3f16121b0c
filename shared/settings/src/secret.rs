//! A secret: read like a text, never shown.

use std::{cell::RefCell, collections::BTreeSet, fmt};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

thread_local! {
    /// What was read as a secret while settings are loaded, so that printing them can hide it.
    static SEEN: RefCell<Option<BTreeSet<String>>> = const { RefCell::new(None) };
}

/// A secret text. Debug and Display hide it; it cannot be serialised; memory is wiped on drop.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether nothing was set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::new("")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() {
            "Secret(empty)"
        } else {
            "Secret(…)"
        })
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        SEEN.with_borrow_mut(|seen| {
            if let Some(seen) = seen {
                seen.insert(text.clone());
            }
        });
        Ok(Self::new(text))
    }
}

/// Runs `read` and collects the secrets that it deserialises on this thread.
pub(crate) fn collect<R>(read: impl FnOnce() -> R) -> (R, BTreeSet<String>) {
    SEEN.set(Some(BTreeSet::new()));
    let result = read();
    (result, SEEN.take().unwrap_or_default())
}
