//! The staff owner of a stack, and their authenticator.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use totp_rs::{Builder, Secret};

/// A member of staff.
#[derive(Debug, Clone, Copy)]
pub struct Staff {
    /// The address to sign in with.
    pub email: &'static str,
    /// What they are called.
    pub name: &'static str,
    /// The password.
    pub password: &'static str,
    /// The authenticator's secret in base 32.
    pub totp_secret: &'static str,
}

impl Staff {
    /// The owner that every stack has.
    #[must_use]
    pub const fn owner() -> Self {
        Self {
            email: "owner@staff.example",
            name: "Olive Warden",
            password: "walnut ferry quietly amber 31",
            totp_secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        }
    }

    /// The code that the authenticator shows now.
    ///
    /// # Errors
    /// When the secret is none.
    pub fn code(&self) -> Result<String> {
        let secret = Secret::try_from_base32(self.totp_secret)
            .ok()
            .context("it is base 32")?;
        let totp = Builder::new()
            .with_secret(secret)
            .build()
            .ok()
            .context("it is long enough")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        Ok(totp.generate(now).to_string())
    }
}
