//! What the pages before a session show. None of it depends on whether somebody has an account.

use cp_domain::Email;
use cp_store::{Account, AccountStore, StoreError, TenantSecurity, TenantSecurityStore, WayIn};
use kernel::{PersonId, TenantId};

use crate::Auth;

/// The tenants that a person is an active member of, the latest used first.
///
/// # Errors
/// When the database fails.
pub async fn list_accounts(auth: &Auth, person: PersonId) -> Result<Vec<Account>, StoreError> {
    AccountStore::list(auth.central.conn(), person).await
}

/// How a tenant wants to be seen; a page that cannot know it looks like anybody's.
pub async fn look_of(auth: &Auth, tenant: TenantId) -> TenantSecurity {
    match TenantSecurityStore::get(auth.central.conn(), tenant).await {
        Ok(look) => look,
        Err(error) => {
            tracing::debug!(%error, "how the tenant wants to be seen was not read");
            TenantSecurity::default()
        }
    }
}

/// The providers through which people come into a tenant.
///
/// # Errors
/// When the database fails.
pub async fn ways_in(auth: &Auth, tenant: TenantId) -> Result<Vec<WayIn>, StoreError> {
    AccountStore::ways_in(auth.central.conn(), tenant).await
}

/// The providers that answer for the domain of an address. On a tenant's host its own count only.
///
/// # Errors
/// When the database fails.
pub async fn ways_of_email(
    auth: &Auth,
    tenant: Option<&str>,
    email: &Email,
) -> Result<Vec<WayIn>, StoreError> {
    let ways = AccountStore::ways_of_domain(auth.central.conn(), email.domain()).await?;
    let here = |way: &WayIn| tenant.is_none_or(|slug| slug == way.slug);
    Ok(ways.into_iter().filter(here).collect())
}
