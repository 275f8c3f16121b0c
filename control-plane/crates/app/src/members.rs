//! Member administration: architects invite, change and archive. Memberships live in the central
//! database; the tenant's own gets a projection right after the commit.

mod archive;
mod change;
mod enrol;
mod invite;
mod keyed;

pub use archive::archive_member;
pub(crate) use archive::end_access;
pub use change::{MemberChange, change_member, check_change};
pub use enrol::{Enrol, EnrolError, enrol_member};
pub use invite::{InviteMember, invite_member, resend_invitation};
pub use keyed::{Keyed, body_hash};

use cp_domain::{MemberState, MembershipError};
use cp_store::{
    AuditActor, AuditEvent, AuditStore, KeptAnswer, Member, MembershipStore, RouteStore,
    StoreError, TenantMemberStore,
};
use db::DbError;
use kernel::{IfMatch, MemberId, RequestId, Revision, TenantId};
use sea_orm::DatabaseTransaction;

use crate::{
    Auth,
    mail::QueueError,
    sessions::{CachedSession, TenantHost, is_good},
};

/// A member of a tenant, with the person.
///
/// # Errors
/// When the database fails.
pub async fn find_member(
    auth: &Auth,
    tenant: TenantId,
    member: MemberId,
) -> Result<Option<Member>, StoreError> {
    MembershipStore::find(auth.central.conn(), tenant, member).await
}

/// An architect at work.
#[derive(Debug, Clone, Copy)]
pub struct Administrator<'a> {
    /// The tenant.
    pub tenant: &'a TenantHost,
    /// Who is signed in.
    pub session: &'a CachedSession,
    /// The request, for the audit log.
    pub request_id: &'a RequestId,
}

/// Why members were not changed.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// There is no such member, or the caller may not know.
    #[error("no such member")]
    NotFound,
    /// The session or token of the caller has ended since the request came.
    #[error("the session has ended")]
    SessionEnded,
    /// The caller is no architect.
    #[error("only architects administer members")]
    Forbidden,
    /// `If-Match` is missing.
    #[error("If-Match is required")]
    PreconditionRequired,
    /// The member has changed meanwhile.
    #[error("the member is at revision {0}")]
    PreconditionFailed(Revision),
    /// A rule of memberships forbids it.
    #[error(transparent)]
    Rule(#[from] MembershipError),
    /// An external would hold `manage`.
    #[error("The member holds “manage” on a folder, grid or group; take it away first.")]
    HoldsManage,
    /// The request was made before with the same key and answered.
    #[error("answered before")]
    Answered(Box<KeptAnswer>),
    /// A mail could not be queued.
    #[error(transparent)]
    Mail(#[from] QueueError),
    /// The tenant's database cannot be asked.
    #[error(transparent)]
    Tenant(#[from] DbError),
    /// The central database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Administrator<'_> {
    /// Begins a transaction in which nobody else changes the tenant's members. What the caller is,
    /// is read again: a session's cached role may be a moment old.
    async fn begin(&self, auth: &Auth) -> Result<(DatabaseTransaction, Member), MemberError> {
        let tx = auth.central.begin().await.map_err(StoreError::from)?;
        MembershipStore::lock_tenant(&tx, self.tenant.tenant_id).await?;
        let caller = self.session.member_id;
        let caller = MembershipStore::find(&tx, self.tenant.tenant_id, caller).await?;
        let active = caller.filter(|caller| caller.membership.state == MemberState::Active);
        let active = active.ok_or(MemberError::Forbidden)?;
        if !is_good(&tx, self.session, auth.clock.now()).await? {
            return Err(MemberError::SessionEnded);
        }
        Ok((tx, active))
    }

    /// Begins a transaction of an architect.
    pub(crate) async fn begin_as_architect(
        &self,
        auth: &Auth,
    ) -> Result<DatabaseTransaction, MemberError> {
        let (tx, caller) = self.begin(auth).await?;
        if caller.membership.is_active_architect() {
            Ok(tx)
        } else {
            Err(MemberError::Forbidden)
        }
    }

    /// Begins a transaction on a member, in the order 404, 403, 428, 412. Externals see no
    /// members but themselves.
    async fn begin_on(
        &self,
        auth: &Auth,
        member: MemberId,
        if_match: IfMatch,
    ) -> Result<(DatabaseTransaction, Member), MemberError> {
        let (tx, caller) = self.begin(auth).await?;
        let caller = caller.membership;
        let found = MembershipStore::find(&tx, self.tenant.tenant_id, member).await?;
        let target = found
            .filter(|found| !caller.standing.external || found.membership.member == caller.member)
            .ok_or(MemberError::NotFound)?;
        if !caller.is_active_architect() {
            return Err(MemberError::Forbidden);
        }
        let revision = target.membership.revision();
        if if_match == IfMatch::Missing {
            return Err(MemberError::PreconditionRequired);
        }
        if !if_match.holds(revision) {
            return Err(MemberError::PreconditionFailed(revision));
        }
        Ok((tx, target))
    }

    /// Whether the caller is an architect, read again.
    pub(crate) async fn check_architect(&self, auth: &Auth) -> Result<(), MemberError> {
        let (conn, tenant) = (auth.central.conn(), self.tenant.tenant_id);
        let caller = MembershipStore::find(conn, tenant, self.session.member_id).await?;
        if caller.is_some_and(|caller| caller.membership.is_active_architect()) {
            Ok(())
        } else {
            Err(MemberError::Forbidden)
        }
    }

    async fn audit(
        &self,
        tx: &DatabaseTransaction,
        auth: &Auth,
        action: &'static str,
        member: MemberId,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        self.audit_object(tx, auth, action, member.as_uuid(), detail)
            .await
    }

    /// Remembers what the caller did to something of the tenant.
    pub(crate) async fn audit_object(
        &self,
        tx: &DatabaseTransaction,
        auth: &Auth,
        action: &'static str,
        object: uuid::Uuid,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let event = AuditEvent {
            actor: AuditActor::Member(self.session.member_id),
            action,
            tenant: Some(self.tenant.tenant_id),
            object: Some(object),
            detail,
            request_id: Some(self.request_id.to_string()),
        };
        AuditStore::insert(tx, auth.clock.new_uuid(), event, auth.clock.now()).await
    }

    /// Whether the member holds what an external may not: asked of the tenant's own database.
    async fn holds_manage(
        &self,
        tx: &DatabaseTransaction,
        auth: &Auth,
        member: MemberId,
    ) -> Result<bool, MemberError> {
        let route = RouteStore::find(tx, self.tenant.tenant_id).await?;
        let route = route.ok_or(StoreError::Missing("tenant"))?;
        let database = auth.pools.get(&route.context()).await?;
        Ok(TenantMemberStore::holds_manage(database.conn(), member).await?)
    }
}

/// What a member is, for the audit log.
fn describe(member: &Member) -> serde_json::Value {
    let membership = &member.membership;
    serde_json::json!({
        "role": membership.standing.role,
        "external": membership.standing.external,
        "state": membership.state,
    })
}
