//! Which tenant, which request: passed as values, never ambient.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Actor, TenantId};

/// How often a tenant's placement has changed hands. Work done for an older generation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The tenant that a call is for. Every store call, key, path, message and span gets one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TenantContext {
    /// The tenant.
    pub tenant: TenantId,
    /// The generation of its placement that the caller knows.
    pub generation: Generation,
}

/// `X-Request-Id`: given by the client when well-formed (1–64 of `A–Z a–z 0–9 . _ -`), else made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(Box<str>);

impl RequestId {
    /// The id, when well-formed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let good = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        good.then(|| Self(text.into()))
    }

    /// The id from a UUID.
    #[must_use]
    pub fn from_uuid(id: uuid::Uuid) -> Self {
        Self(id.simple().to_string().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything a use case of the tenant runtime needs to know of its caller.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The tenant.
    pub tenant: TenantContext,
    /// The member.
    pub actor: Actor,
    /// The request, for activity and errors.
    pub request_id: RequestId,
    /// When the request came in.
    pub now: DateTime<Utc>,
}
