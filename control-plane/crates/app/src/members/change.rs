//! Changing what a member is.

use cp_domain::Standing;
use cp_store::{Member, MembershipStore, StoreError};
use kernel::{IfMatch, MemberId, Role};

use super::{Administrator, MemberError, describe};
use crate::{Auth, projections::project_soon};

/// What changes; what is none stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemberChange {
    /// The role.
    pub role: Option<Role>,
    /// Whether they are external.
    pub external: Option<bool>,
}

/// Whether the caller may change this member as they are now; what [`change_member`] checks first.
///
/// # Errors
/// When the caller may not, the precondition forbids it, or something failed.
pub async fn check_change(
    auth: &Auth,
    by: &Administrator<'_>,
    member: MemberId,
    if_match: IfMatch,
) -> Result<(), MemberError> {
    by.begin_on(auth, member, if_match).await.map(drop)
}

/// Changes a member's role or externality. Their sessions go on with it at once.
///
/// # Errors
/// When the caller may not, the precondition or a rule forbids it, or something failed.
pub async fn change_member(
    auth: &Auth,
    by: &Administrator<'_>,
    member: MemberId,
    change: MemberChange,
    if_match: IfMatch,
) -> Result<Member, MemberError> {
    let tenant = by.tenant.tenant_id;
    let (tx, before) = by.begin_on(auth, member, if_match).await?;
    let old = before.membership.standing;
    let standing = Standing::new(
        change.role.unwrap_or(old.role),
        change.external.unwrap_or(old.external),
    )?;
    let others = MembershipStore::count_other_architects(&tx, tenant, member).await?;
    let membership = before.membership.changed(standing, others)?;
    if membership.version == before.membership.version {
        return Ok(before);
    }
    if standing.external && !old.external && by.holds_manage(&tx, auth, member).await? {
        return Err(MemberError::HoldsManage);
    }
    if !MembershipStore::update(&tx, &membership, auth.clock.now()).await? {
        return Err(MemberError::PreconditionFailed(
            before.membership.revision(),
        ));
    }
    let after = Member {
        membership,
        ..before.clone()
    };
    let detail = serde_json::json!({ "before": describe(&before), "after": describe(&after) });
    by.audit(&tx, auth, "member.change", member, detail).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.directory.member_changed(member).await;
    project_soon(auth, tenant, member).await;
    Ok(after)
}
