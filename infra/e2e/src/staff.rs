//! The staff owner of a stack, and their authenticator.

use anyhow::Result;

use crate::Authenticator;

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
        Authenticator::told(self.totp_secret).code()
    }
}
