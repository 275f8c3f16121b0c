//! What groups make of their members.
//!
//! A member is the most that one of their mapped groups gives; one who left the last of them is a
//! user. It is worked out when a group, its mapping or who is in it changes, and at no other time:
//! what an architect decides in between holds until then.

use std::collections::{BTreeMap, BTreeSet};

use cp_domain::{MemberState, Membership, MembershipError, Standing};
use cp_scim::{ScimError, ScimType};
use cp_store::{MembershipStore, RouteStore, ScimGroupMemberStore, StoreError, TenantMemberStore};
use kernel::{MemberId, Role, TenantId};
use sea_orm::DatabaseTransaction;

use super::DirectoryError;
use crate::Auth;

/// Members who became something else.
#[derive(Debug, Default)]
pub(super) struct Restood {
    /// What they are now, and who.
    pub by_standing: Vec<(Standing, Vec<MemberId>)>,
}

impl Restood {
    pub(super) fn members(&self) -> Vec<MemberId> {
        let members = self.by_standing.iter();
        members.flat_map(|(_, members)| members).copied().collect()
    }
}

/// Gives these members what their groups make of them now. The number of statements depends on
/// how many they are only in that a statement takes so many ids.
pub(super) async fn settle_roles(
    tx: &DatabaseTransaction,
    auth: &Auth,
    tenant: TenantId,
    members: &BTreeSet<MemberId>,
) -> Result<Restood, DirectoryError> {
    let members: Vec<MemberId> = members.iter().copied().collect();
    let memberships = ScimGroupMemberStore::list_memberships(tx, tenant, &members).await?;
    let mapped = ScimGroupMemberStore::list_mapped(tx, &members).await?;
    let mut groups: BTreeMap<MemberId, Vec<Standing>> = BTreeMap::new();
    for role in mapped {
        groups.entry(role.member).or_default().push(role.standing);
    }
    let changes: Vec<(Membership, Standing)> = memberships
        .into_iter()
        .filter_map(|membership| {
            let of = groups.get(&membership.member).map(Vec::as_slice);
            let to = standing_by(of.unwrap_or_default(), membership.standing);
            (to != membership.standing).then_some((membership, to))
        })
        .collect();
    check_architects(tx, tenant, &changes).await?;
    check_externals(tx, auth, tenant, &changes).await?;
    let mut restood = Restood::default();
    for (membership, to) in changes {
        let same = restood
            .by_standing
            .iter_mut()
            .find(|(there, _)| *there == to);
        match same {
            Some((_, members)) => members.push(membership.member),
            None => restood.by_standing.push((to, vec![membership.member])),
        }
    }
    for (standing, members) in &restood.by_standing {
        ScimGroupMemberStore::set_standing(tx, members, *standing, auth.clock.now()).await?;
    }
    Ok(restood)
}

/// What groups make of somebody: the most that one gives. Who is in none is a user, and external
/// if they were.
fn standing_by(groups: &[Standing], now: Standing) -> Standing {
    let most = groups
        .iter()
        .copied()
        .max_by_key(|standing| (standing.role, !standing.external));
    most.unwrap_or(Standing {
        role: Role::User,
        external: now.external,
    })
}

/// A tenant keeps an architect.
async fn check_architects(
    tx: &DatabaseTransaction,
    tenant: TenantId,
    changes: &[(Membership, Standing)],
) -> Result<(), DirectoryError> {
    let active = |membership: &Membership| membership.state == MemberState::Active;
    let lost = changes
        .iter()
        .filter(|(membership, _)| membership.is_active_architect())
        .count();
    let won = changes
        .iter()
        .filter(|(membership, to)| active(membership) && to.role == Role::Architect)
        .count();
    if lost == 0 || won > 0 {
        return Ok(());
    }
    let nobody = MemberId::from_uuid(uuid::Uuid::nil());
    let all = MembershipStore::count_other_architects(tx, tenant, nobody).await?;
    if all <= u64::try_from(lost).unwrap_or(u64::MAX) {
        return Err(MembershipError::LastArchitect.into());
    }
    Ok(())
}

/// Nobody becomes external who holds what externals may not.
async fn check_externals(
    tx: &DatabaseTransaction,
    auth: &Auth,
    tenant: TenantId,
    changes: &[(Membership, Standing)],
) -> Result<(), DirectoryError> {
    let externals: Vec<MemberId> = changes
        .iter()
        .filter(|(membership, to)| to.external && !membership.standing.external)
        .map(|(membership, _)| membership.member)
        .collect();
    if externals.is_empty() {
        return Ok(());
    }
    let route = RouteStore::find(tx, tenant).await?;
    let route = route.ok_or(StoreError::Missing("tenant"))?;
    let database = auth.pools.get(&route.context()).await?;
    if TenantMemberStore::any_holds_manage(database.conn(), &externals).await? {
        let detail = "A member who would become external holds “manage”; take it away first.";
        return Err(ScimError::new(ScimType::Mutability, detail).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_counts_and_nothing_is_a_user() {
        let of = |role, external| Standing { role, external };
        let now = of(Role::Builder, true);
        assert_eq!(standing_by(&[], now), of(Role::User, true));
        let two = [of(Role::User, false), of(Role::Builder, true)];
        assert_eq!(standing_by(&two, now), of(Role::Builder, true));
        let same = [of(Role::Builder, true), of(Role::Builder, false)];
        assert_eq!(standing_by(&same, now), of(Role::Builder, false));
    }
}
