use kernel::Role;
use proptest::prelude::*;

use super::*;

fn ids(number: u8) -> (MemberId, PersonId) {
    let uuid =
        |kind: u8| -> String { format!("00000000-0000-7000-8000-0000000{kind:02}{number:03}") };
    (uuid(1).parse().unwrap(), uuid(2).parse().unwrap())
}

fn tenant() -> TenantId {
    "00000000-0000-7000-8000-00000000000f".parse().unwrap()
}

#[derive(Debug, Clone)]
enum Step {
    Activate,
    Change(Role, bool),
    Archive,
    Invite(Role, bool),
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Architect), Just(Role::Builder), Just(Role::User)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Activate),
        (role(), any::<bool>()).prop_map(|(role, external)| Step::Change(role, external)),
        Just(Step::Archive),
        (role(), any::<bool>()).prop_map(|(role, external)| Step::Invite(role, external)),
    ]
}

fn take(membership: Membership, step: &Step, others: u64) -> Result<Membership, MembershipError> {
    match *step {
        Step::Activate => membership.activated(),
        Step::Change(role, external) => membership.changed(Standing::new(role, external)?, others),
        Step::Archive => membership.archived(others),
        Step::Invite(role, external) => membership.invited_again(Standing::new(role, external)?),
    }
}

proptest! {
    /// Whatever three members go through, a tenant that had an active architect keeps one, no
    /// external becomes one, and every change has a version of its own.
    #[test]
    fn a_tenant_keeps_an_architect(steps in prop::collection::vec((0_usize..3, step()), 0..60)) {
        let mut members: Vec<Membership> = (0..3)
            .map(|number| {
                let (member, person) = ids(number);
                let standing = Standing::new(Role::Architect, false).unwrap();
                Membership::invited(member, tenant(), person, standing)
            })
            .collect();
        members[0] = members[0].activated().unwrap();
        for (at, step) in steps {
            let before = members[at];
            let others = members
                .iter()
                .enumerate()
                .filter(|(other, member)| *other != at && member.is_active_architect())
                .count() as u64;
            if let Ok(after) = take(before, &step, others) {
                let changed = (after.standing, after.state) != (before.standing, before.state);
                prop_assert_eq!(after.version, before.version + u32::from(changed));
                members[at] = after;
            }
            prop_assert!(members.iter().any(Membership::is_active_architect));
            let external_architect =
                members.iter().any(|m| m.standing.external && m.standing.role == Role::Architect);
            prop_assert!(!external_architect);
        }
    }
}

#[test]
fn an_invitation_is_taken_once() {
    let (member, person) = ids(1);
    let standing = Standing::new(Role::User, true).unwrap();
    let invited = Membership::invited(member, tenant(), person, standing);
    let active = invited.activated().unwrap();
    assert_eq!(active.activated(), Err(MembershipError::NotInvited));
    assert_eq!(
        active.invited_again(standing),
        Err(MembershipError::AlreadyMember)
    );
    let archived = active.archived(0).unwrap();
    assert_eq!(archived.activated(), Err(MembershipError::Archived));
    assert_eq!(
        archived.changed(standing, 1),
        Err(MembershipError::Archived)
    );
    assert_eq!(archived.invited_again(standing).unwrap().version, 4);
}
