//! OpenID Connect for providers that tenants name.
//!
//! A tenant's architect decides which addresses we call and whose keys we trust, so nothing here
//! trusts either:
//!
//! * Every request goes through [`Fetcher`]: names are resolved once, and the connection goes to
//!   an address that was looked at. No redirects, small bodies, short patience.
//! * ID tokens are checked by `openidconnect`, and by rules of our own where it leaves room.
//! * Logout tokens, which that crate does not know, are checked in [`LogoutNotice`]'s module.
//!
//! Time is passed in, and nothing is kept but the providers' metadata and keys.

mod authorize;
mod claims;
mod error;
mod exchange;
mod id_token;
mod jws;
mod keys;
mod logout;
mod metadata;
mod provider;
mod settings;
mod userinfo;

pub use authorize::{Begun, Hints};
pub use claims::{Claims, ProvenIdentity};
pub use error::OidcError;
pub use exchange::{Callback, Expected};
pub use keys::KeyUse;
pub use logout::LogoutNotice;
pub use metadata::Metadata;
pub use outbound::{FetchError, Fetcher, ForbiddenAddress, Guard, LookupFailed, Names, is_public};
pub use provider::{
    ALGORITHMS, Algorithms, DEFAULT_ALGORITHMS, Issuer, Provider, ProviderRuleError,
};
pub use settings::OidcSettings;

use std::sync::Arc;

use keys::Keys;
use metadata::MetadataCache;

/// Speaks with providers. Clones share what is known of them.
#[derive(Debug, Clone)]
pub struct Oidc {
    fetcher: Fetcher,
    names: Names,
    metadata: MetadataCache,
    keys: Arc<Keys>,
}

impl Oidc {
    /// With these settings. Nothing is asked yet. Call it inside a tokio runtime.
    #[must_use]
    pub fn new(settings: &OidcSettings) -> Self {
        let names = Names::new(settings.nameserver());
        let guard = Guard::new(settings.allow_loopback);
        let fetcher = Fetcher::new(guard, names.clone(), settings.timeout());
        Self {
            metadata: MetadataCache::new(fetcher.clone(), settings.metadata_life()),
            keys: Arc::new(Keys::new(fetcher.clone(), settings)),
            fetcher,
            names,
        }
    }

    /// Checks what can be seen of an issuer without asking anybody.
    ///
    /// # Errors
    /// When it would not be called.
    pub fn check_issuer(&self, issuer: &Issuer) -> Result<(), ForbiddenAddress> {
        self.fetcher.guard().check(&issuer.url()?)
    }

    /// What looks names up, for records that prove a domain.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }
}
