//! Mail domains: claimed by an architect, proven by a record that only who runs the domain's name
//! servers can publish.

use cp_domain::{MailDomain, domain_record};
use cp_oidc::LookupFailed;
use cp_store::{ClaimedDomain, DomainStore, StoreError};
use kernel::DomainId;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{SsoAdminError, connections::audit};
use crate::{Auth, members::Administrator, secrets::mint_opaque, step_up};

/// The domains that the tenant claims.
///
/// # Errors
/// When the caller is no architect or the database fails.
pub async fn list_domains(
    auth: &Auth,
    by: &Administrator<'_>,
) -> Result<Vec<ClaimedDomain>, SsoAdminError> {
    let tx = by.begin_as_architect(auth).await?;
    Ok(DomainStore::list(&tx, by.tenant.tenant_id).await?)
}

/// Claims a domain.
///
/// # Errors
/// When the caller may not, the domain cannot be claimed, or the database fails.
pub async fn claim_domain(
    auth: &Auth,
    by: &Administrator<'_>,
    domain: &str,
) -> Result<ClaimedDomain, SsoAdminError> {
    let tx = by.begin_as_architect(auth).await?;
    step_up::require(auth, by.session)?;
    let domain = MailDomain::parse(domain)?;
    let claim = ClaimedDomain {
        id: auth.clock.new_id(),
        tenant: by.tenant.tenant_id,
        domain: domain.to_string(),
        challenge: mint_opaque().secret.expose_secret().to_owned(),
        created_at: auth.clock.now(),
        verified_at: None,
        checked_at: None,
    };
    match DomainStore::insert(&tx, &claim).await {
        Ok(()) => {}
        Err(StoreError::Duplicate(_)) => return Err(SsoAdminError::ClaimedAlready),
        Err(error) => return Err(error.into()),
    }
    let detail = json!({ "domain": claim.domain });
    audit(&tx, auth, by, "sso.domain.claim", claim.id, detail).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(claim)
}

/// Looks for the record of a claim; the domain is the tenant's from then on.
///
/// # Errors
/// When the record is not there, another tenant was first, or something failed.
pub async fn check_domain(
    auth: &Auth,
    by: &Administrator<'_>,
    id: DomainId,
) -> Result<ClaimedDomain, SsoAdminError> {
    let tenant = by.tenant.tenant_id;
    let tx = by.begin_as_architect(auth).await?;
    let found = DomainStore::find(&tx, tenant, id).await?;
    let claim = found.ok_or(SsoAdminError::NotFound)?;
    step_up::require(auth, by.session)?;
    // Name servers may be slow: nothing is locked meanwhile.
    tx.commit().await.map_err(StoreError::from)?;
    let proven = is_proven(auth, &claim).await?;
    let (tx, now) = (by.begin_as_architect(auth).await?, auth.clock.now());
    match DomainStore::note_check(&tx, id, proven, now).await {
        Ok(()) => {}
        Err(StoreError::Duplicate(_)) => return Err(SsoAdminError::TakenElsewhere),
        Err(error) => return Err(error.into()),
    }
    if proven && claim.verified_at.is_none() {
        let detail = json!({ "domain": claim.domain });
        audit(&tx, auth, by, "sso.domain.verify", id, detail).await?;
    }
    let found = DomainStore::find(&tx, tenant, id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    let claim = found.ok_or(SsoAdminError::NotFound)?;
    if proven {
        Ok(claim)
    } else {
        Err(SsoAdminError::NotProven)
    }
}

async fn is_proven(auth: &Auth, claim: &ClaimedDomain) -> Result<bool, SsoAdminError> {
    let domain = MailDomain::parse(&claim.domain)?;
    let wanted = domain_record(&claim.challenge);
    match auth.oidc.names().texts(&domain.record_name()).await {
        Ok(texts) => Ok(texts.iter().any(|text| text.trim() == wanted)),
        Err(LookupFailed::NotFound) => Ok(false),
        Err(error @ LookupFailed::Unavailable(_)) => Err(SsoAdminError::Lookup(error)),
    }
}

/// Gives a domain up.
///
/// # Errors
/// When the caller may not, there is no such claim, or the database fails.
pub async fn remove_domain(
    auth: &Auth,
    by: &Administrator<'_>,
    id: DomainId,
) -> Result<(), SsoAdminError> {
    let tx = by.begin_as_architect(auth).await?;
    let found = DomainStore::find(&tx, by.tenant.tenant_id, id).await?;
    let claim = found.ok_or(SsoAdminError::NotFound)?;
    step_up::require(auth, by.session)?;
    DomainStore::delete(&tx, id).await?;
    let detail = json!({ "domain": claim.domain, "verified": claim.verified_at.is_some() });
    audit(&tx, auth, by, "sso.domain.remove", id, detail).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}
