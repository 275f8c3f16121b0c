//! The way in for emergencies, while single sign-on is enforced: every use is written down and
//! told to all architects.

use cp_domain::SignInMethod;
use cp_store::{
    AuditActor, AuditEvent, AuditStore, Member, MembershipStore, StoreError, TenantStore,
};
use sea_orm::DatabaseTransaction;

use crate::{
    Auth, Client,
    mail::{self, QueueError},
};

/// Writes a use down and tells the tenant's architects.
pub(super) async fn alert(
    tx: &DatabaseTransaction,
    auth: &Auth,
    member: &Member,
    method: SignInMethod,
    client: &Client,
) -> Result<(), QueueError> {
    let (now, membership) = (auth.clock.now(), &member.membership);
    let event = AuditEvent {
        actor: AuditActor::Member(membership.member),
        action: "sign_in.break_glass",
        tenant: Some(membership.tenant),
        object: Some(membership.member.as_uuid()),
        detail: serde_json::json!({
            "method": method, "address": client.address, "device": client.device,
        }),
        request_id: None,
    };
    AuditStore::insert(tx, auth.clock.new_uuid(), event, now).await?;
    let tenant = TenantStore::find(tx, membership.tenant).await?;
    let tenant = tenant.ok_or(StoreError::Missing("tenant"))?;
    for architect in MembershipStore::list_architects(tx, membership.tenant).await? {
        let notice = mailer::SecurityNotice {
            name: architect.person.name.clone(),
            subject: format!("{}: emergency sign-in without single sign-on", tenant.name),
            happened: format!(
                "{} ({}) signed in to {} without single sign-on, as one of those who are named \
                 for emergencies.",
                member.person.name, member.person.email, tenant.name
            ),
            at: now,
            address: client.address.clone(),
            device: client.device.clone(),
            advice: "If nobody expects this, end their sessions and take them off the list of \
                     break-glass owners."
                .to_owned(),
        };
        mail::queue_notice(tx, auth, &architect.person, notice).await?;
    }
    Ok(())
}
