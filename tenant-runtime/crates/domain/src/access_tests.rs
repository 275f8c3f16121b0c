//! Properties of the access rules.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn member(n: u8) -> MemberId {
    MemberId::from_uuid(Uuid::from_u128(u128::from(n)))
}

fn group(n: u8) -> GroupId {
    GroupId::from_uuid(Uuid::from_u128(u128::from(n)))
}

fn roles() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::User), Just(Role::Builder), Just(Role::Architect)]
}

fn levels() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::View), Just(Level::Edit), Just(Level::Manage)]
}

fn viewers() -> impl Strategy<Value = Viewer> {
    (0_u8..4, roles(), any::<bool>()).prop_map(|(n, role, external)| {
        Viewer::of(&Actor {
            member: member(n),
            role,
            external,
            session: None,
            scopes: None,
        })
    })
}

fn subjects() -> impl Strategy<Value = Subject> {
    prop_oneof![
        (0_u8..4).prop_map(|n| Subject::Member(member(n))),
        (0_u8..4).prop_map(|n| Subject::Group(group(n))),
    ]
}

fn grants() -> impl Strategy<Value = Vec<(Subject, Level)>> {
    prop::collection::vec((subjects(), levels()), 0..12)
}

fn groups() -> impl Strategy<Value = BTreeSet<GroupId>> {
    prop::collection::btree_set((0_u8..4).prop_map(group), 0..4)
}

proptest! {
    #[test]
    fn externals_never_manage(viewer in viewers(), groups in groups(), grants in grants()) {
        if viewer.external {
            prop_assert_ne!(level_of(&viewer, &groups, &grants), Some(Level::Manage));
        }
    }

    #[test]
    fn internal_architects_have_everything(viewer in viewers(), groups in groups(), grants in grants()) {
        if viewer.everything {
            prop_assert!(!viewer.external);
            prop_assert_eq!(level_of(&viewer, &groups, &grants), Some(Level::Manage));
        }
    }

    #[test]
    fn another_grant_never_takes_away(
        viewer in viewers(), groups in groups(), grants in grants(), more in (subjects(), levels()),
    ) {
        let before = level_of(&viewer, &groups, &grants);
        let mut grants = grants;
        grants.push(more);
        prop_assert!(level_of(&viewer, &groups, &grants) >= before);
    }

    #[test]
    fn another_group_never_takes_away(
        viewer in viewers(), groups in groups(), grants in grants(), more in 0_u8..4,
    ) {
        let before = level_of(&viewer, &groups, &grants);
        let mut groups = groups;
        groups.insert(group(more));
        prop_assert!(level_of(&viewer, &groups, &grants) >= before);
    }

    #[test]
    fn the_highest_wins_and_order_does_not_matter(
        viewer in viewers(), groups in groups(), grants in grants(),
    ) {
        let one_by_one = grants.iter().filter_map(|g| level_of(&viewer, &groups, &[*g])).max();
        if !viewer.everything {
            prop_assert_eq!(level_of(&viewer, &groups, &grants), one_by_one);
        }
        let mut reversed = grants.clone();
        reversed.reverse();
        prop_assert_eq!(level_of(&viewer, &groups, &grants), level_of(&viewer, &groups, &reversed));
    }

    #[test]
    fn without_a_grant_nothing_exists(viewer in viewers(), groups in groups(), needed in levels()) {
        if !viewer.everything {
            let level = level_of(&viewer, &groups, &[]);
            prop_assert_eq!(require(level, needed), Err(Refusal::Unseen));
        }
    }

    #[test]
    fn whoever_sees_gets_forbidden_and_never_unseen(level in levels(), needed in levels()) {
        let answer = require(Some(level), needed);
        prop_assert_ne!(answer, Err(Refusal::Unseen));
        prop_assert_eq!(answer.is_ok(), level >= needed);
    }

    #[test]
    fn both_directions_of_the_external_rule_agree(external in any::<bool>(), level in levels()) {
        // Giving a level to a group that has the member, or adding the member to a group that has
        // the level, is allowed in the same cases.
        prop_assert_eq!(
            group_may_hold(external, level).is_ok(),
            may_join(external, level == Level::Manage).is_ok()
        );
        prop_assert_eq!(member_may_hold(external, level).is_ok(), group_may_hold(external, level).is_ok());
    }
}

#[test]
fn role_groups_hold_internal_members_only() {
    for role in [Role::User, Role::Builder, Role::Architect] {
        assert_eq!(SystemGroup::of(role, true), [SystemGroup::External]);
        assert!(SystemGroup::of(role, false).contains(&SystemGroup::Internal));
    }
}
