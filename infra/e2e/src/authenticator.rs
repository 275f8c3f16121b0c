//! An authenticator app, as somebody has it on their telephone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use totp_rs::{Builder, Secret};

/// How long a code is shown.
pub const STEP_SECONDS: u64 = 30;
/// What somebody needs to read it and type it in.
const PAUSE_SECONDS: u64 = 12;

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

    /// The code that was shown before: it is good for as long as the one of this moment, and a
    /// code is good once, so that these are two.
    ///
    /// # Errors
    /// When the secret is none.
    pub fn code_before(&self) -> Result<String> {
        self.code_at((step()? - 1) * STEP_SECONDS)
    }

    /// Waits until the code of the moment is shown for some time yet, as people do.
    ///
    /// # Errors
    /// When the clock is wrong.
    pub async fn settle() -> Result<()> {
        while now()? % STEP_SECONDS > STEP_SECONDS - PAUSE_SECONDS {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
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

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn step() -> Result<u64> {
    Ok(now()? / STEP_SECONDS)
}
