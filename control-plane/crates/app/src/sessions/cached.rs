//! What a cookie or token stands for, as caches keep it.

use chrono::{DateTime, TimeDelta, Utc};
use cp_domain::{MemberState, SessionState, SignInMethod, scopes_from_words, support_scopes};
use cp_store::{AccessRecord, ProofRecord, Session, TenantSecurity};
use kernel::{Actor, ConnectionId, MemberId, PersonId, Role, Scopes, SessionId, TenantId};
use serde::{Deserialize, Serialize};

use super::Credential;
use crate::support::SupportGuest;

/// How long an entry is kept at most before its row is read again.
pub(super) const ENTRY_LIFE: TimeDelta = TimeDelta::hours(12);

/// When a session was last used is written to the row with this delay at most.
const SEEN_DELAY: TimeDelta = TimeDelta::seconds(90);

/// Who a cookie or token stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedSession {
    /// The session or the token.
    pub credential: Credential,
    /// The tenant it is bound to.
    pub tenant_id: TenantId,
    /// The person.
    pub person_id: PersonId,
    /// The member.
    pub member_id: MemberId,
    /// The member's role.
    pub role: Role,
    /// Whether they are external.
    pub external: bool,
    /// The membership's version.
    pub version: u32,
    /// What a token may be used for; none for a session, which is not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Scopes>,
    /// When it ends by itself, used or not.
    pub expires_at: DateTime<Utc>,
    /// How the person signed in; none for a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<SignInMethod>,
    /// The identity provider, for single sign-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
    /// Whether a second factor was given.
    #[serde(default)]
    pub second_factor: bool,
    /// When the person last proved who they are; none for a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<DateTime<Utc>>,
    /// Unused for so long, it ends; none for a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_seconds: Option<u32>,
    /// What the member is has changed since the cookie was given: the browser gets another one when
    /// it next goes to a page.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rotate_due: bool,
    /// When the row has to be read again. Never later than the idle limit after a use that is
    /// known, so that no entry outlives the session's idleness.
    pub fresh_until: DateTime<Utc>,
    /// A member of staff who looks in with the tenant's consent; pages show it as a banner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<SupportGuest>,
}

/// The platform's limits, for tenants that have none of their own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub idle: TimeDelta,
}

impl Limits {
    pub(super) fn of(settings: &crate::SessionSettings) -> Self {
        Self {
            idle: TimeDelta::hours(i64::from(settings.idle_hours)),
        }
    }

    /// Whether a session is within the limits of its tenant.
    pub(super) fn are_kept(
        self,
        security: &TenantSecurity,
        session: &Session,
        now: DateTime<Utc>,
    ) -> bool {
        let minutes = |limit: u32| TimeDelta::minutes(i64::from(limit));
        let idle = security.idle_minutes.map_or(self.idle, minutes);
        let absolute = security.absolute_minutes.map(minutes);
        session.last_seen_at + idle + SEEN_DELAY > now
            && absolute.is_none_or(|absolute| session.created_at + absolute > now)
    }
}

impl CachedSession {
    /// The session, unless it is a token.
    #[must_use]
    pub const fn session_id(&self) -> Option<SessionId> {
        match self.credential {
            Credential::Session(id) => Some(id),
            Credential::Token(_) | Credential::Support(_) => None,
        }
    }

    /// The actor of a request that came with it.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor {
            member: self.member_id,
            role: self.role,
            external: self.external,
            session: self.session_id(),
            scopes: self.scopes,
        }
    }

    /// A member of staff in a tenant: sees what an architect sees and changes nothing. Nobody's
    /// person or member has these ids.
    pub(super) fn of_guest(tenant: TenantId, guest: SupportGuest) -> Self {
        let id = guest.access.as_uuid();
        Self {
            credential: Credential::Support(guest.access),
            tenant_id: tenant,
            person_id: PersonId::from_uuid(id),
            member_id: MemberId::from_uuid(id),
            role: Role::Architect,
            external: false,
            version: 0,
            scopes: Some(support_scopes()),
            expires_at: guest.expires_at,
            method: None,
            connection: None,
            second_factor: true,
            confirmed_at: None,
            idle_seconds: None,
            rotate_due: false,
            fresh_until: guest.expires_at,
            support: Some(guest),
        }
    }

    /// What the row says, when it may be used. `used` says that it is being used now.
    pub(super) fn of_record(
        record: &AccessRecord,
        credential: Credential,
        used: bool,
        limits: Limits,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let proof = record.proof.as_ref();
        let idle = proof.map(|proof| idle_of(proof, limits));
        let expires_at = proof
            .and_then(|proof| proof.absolute_minutes.map(|limit| (proof, limit)))
            .map_or(record.expires_at, |(proof, limit)| {
                record
                    .expires_at
                    .min(proof.created_at + TimeDelta::minutes(i64::from(limit)))
            });
        let usable = SessionState::at(now, expires_at, record.revoked_at) == SessionState::Active
            && record.state == MemberState::Active;
        let idle_end = proof
            .zip(idle)
            .map(|(proof, idle)| proof.last_seen_at + idle + SEEN_DELAY);
        if !usable || idle_end.is_some_and(|end| end <= now) {
            return None;
        }
        let unused_end = if used {
            idle.map(|idle| now + idle)
        } else {
            idle_end
        };
        let fresh_until = unused_end.map_or(now + ENTRY_LIFE, |end| end.min(now + ENTRY_LIFE));
        Some(Self {
            credential,
            tenant_id: record.tenant,
            person_id: record.person,
            member_id: record.member,
            role: record.role,
            external: record.external,
            version: record.version,
            scopes: record.scopes.as_deref().map(scopes_from_words),
            expires_at,
            method: proof.map(|proof| proof.method),
            connection: proof.and_then(|proof| proof.connection),
            second_factor: proof.is_some_and(|proof| proof.second_factor),
            confirmed_at: proof.map(|proof| proof.confirmed_at),
            idle_seconds: idle.map(|idle| u32::try_from(idle.num_seconds()).unwrap_or(u32::MAX)),
            rotate_due: proof.is_some_and(|proof| proof.rotate_due),
            fresh_until: fresh_until.min(expires_at),
            support: None,
        })
    }
}

fn idle_of(proof: &ProofRecord, limits: Limits) -> TimeDelta {
    proof.idle_minutes.map_or(limits.idle, |minutes| {
        TimeDelta::minutes(i64::from(minutes))
    })
}
