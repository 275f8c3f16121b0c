//! What a request of a tenant host brings along, and what the gateway found it to be.

use std::{net::IpAddr, sync::Arc};

use cp_domain::{Country, TokenHash};
use kernel::{SessionId, SupportAccessId, TenantId, TokenId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::secrets::{blind, hash_opaque, hash_token, mint_opaque};

/// The tenant whose host a request came to. The gateway puts it into the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantHost {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The first label of its host.
    pub slug: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// The request came to the host of people, where nobody's tenant counts. The gateway puts it into
/// the request's extensions in place of [`TenantHost`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeopleHost;

/// The session that a request came with, or none. The gateway puts it into the request's
/// extensions beside [`TenantHost`].
#[derive(Debug, Clone)]
pub struct TenantSession(pub Option<Arc<super::CachedSession>>);

/// Where the client is: the address of the connection or what trusted proxies say of it, and its
/// country. The gateway puts it into the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress {
    /// The address.
    pub ip: IpAddr,
    /// Its country, when it is known.
    pub country: Option<Country>,
}

/// What a request shows to prove who it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PresentedCredential {
    /// A cookie of a session.
    Cookie(TokenHash),
    /// A personal access token.
    Bearer(TokenHash),
    /// A cookie of a member of staff who looks in with the tenant's consent.
    Support(TokenHash),
}

/// What the cookie of a member of staff in a tenant begins with.
pub const SUPPORT_PREFIX: &str = "support.";

impl PresentedCredential {
    /// From a cookie's value; none when it cannot be one of ours.
    #[must_use]
    pub fn from_cookie(value: &str) -> Option<Self> {
        match value.strip_prefix(SUPPORT_PREFIX) {
            Some(value) => hash_opaque(value).map(Self::Support),
            None => hash_opaque(value).map(Self::Cookie),
        }
    }

    /// From the value after `Bearer`; none when it is not a whole token.
    #[must_use]
    pub fn from_bearer(value: &str) -> Option<Self> {
        hash_token(value).map(Self::Bearer)
    }

    /// The hash of the secret.
    #[must_use]
    pub const fn hash(&self) -> &TokenHash {
        match self {
            Self::Cookie(hash) | Self::Bearer(hash) | Self::Support(hash) => hash,
        }
    }

    /// The key in Redis.
    pub(super) fn key(&self, tenant: TenantId) -> String {
        match self {
            Self::Cookie(hash) => format!("t:{tenant}:session:{hash}"),
            Self::Bearer(hash) => format!("t:{tenant}:token:{hash}"),
            // Never kept there.
            Self::Support(hash) => format!("t:{tenant}:support:{hash}"),
        }
    }
}

/// By what somebody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// A session.
    Session(SessionId),
    /// A personal access token.
    Token(TokenId),
    /// Access of a member of staff, with the tenant's consent.
    Support(SupportAccessId),
}

/// The hash of a link's token; none when it cannot be one of ours.
#[must_use]
pub fn hash_link_token(token: &str) -> Option<TokenHash> {
    hash_opaque(token)
}

/// A new secret for a browser that has none, so that its forms and flows can be told from others'.
#[must_use]
pub fn new_browser_secret() -> SecretString {
    mint_opaque().secret
}

/// What a form carries to show that it was made for who holds this secret cookie.
#[must_use]
pub fn form_token(secret: &SecretString) -> String {
    blind(&format!("form:{}", secret.expose_secret()))
}
