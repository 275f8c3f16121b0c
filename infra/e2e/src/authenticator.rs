//! An authenticator app, as somebody has it on their telephone.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use totp_rs::{Builder, Secret};

/// How long a code is shown.
pub const STEP_SECONDS: u64 = 30;

/// An app that knows one secret.
#[derive(Debug, Clone)]
pub struct Authenticator {
    secret: String,
}

impl Authenticator {
    /// An app that was told this secret, in base 32; spaces are for reading only.
    #[must_use]
    pub fn told(secret: &str) -> Self {
        let secret = secret.split_whitespace().collect();
        Self { secret }
    }

    /// The code of this moment.
    ///
    /// # Errors
    /// When the secret is none.
    pub fn code(&self) -> Result<String> {
        self.code_at(step()? * STEP_SECONDS)
    }

    /// The code that is shown next: a code is good once, and this one is good already.
    ///
    /// # Errors
    /// When the secret is none.
    pub fn next_code(&self) -> Result<String> {
        self.code_at((step()? + 1) * STEP_SECONDS)
    }

    fn code_at(&self, seconds: u64) -> Result<String> {
        let secret = Secret::try_from_base32(&self.secret)
            .ok()
            .context("it is base 32")?;
        let totp = Builder::new()
            .with_secret(secret)
            .build()
            .ok()
            .context("it is long enough")?;
        Ok(totp.generate(seconds).to_string())
    }
}

fn step() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(now / STEP_SECONDS)
}
