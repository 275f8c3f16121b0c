//! What enforcing single sign-on would do, told before it is done.

use cp_domain::EnforcementError;
use cp_store::{Impact, ImpactStore, Member, MembershipStore, TenantSecurityStore};

use super::{
    SsoAdminError,
    enforcement::{Security, ground},
};
use crate::{Auth, members::Administrator};

/// What enforcing stands on and what it would end.
#[derive(Debug)]
pub struct Prospect {
    /// The decisions as they are.
    pub security: Security,
    /// Architects who have a password, and so could use it in an emergency.
    pub candidates: Vec<Member>,
    /// Why single sign-on cannot be enforced yet.
    pub obstacle: Option<EnforcementError>,
    /// How many people and programs there are.
    pub impact: Impact,
}

/// Looks at what enforcing single sign-on would do now.
///
/// # Errors
/// When the caller is no architect or the database fails.
pub async fn enforcement_prospect(
    auth: &Auth,
    by: &Administrator<'_>,
) -> Result<Prospect, SsoAdminError> {
    let tenant = by.tenant.tenant_id;
    let tx = by.begin_as_architect(auth).await?;
    let security = Security {
        decisions: TenantSecurityStore::get(&tx, tenant).await?,
        owners: TenantSecurityStore::list_break_glass_owners(&tx, tenant).await?,
    };
    let enforced = security.decisions.sso_enforced;
    let obstacle = match ground(&tx, by, &security.owners, enforced).await {
        Ok(ground) => ground.check().err(),
        // An owner who ceased to be an architect is one to be replaced.
        Err(SsoAdminError::Owners) => Some(EnforcementError::NoOwners),
        Err(error) => return Err(error),
    };
    let architects = MembershipStore::list_architects(&tx, tenant).await?;
    let able = |member: &Member| member.person.password_hash.is_some();
    Ok(Prospect {
        security,
        candidates: architects.into_iter().filter(able).collect(),
        obstacle,
        impact: ImpactStore::count(&tx, tenant, auth.clock.now()).await?,
    })
}
