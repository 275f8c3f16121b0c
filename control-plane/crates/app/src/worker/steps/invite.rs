//! The first architect: person, membership, invitation and its mail, in the commit that says that
//! the step is done.

use cp_domain::{Membership, Standing};
use cp_store::{InvitationStore, MembershipStore, Person, PersonStore, StoreError};
use kernel::Role;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, Statement};

use super::{StepError, Workbench};
use crate::{
    fleet::ProvisionInput,
    invitations::{Invitee, issue_invitation},
};

/// Makes the architect a member and queues the mail, unless that is so already.
pub(super) async fn invite(
    bench: &Workbench<'_>,
    tx: &DatabaseTransaction,
) -> Result<(), StepError> {
    let input: ProvisionInput = serde_json::from_str(&bench.input)?;
    let (auth, tenant) = (&bench.worker.auth, bench.tenant());
    let now = auth.clock.now();
    let asked = Person {
        id: auth.clock.new_id(),
        email: input.architect.email.clone(),
        name: input.architect.name.clone(),
        password_hash: None,
    };
    let person = PersonStore::find_or_insert(tx, &asked, now).await?;
    let member = MembershipStore::find_by_person(tx, tenant.id, person.id).await?;
    if member.is_none() {
        let membership = Membership::invited(input.member_id, tenant.id, person.id, ARCHITECT);
        // The seed has written this version into the tenant's database.
        let membership = Membership {
            projected: membership.version,
            ..membership
        };
        MembershipStore::insert(tx, &membership, &asked.name, now).await?;
    }
    if InvitationStore::has_open(tx, input.member_id, now).await? {
        return Ok(());
    }
    let invitee = Invitee {
        tenant: tenant.id,
        slug: &tenant.slug,
        tenant_name: &tenant.name,
        member: input.member_id,
        email: &person.email,
        name: &asked.name,
    };
    issue_invitation(tx, auth, &invitee).await?;
    Ok(())
}

const ARCHITECT: Standing = Standing {
    role: Role::Architect,
    external: false,
};

/// Takes the invitation and the membership away; the person may be a member elsewhere.
pub(super) async fn withdraw(
    bench: &Workbench<'_>,
    tx: &DatabaseTransaction,
) -> Result<(), StepError> {
    let tenant = bench.tenant().id.as_uuid();
    for text in [
        "DELETE FROM invitations WHERE tenant_id = ?",
        "DELETE FROM memberships WHERE tenant_id = ?",
    ] {
        let delete = Statement::from_sql_and_values(DbBackend::MySql, text, [tenant.into()]);
        tx.execute_raw(delete).await.map_err(StoreError::from)?;
    }
    Ok(())
}
