//! Signed identities, used again until shortly before they end, so that nothing is signed per
//! request.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use cp_app::{
    identity_keys::IdentityKeys,
    sessions::{CachedSession, Credential},
};
use http::HeaderValue;
use identity::Claims;
use kernel::{Actor, MemberId, Role, Scopes, TenantContext};
use moka::sync::Cache;

/// How long before its end an identity is used no more: a node has to get it in time.
const MARGIN: TimeDelta = TimeDelta::seconds(15);
/// Letters of a name in an identity, whose size is bounded.
const MAX_NAME: usize = 60;
/// How many are kept.
const CAPACITY: u64 = 100_000;

/// What makes another identity: somebody else, another placement, another role. Scopes never
/// change within a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Subject {
    credential: Credential,
    tenant: TenantContext,
    version: u32,
}

#[derive(Debug, Clone)]
struct Kept {
    header: HeaderValue,
    use_until: DateTime<Utc>,
}

/// No key signs now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no identity key is known")]
pub(crate) struct NoSigner;

/// The identities of those who are signed in.
#[derive(Debug)]
pub(crate) struct Identities {
    keys: IdentityKeys,
    kept: Cache<Subject, Kept>,
    signatures: AtomicU64,
}

impl Identities {
    pub(crate) fn new(keys: IdentityKeys) -> Self {
        Self {
            keys,
            kept: Cache::new(CAPACITY),
            signatures: AtomicU64::new(0),
        }
    }

    /// The value of the identity header for a session in a tenant.
    pub(crate) fn header(
        &self,
        tenant: TenantContext,
        session: &Arc<CachedSession>,
        now: DateTime<Utc>,
    ) -> Result<HeaderValue, NoSigner> {
        let subject = Subject {
            credential: session.credential,
            tenant,
            version: session.version,
        };
        if let Some(kept) = self.kept.get(&subject).filter(|kept| now < kept.use_until) {
            return Ok(kept.header);
        }
        let signer = self.keys.signer(now).ok_or(NoSigner)?;
        let signed = signer.sign(
            &Claims {
                tenant,
                actor: session.actor(),
                support: session.support.as_ref().map(|guest| identity::Support {
                    id: guest.access,
                    name: guest.staff_name.chars().take(MAX_NAME).collect(),
                    until: guest.expires_at,
                }),
            },
            now,
        );
        self.signatures.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("gateway_identities_signed_total").increment(1);
        let header = HeaderValue::try_from(signed.token).map_err(|_| NoSigner)?;
        let use_until = signed.expires_at - MARGIN;
        self.kept.insert(
            subject,
            Kept {
                header: header.clone(),
                use_until,
            },
        );
        Ok(header)
    }

    /// The value of the identity header for somebody of whom nothing is known but where they came:
    /// it has no scope, so that no route takes it but those that need none.
    pub(crate) fn visitor(
        &self,
        tenant: TenantContext,
        now: DateTime<Utc>,
    ) -> Result<HeaderValue, NoSigner> {
        let signer = self.keys.signer(now).ok_or(NoSigner)?;
        let actor = Actor {
            member: MemberId::from_uuid(Default::default()),
            role: Role::User,
            external: true,
            session: None,
            scopes: Some(Scopes::default()),
        };
        let claims = Claims {
            tenant,
            actor,
            support: None,
        };
        let signed = signer.sign(&claims, now);
        self.signatures.fetch_add(1, Ordering::Relaxed);
        HeaderValue::try_from(signed.token).map_err(|_| NoSigner)
    }

    /// How many identities were signed since the start.
    pub(crate) fn signatures(&self) -> u64 {
        self.signatures.load(Ordering::Relaxed)
    }
}
