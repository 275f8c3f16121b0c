//! What the platform lays down: unsafe countries, rules for all tenants' people, rules for staff.

use cp_domain::{
    Country, StaffRole,
    access_policy::{PlatformPolicies, PolicyFault, Refusal, StaffPolicy, TenantRolePolicy},
};
use cp_store::{
    AuditActor, AuditEvent, AuditStore, PlatformPolicyStore, RouteStore, StoreError, UnsafeCountry,
    UnsafeCountryStore,
};
use kernel::{IfMatch, RequestId, Revision, StaffId};
use sea_orm::ConnectionTrait;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::check::address_of;
use crate::{Auth, Client};

/// Whom a policy of the platform is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlatformSubject {
    /// All tenants' people.
    People,
    /// Staff.
    Staff,
}

impl PlatformSubject {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Staff => "staff",
        }
    }
}

/// Why what the platform lays down is not changed.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The country is not on the list.
    #[error("the country is not on the list")]
    NotListed,
    /// `If-Match` is missing.
    #[error("If-Match is required")]
    PreconditionRequired,
    /// It was changed meanwhile.
    #[error("the policy is at revision {0}")]
    PreconditionFailed(Revision),
    /// The policy means nothing.
    #[error(transparent)]
    Fault(#[from] PolicyFault),
    /// It would refuse who wants to write it.
    #[error("this refuses yourself: {0}")]
    RefusesMyself(Refusal),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A member of staff who changes what the platform lays down.
#[derive(Debug, Clone, Copy)]
pub struct PlatformChange<'a> {
    /// Who.
    pub staff: StaffId,
    /// Their role.
    pub role: StaffRole,
    /// From where.
    pub client: &'a Client,
    /// The request, for the audit log.
    pub request_id: &'a RequestId,
    /// They mean it even if it refuses themselves.
    pub including_me: bool,
}

/// A policy of the platform with its revision; 0 before the first.
#[derive(Debug, Clone)]
pub struct KeptPolicy<P> {
    /// The policy.
    pub policy: P,
    /// How often it was changed.
    pub revision: Revision,
}

/// The list of unsafe countries.
///
/// # Errors
/// When the database fails.
pub async fn list_unsafe_countries(auth: &Auth) -> Result<Vec<UnsafeCountry>, StoreError> {
    UnsafeCountryStore::list(auth.central.conn()).await
}

/// Puts a country on the list; answers whether it is new.
///
/// # Errors
/// When it would refuse the writer, or the database fails.
pub async fn list_unsafe_country(
    auth: &Auth,
    by: PlatformChange<'_>,
    country: Country,
    reason: &str,
) -> Result<bool, PlatformError> {
    check_myself(auth, by, |policies| {
        policies.unsafe_countries.insert(country)
    })
    .await?;
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    let now = auth.clock.now();
    let new = UnsafeCountryStore::put(&tx, country, reason, by.staff, now).await?;
    let detail = json!({ "country": country, "reason": reason });
    remember(auth, &tx, by, "unsafe_country.list", detail).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.pushes.policies_changed().await;
    Ok(new)
}

/// Takes a country off the list.
///
/// # Errors
/// When it is not on it or the database fails.
pub async fn remove_unsafe_country(
    auth: &Auth,
    by: PlatformChange<'_>,
    country: Country,
) -> Result<(), PlatformError> {
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    if !UnsafeCountryStore::delete(&tx, country).await? {
        return Err(PlatformError::NotListed);
    }
    remember(
        auth,
        &tx,
        by,
        "unsafe_country.remove",
        json!({ "country": country }),
    )
    .await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.pushes.policies_changed().await;
    Ok(())
}

/// The policy for all tenants' people.
///
/// # Errors
/// When the database fails.
pub async fn find_people_policy(auth: &Auth) -> Result<KeptPolicy<TenantRolePolicy>, StoreError> {
    find(auth.central.conn(), PlatformSubject::People).await
}

/// The policy for staff.
///
/// # Errors
/// When the database fails.
pub async fn find_staff_policy(auth: &Auth) -> Result<KeptPolicy<StaffPolicy>, StoreError> {
    find(auth.central.conn(), PlatformSubject::Staff).await
}

/// Lays down the policy for all tenants' people.
///
/// # Errors
/// When the precondition or a rule forbids it, or the database fails.
pub async fn put_people_policy(
    auth: &Auth,
    by: PlatformChange<'_>,
    policy: &TenantRolePolicy,
    if_match: IfMatch,
) -> Result<KeptPolicy<TenantRolePolicy>, PlatformError> {
    policy.check()?;
    put(auth, by, PlatformSubject::People, policy, if_match).await?;
    Ok(find_people_policy(auth).await?)
}

/// Lays down the policy for staff. One that refuses the writer is refused unless they say that they
/// mean it.
///
/// # Errors
/// When the precondition or a rule forbids it, or the database fails.
pub async fn put_staff_policy(
    auth: &Auth,
    by: PlatformChange<'_>,
    policy: &StaffPolicy,
    if_match: IfMatch,
) -> Result<KeptPolicy<StaffPolicy>, PlatformError> {
    policy.check()?;
    check_myself(auth, by, |policies| policies.staff = policy.clone()).await?;
    put(auth, by, PlatformSubject::Staff, policy, if_match).await?;
    Ok(find_staff_policy(auth).await?)
}

async fn find<P: DeserializeOwned + Default>(
    conn: &impl ConnectionTrait,
    subject: PlatformSubject,
) -> Result<KeptPolicy<P>, StoreError> {
    let rows = PlatformPolicyStore::list(conn).await?;
    let row = rows.into_iter().find(|row| row.subject == subject.as_str());
    let Some(row) = row else {
        return Ok(KeptPolicy {
            policy: P::default(),
            revision: Revision(0),
        });
    };
    let policy = serde_json::from_str(&row.policy)
        .map_err(|_| StoreError::corrupt("platform_policies", "policy"))?;
    Ok(KeptPolicy {
        policy,
        revision: Revision(row.revision),
    })
}

async fn put(
    auth: &Auth,
    by: PlatformChange<'_>,
    subject: PlatformSubject,
    policy: &impl Serialize,
    if_match: IfMatch,
) -> Result<(), PlatformError> {
    let tx = auth.central.begin().await.map_err(StoreError::from)?;
    RouteStore::lock_revision(&tx).await?;
    let rows = PlatformPolicyStore::list(&tx).await?;
    let row = rows.iter().find(|row| row.subject == subject.as_str());
    let current = Revision(row.map_or(0, |row| row.revision));
    match if_match {
        IfMatch::Missing => return Err(PlatformError::PreconditionRequired),
        wanted if !wanted.holds(current) => return Err(PlatformError::PreconditionFailed(current)),
        _ => {}
    }
    let written = json!(policy).to_string();
    let now = auth.clock.now();
    PlatformPolicyStore::put(&tx, subject.as_str(), &written, by.staff, now).await?;
    let detail = json!({ "subject": subject.as_str(), "policy": policy });
    remember(auth, &tx, by, "access_policy.change", detail).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.pushes.policies_changed().await;
    Ok(())
}

/// Goes on when staff such as the writer could still come in from where the writer is.
async fn check_myself(
    auth: &Auth,
    by: PlatformChange<'_>,
    change: impl FnOnce(&mut PlatformPolicies),
) -> Result<(), PlatformError> {
    if by.including_me {
        return Ok(());
    }
    let mut policies = auth.access.refresh().await?.as_ref().clone();
    change(&mut policies);
    let visit = auth.access.visit(address_of(by.client), auth.clock.now());
    let ruled = policies.admit_staff(by.role, &visit);
    ruled.map_err(PlatformError::RefusesMyself)
}

async fn remember(
    auth: &Auth,
    tx: &impl ConnectionTrait,
    by: PlatformChange<'_>,
    action: &'static str,
    detail: serde_json::Value,
) -> Result<(), StoreError> {
    let event = AuditEvent {
        actor: AuditActor::Staff(by.staff),
        action,
        tenant: None,
        object: None,
        detail,
        request_id: Some(by.request_id.as_str().to_owned()),
    };
    AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await
}
