//! What an identity says, and how it is written in a token.

use chrono::{DateTime, Utc};
use kernel::{
    Actor, Generation, MemberId, Role, Scopes, SessionId, SupportAccessId, TenantContext, TenantId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AUDIENCE, ISSUER, LIFETIME};

/// The tenant and the member that a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The tenant with the generation that the gateway knows.
    pub tenant: TenantContext,
    /// The member.
    pub actor: Actor,
    /// A member of the platform's staff who looks in with the tenant's consent: pages show a
    /// banner. The member above is then nobody's.
    pub support: Option<Support>,
}

/// Who of the platform's staff looks in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    /// The access that the tenant consented to.
    pub id: SupportAccessId,
    /// What they are called.
    pub name: String,
    /// Until when.
    #[serde(with = "chrono::serde::ts_seconds")]
    pub until: DateTime<Utc>,
}

/// The header of a token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub alg: String,
    pub typ: String,
    pub kid: String,
}

/// The claims of a token.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {
    pub iss: String,
    pub aud: String,
    pub iat: i64,
    pub exp: i64,
    pub jti: Uuid,
    tid: TenantId,
    r#gen: Generation,
    mid: MemberId,
    role: Role,
    ext: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scp: Option<Scopes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sup: Option<Support>,
}

impl Payload {
    pub(crate) fn new(claims: &Claims, jti: Uuid, now: DateTime<Utc>) -> Self {
        Self {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: now.timestamp(),
            exp: now.timestamp() + LIFETIME,
            jti,
            tid: claims.tenant.tenant,
            r#gen: claims.tenant.generation,
            mid: claims.actor.member,
            role: claims.actor.role,
            ext: claims.actor.external,
            sid: claims.actor.session,
            scp: claims.actor.scopes,
            sup: claims.support.clone(),
        }
    }

    pub(crate) fn claims(&self) -> Claims {
        Claims {
            tenant: TenantContext {
                tenant: self.tid,
                generation: self.r#gen,
            },
            actor: Actor {
                member: self.mid,
                role: self.role,
                external: self.ext,
                session: self.sid,
                scopes: self.scp,
            },
            support: self.sup.clone(),
        }
    }
}
