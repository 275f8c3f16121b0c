//! Archiving a member: sessions and tokens end at once, invitations are withdrawn.

use chrono::{DateTime, Utc};
use cp_store::{
    AccessTokenStore, ClientSecretStore, InvitationStore, Member, MembershipStore, SessionStore,
    StoreError,
};
use kernel::{IfMatch, MemberId};
use sea_orm::ConnectionTrait;

use super::{Administrator, MemberError, describe};
use crate::{Auth, projections::project_soon};

/// Archives a member.
///
/// # Errors
/// When the caller may not, the precondition or a rule forbids it, or something failed.
pub async fn archive_member(
    auth: &Auth,
    by: &Administrator<'_>,
    member: MemberId,
    if_match: IfMatch,
) -> Result<Member, MemberError> {
    let (tenant, now) = (by.tenant.tenant_id, auth.clock.now());
    let (tx, before) = by.begin_on(auth, member, if_match).await?;
    let others = MembershipStore::count_other_architects(&tx, tenant, member).await?;
    let membership = before.membership.archived(others)?;
    if membership.version == before.membership.version {
        return Ok(before);
    }
    if !MembershipStore::update(&tx, &membership, now).await? {
        return Err(MemberError::PreconditionFailed(
            before.membership.revision(),
        ));
    }
    end_access(&tx, member, now).await?;
    let after = Member {
        membership,
        ..before.clone()
    };
    by.audit(&tx, auth, "member.archive", member, describe(&before))
        .await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.directory.member_changed(member).await;
    project_soon(auth, tenant, member).await;
    Ok(after)
}

/// Ends everything by which a member comes in. [`crate::sessions::SessionDirectory::member_changed`]
/// tells everybody after the commit.
pub(crate) async fn end_access(
    tx: &impl ConnectionTrait,
    member: MemberId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    SessionStore::revoke_all(tx, member, now).await?;
    AccessTokenStore::revoke_all(tx, member, now).await?;
    ClientSecretStore::revoke_all(tx, member, now).await?;
    InvitationStore::revoke_open(tx, member, now).await?;
    Ok(())
}
