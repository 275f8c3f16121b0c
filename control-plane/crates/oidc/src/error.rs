//! What can go wrong between us and a provider. The texts are for architects and logs: they say
//! nothing of our inside and hold no secrets.

use crate::{FetchError, ForbiddenAddress};

/// Why somebody was not signed in, or out, by a provider.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The provider could not be asked.
    #[error("the provider's {what}: {source}")]
    Fetch {
        /// What was asked for.
        what: &'static str,
        /// Why it did not come.
        source: FetchError,
    },
    /// The provider's metadata are not what they should be.
    #[error("the provider's metadata: {0}")]
    Metadata(String),
    /// The provider's own answer to the browser.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// What the browser brought back is not whole, or of another provider.
    #[error("the provider's answer: {0}")]
    Callback(&'static str),
    /// The code was not exchanged.
    #[error("the code was not taken: {0}")]
    Exchange(String),
    /// The ID token is not good.
    #[error("the ID token: {0}")]
    IdToken(String),
    /// What the provider says of the user is not of the user who signed in.
    #[error("the user information: {0}")]
    UserInfo(&'static str),
    /// The logout token is not good.
    #[error("the logout token: {0}")]
    LogoutToken(String),
    /// The request could not be made.
    #[error("the request could not be made")]
    Setup,
}

impl OidcError {
    pub(crate) fn fetching(what: &'static str) -> impl FnOnce(FetchError) -> Self {
        move |source| Self::Fetch { what, source }
    }

    /// Whether the provider is away, so that trying again may help.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Fetch {
                source: FetchError::Slow | FetchError::Unreachable(_) | FetchError::Name(_),
                ..
            }
        )
    }
}

impl From<ForbiddenAddress> for OidcError {
    fn from(forbidden: ForbiddenAddress) -> Self {
        Self::Metadata(forbidden.to_string())
    }
}
