//! A tenant's own policy.

use cp_domain::{
    MemberState,
    access_policy::{PolicyFault, Refusal, TenantPolicy, TenantRolePolicy, Unknown, Who, Zone},
};
use cp_store::{
    AuditActor, AuditEvent, AuditStore, MembershipStore, RouteStore, StoreError, TenantPolicyStore,
    TenantSecurityStore, TenantStore,
};
use kernel::{IfMatch, RequestId, Revision, Role};
use serde_json::json;

use super::check::address_of;
use crate::{Auth, Client, access::CountryData, sessions::CachedSession};

/// Why a policy is not shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The caller is no architect.
    #[error("only architects see and change the access policy")]
    Forbidden,
    /// `If-Match` is missing.
    #[error("If-Match is required")]
    PreconditionRequired,
    /// The tenant's decisions have changed meanwhile.
    #[error("the tenant's decisions are at revision {0}")]
    PreconditionFailed(Revision),
    /// The policy means nothing.
    #[error(transparent)]
    Fault(#[from] PolicyFault),
    /// The policy refuses who wants to write it.
    #[error("the policy refuses yourself: {0}")]
    RefusesMyself(Refusal),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An architect who writes a policy.
#[derive(Debug, Clone, Copy)]
pub struct PolicyWriter<'a> {
    /// Who is signed in.
    pub session: &'a CachedSession,
    /// From where.
    pub client: &'a Client,
    /// The request, for the audit log.
    pub request_id: &'a RequestId,
}

/// A tenant's policy with what it depends on.
#[derive(Debug, Clone)]
pub struct TenantAccess {
    /// The policy; the empty one when there is none.
    pub policy: TenantRolePolicy,
    /// There is one that this release cannot read: nobody gets in until it is written anew.
    pub unreadable: bool,
    /// The revision of the tenant's decisions about signing in.
    pub revision: Revision,
    /// Where the hours are meant unless the policy says so.
    pub zone: Zone,
    /// What is known of the countries of addresses.
    pub countries: CountryData,
    /// What happens to people whose country is not known, unless the policy says so.
    pub unknown_country: Unknown,
}

/// The policy of the caller's tenant.
///
/// # Errors
/// When the caller is no architect or the database fails.
pub async fn find_tenant_policy(
    auth: &Auth,
    session: &CachedSession,
) -> Result<TenantAccess, PolicyError> {
    if session.role != Role::Architect {
        return Err(PolicyError::Forbidden);
    }
    let conn = auth.central.conn();
    let security = TenantSecurityStore::get(conn, session.tenant_id).await?;
    let route = RouteStore::find(conn, session.tenant_id).await?;
    let access = route.ok_or(StoreError::Missing("tenant"))?.access;
    let unreadable = access.policy == TenantPolicy::Unreadable;
    Ok(TenantAccess {
        policy: match access.policy {
            TenantPolicy::Rules(policy) => *policy,
            TenantPolicy::None | TenantPolicy::Unreadable => TenantRolePolicy::default(),
        },
        unreadable,
        revision: Revision(security.revision),
        zone: access.zone,
        countries: auth.access.country_data(),
        unknown_country: auth.access.unknown_country(),
    })
}

/// Lays down a tenant's policy; an empty one refuses nobody. Gateways go by it within a second, for
/// requests and sockets of sessions that exist, too. One that refuses the writer is refused unless
/// they say that they mean it.
///
/// # Errors
/// When the caller may not, the precondition or a rule forbids it, or the database fails.
pub async fn put_tenant_policy(
    auth: &Auth,
    by: PolicyWriter<'_>,
    policy: &TenantRolePolicy,
    if_match: IfMatch,
    including_me: bool,
) -> Result<TenantAccess, PolicyError> {
    policy.check()?;
    if !including_me {
        check_myself(auth, by, policy).await?;
    }
    let (tenant, now) = (by.session.tenant_id, auth.clock.now());
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    MembershipStore::lock_tenant(&tx, tenant).await?;
    let caller = MembershipStore::find(&tx, tenant, by.session.member_id).await?;
    let caller = caller.ok_or(PolicyError::Forbidden)?.membership;
    if caller.standing.role != Role::Architect || caller.state != MemberState::Active {
        return Err(PolicyError::Forbidden);
    }
    let current = Revision(TenantSecurityStore::get(&tx, tenant).await?.revision);
    match if_match {
        IfMatch::Missing => return Err(PolicyError::PreconditionRequired),
        wanted if !wanted.holds(current) => return Err(PolicyError::PreconditionFailed(current)),
        _ => {}
    }
    let written = json!(policy).to_string();
    let kept = (!policy.is_empty()).then_some(written.as_str());
    TenantPolicyStore::put(&tx, tenant, kept, now).await?;
    let event = AuditEvent {
        actor: AuditActor::Member(by.session.member_id),
        action: "access_policy.change",
        tenant: Some(tenant),
        object: None,
        detail: json!({ "policy": policy }),
        request_id: Some(by.request_id.as_str().to_owned()),
    };
    AuditStore::insert(&tx, auth.clock.new_uuid(), event, now).await?;
    TenantStore::touch(&tx, tenant, now).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.pushes.routes_changed(tenant).await;
    find_tenant_policy(auth, by.session).await
}

async fn check_myself(
    auth: &Auth,
    by: PolicyWriter<'_>,
    policy: &TenantRolePolicy,
) -> Result<(), PolicyError> {
    let platform = auth.access.policies().await?;
    let zone = find_tenant_policy(auth, by.session).await?.zone;
    let who = Who::person(by.session.role, by.session.external);
    let visit = auth.access.visit(address_of(by.client), auth.clock.now());
    let draft = TenantPolicy::Rules(Box::new(policy.clone()));
    let ruled = platform.admit(&draft, zone, who, &visit);
    ruled.map_err(PolicyError::RefusesMyself)
}
