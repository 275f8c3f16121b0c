//! What somebody who comes in by a provider is in its tenant: recomputed at each sign-in, so that
//! who leaves a group there loses what it gave here.

use cp_domain::{MemberState, Membership, MembershipError, Standing, standing_of};
use cp_oidc::Claims;
use cp_store::{
    Connection, ConnectionStore, InvitationStore, Member, MembershipStore, Person, RouteStore,
    StoreError, TenantMemberStore,
};
use kernel::MemberId;
use sea_orm::DatabaseTransaction;

use super::SsoError;
use crate::Auth;

/// What became of a membership.
#[derive(Debug)]
pub(super) struct Settled {
    /// The membership as it is now.
    pub(super) membership: Membership,
    /// Whether it was made for this sign-in.
    pub(super) provisioned: bool,
    /// What it was before, when something of it changed.
    pub(super) before: Option<Membership>,
    /// What the groups would make of the tenant's last architect, who stays one.
    pub(super) kept: Option<Standing>,
}

/// What the provider's groups say; none when they say nothing.
pub(super) async fn wanted(
    tx: &DatabaseTransaction,
    connection: &Connection,
    claims: &Claims,
) -> Result<Option<Standing>, StoreError> {
    let Some(claim) = &connection.group_claim else {
        return Ok(None);
    };
    let map = ConnectionStore::list_group_roles(tx, connection.id).await?;
    let standing = standing_of(&map, &claims.groups(claim), connection.default);
    Ok(Some(standing))
}

/// Makes the person a member when they are none and the connection does that, and the member
/// what the provider's groups say.
///
/// # Errors
/// When they are no member and become none, were archived, or a rule forbids it.
pub(super) async fn settle(
    tx: &DatabaseTransaction,
    auth: &Auth,
    connection: &Connection,
    person: &Person,
    wanted: Option<Standing>,
) -> Result<Settled, SsoError> {
    let known = MembershipStore::find_by_person(tx, connection.tenant, person.id).await?;
    let (member, provisioned) = match known {
        Some(known) => (known, false),
        None if connection.provisions => (provision(tx, auth, connection, person).await?, true),
        None => return Err(SsoError::NotProvisioned),
    };
    let before = member.membership;
    let active = match before.state {
        MemberState::Active => before,
        MemberState::Archived => return Err(SsoError::Archived),
        MemberState::Invited => {
            InvitationStore::revoke_open(tx, before.member, auth.clock.now()).await?;
            write(tx, auth, before.activated().map_err(SsoError::Standing)?).await?
        }
    };
    let (membership, kept) = match wanted {
        Some(wanted) => apply(tx, auth, active, wanted, provisioned).await?,
        None => (active, None),
    };
    Ok(Settled {
        membership,
        provisioned,
        before: (membership != before).then_some(before),
        kept,
    })
}

/// A new membership, which the caller activates.
async fn provision(
    tx: &DatabaseTransaction,
    auth: &Auth,
    connection: &Connection,
    person: &Person,
) -> Result<Member, SsoError> {
    let now = auth.clock.now();
    let standing = connection.default;
    let membership =
        Membership::invited(auth.clock.new_id(), connection.tenant, person.id, standing);
    MembershipStore::insert(tx, &membership, &person.name, now).await?;
    Ok(Member {
        membership,
        person: person.clone(),
        created_at: now,
    })
}

async fn apply(
    tx: &DatabaseTransaction,
    auth: &Auth,
    membership: Membership,
    wanted: Standing,
    provisioned: bool,
) -> Result<(Membership, Option<Standing>), SsoError> {
    let (tenant, member) = (membership.tenant, membership.member);
    let others = MembershipStore::count_other_architects(tx, tenant, member).await?;
    let changed = match membership.changed(wanted, others) {
        Ok(changed) => changed,
        // A group at the provider does not leave a tenant without anybody who administers it.
        Err(MembershipError::LastArchitect) => return Ok((membership, Some(wanted))),
        Err(rule) => return Err(SsoError::Standing(rule)),
    };
    if changed.version == membership.version {
        return Ok((membership, None));
    }
    let leaves = wanted.external && !membership.standing.external && !provisioned;
    if leaves && holds_manage(tx, auth, &membership, member).await? {
        return Err(SsoError::HoldsManage);
    }
    Ok((write(tx, auth, changed).await?, None))
}

async fn write(
    tx: &DatabaseTransaction,
    auth: &Auth,
    membership: Membership,
) -> Result<Membership, SsoError> {
    if MembershipStore::update(tx, &membership, auth.clock.now()).await? {
        Ok(membership)
    } else {
        // The tenant is locked: nobody else writes.
        Err(StoreError::Missing("membership").into())
    }
}

async fn holds_manage(
    tx: &DatabaseTransaction,
    auth: &Auth,
    membership: &Membership,
    member: MemberId,
) -> Result<bool, SsoError> {
    let route = RouteStore::find(tx, membership.tenant).await?;
    let route = route.ok_or(StoreError::Missing("tenant"))?;
    let database = auth.pools.get(&route.context()).await?;
    Ok(TenantMemberStore::holds_manage(database.conn(), member).await?)
}
