//! Inviting: membership, invitation, mail, audit entry and kept answer in one transaction.

use cp_domain::{Email, MemberState, MembershipError};
use cp_store::{Member, StoreError};
use kernel::{IfMatch, MemberId, Role};
use sea_orm::DatabaseTransaction;

use super::{Administrator, Enrol, EnrolError, Keyed, MemberError, describe, enrol_member};
use crate::{
    Auth,
    invitations::{Invitee, issue_invitation},
    projections::project_soon,
};

/// Whom an architect invites.
#[derive(Debug, Clone)]
pub struct InviteMember {
    /// The name, when the person is not known yet.
    pub name: String,
    /// The address.
    pub email: Email,
    /// The role.
    pub role: Role,
    /// Whether they are external.
    pub external: bool,
}

/// Invites somebody.
///
/// # Errors
/// When the caller may not, the person is a member, a rule forbids it, or something failed.
pub async fn invite_member(
    auth: &Auth,
    by: &Administrator<'_>,
    command: &InviteMember,
    keyed: Option<&Keyed<'_>>,
) -> Result<Member, MemberError> {
    let tx = by.begin_as_architect(auth).await?;
    Keyed::refuse_answered(keyed, &tx, auth).await?;
    let enrol = Enrol {
        tenant: by.tenant.tenant_id,
        email: &command.email,
        name: &command.name,
        role: command.role,
        external: command.external,
    };
    let member = enrol_member(&tx, auth, &enrol)
        .await
        .map_err(|error| match error {
            EnrolError::Rule(rule) => MemberError::Rule(rule),
            EnrolError::Store(store) => MemberError::Store(store),
        })?;
    if command.external && by.holds_manage(&tx, auth, member.membership.member).await? {
        return Err(MemberError::HoldsManage);
    }
    invite(&tx, auth, by, &member).await?;
    by.audit(
        &tx,
        auth,
        "member.invite",
        member.membership.member,
        describe(&member),
    )
    .await?;
    Keyed::keep_answer(keyed, &tx, auth, &member).await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    project_soon(auth, by.tenant.tenant_id, member.membership.member).await;
    Ok(member)
}

/// Sends somebody who has not come yet another invitation; the one before ends.
///
/// # Errors
/// When the caller may not, the member is not waiting, or something failed.
pub async fn resend_invitation(
    auth: &Auth,
    by: &Administrator<'_>,
    member: MemberId,
    keyed: Option<&Keyed<'_>>,
) -> Result<Member, MemberError> {
    let (tx, member) = by.begin_on(auth, member, IfMatch::Any).await?;
    Keyed::refuse_answered(keyed, &tx, auth).await?;
    match member.membership.state {
        MemberState::Invited => {}
        MemberState::Active => return Err(MembershipError::NotInvited.into()),
        MemberState::Archived => return Err(MembershipError::Archived.into()),
    }
    invite(&tx, auth, by, &member).await?;
    by.audit(
        &tx,
        auth,
        "member.invite_again",
        member.membership.member,
        describe(&member),
    )
    .await?;
    tx.commit().await.map_err(StoreError::from)?;
    auth.mail_nudge.notify_one();
    Ok(member)
}

async fn invite(
    tx: &DatabaseTransaction,
    auth: &Auth,
    by: &Administrator<'_>,
    member: &Member,
) -> Result<(), MemberError> {
    let invitee = Invitee {
        tenant: by.tenant.tenant_id,
        slug: &by.tenant.slug,
        tenant_name: &by.tenant.name,
        member: member.membership.member,
        email: &member.person.email,
        name: &member.person.name,
    };
    issue_invitation(tx, auth, &invitee).await?;
    Ok(())
}
