//! The check at sign-in: by what is laid down at this moment, not by what a gateway knows.

use cp_domain::{
    Membership, StaffRole,
    access_policy::{Refusal, Who},
};
use cp_store::{AuditActor, RouteStore, StoreError};
use kernel::StaffId;

use crate::{Auth, Client, access::Refused, sessions::ClientAddress};

/// Why somebody does not get in.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A policy refuses them.
    #[error("an access policy refuses: {0}")]
    Refused(#[from] Refusal),
    /// The policies could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Goes on when a member may sign in from where the client is. A refusal is in the audit log.
///
/// # Errors
/// When a policy refuses them or cannot be read.
pub async fn check_sign_in(
    auth: &Auth,
    membership: &Membership,
    client: &Client,
) -> Result<(), CheckError> {
    let platform = auth.access.refresh().await?;
    let route = RouteStore::find(auth.central.conn(), membership.tenant).await?;
    let route = route.ok_or(StoreError::Missing("tenant"))?;
    let from = address_of(client);
    let visit = auth.access.visit(from, auth.clock.now());
    let standing = membership.standing;
    let who = Who::person(standing.role, standing.external);
    let access = &route.access;
    let Err(refusal) = platform.admit(&access.policy, access.zone, who, &visit) else {
        return Ok(());
    };
    let refused = Refused {
        tenant: Some(membership.tenant),
        actor: AuditActor::Member(membership.member),
        credential: None,
        from,
        refusal,
        at: "sign_in",
        request_id: None,
    };
    auth.access.refusals().write(refused).await?;
    Err(refusal.into())
}

/// Goes on when a member of staff may come in from where the client is: at sign-in and on every
/// request. Whatever cannot be read or is not known, refuses.
///
/// # Errors
/// When a policy refuses them or cannot be read.
pub async fn check_staff(
    auth: &Auth,
    staff: StaffId,
    role: StaffRole,
    client: &Client,
) -> Result<(), CheckError> {
    let platform = auth.access.refresh().await?;
    let from = address_of(client);
    let visit = auth.access.visit(from, auth.clock.now());
    let Err(refusal) = platform.admit_staff(role, &visit) else {
        return Ok(());
    };
    let refused = Refused {
        tenant: None,
        actor: AuditActor::Staff(staff),
        credential: None,
        from,
        refusal,
        at: "staff",
        request_id: None,
    };
    auth.access.refusals().write(refused).await?;
    Err(refusal.into())
}

pub(super) fn address_of(client: &Client) -> Option<ClientAddress> {
    let country = client.country;
    client.ip.map(|ip| ClientAddress { ip, country })
}
