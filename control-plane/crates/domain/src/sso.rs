//! Single sign-on: what a tenant decides about its identity providers, and what follows for the
//! people who come in by them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{MembershipError, Standing};

/// Whether people come in by a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// They do.
    Enabled,
    /// They do not; it can be tested.
    Disabled,
}

impl ConnectionState {
    /// The word in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Enabled, Self::Disabled]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What somebody was sent to a provider for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowPurpose {
    /// To sign in.
    SignIn,
    /// To make it a way in of the account that is signed in.
    Link,
    /// To prove once more who they are.
    StepUp,
    /// To see what the provider says.
    Test,
}

impl FlowPurpose {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Link => "link",
            Self::StepUp => "step_up",
            Self::Test => "test",
        }
    }

    /// The purpose of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::SignIn, Self::Link, Self::StepUp, Self::Test]
            .into_iter()
            .find(|purpose| purpose.as_str() == word)
    }
}

/// What members of a group of the provider are in the tenant. Never anything of the platform's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRole {
    /// The group, as the provider writes it.
    pub group: String,
    /// What its members are.
    pub standing: Standing,
}

/// The most groups that a connection maps.
pub const MAX_GROUP_ROLES: usize = 200;

/// What somebody in these groups is: the most that one of their groups gives, else the default.
#[must_use]
pub fn standing_of(map: &[GroupRole], groups: &[&str], otherwise: Standing) -> Standing {
    map.iter()
        .filter(|entry| groups.contains(&entry.group.as_str()))
        .map(|entry| entry.standing)
        .max_by_key(|standing| (standing.role, !standing.external))
        .unwrap_or(otherwise)
}

/// Why a connection cannot be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionRuleError {
    /// The name is blank or long.
    #[error("The name must have 1 to 100 characters.")]
    Name,
    /// The client id is blank or long.
    #[error("The client id must have 1 to 255 characters.")]
    ClientId,
    /// The scopes are no words, or too many.
    #[error("Scopes are words separated by spaces, 255 characters at most.")]
    Scopes,
    /// The claim's name is blank or long.
    #[error("The claim's name must have 1 to 100 characters.")]
    GroupClaim,
    /// A group is blank, long, or there twice, or there are too many.
    #[error("Each group must be named once, with 1 to 255 characters; at most 200 groups.")]
    Groups,
    /// A group's role cannot be held so.
    #[error(transparent)]
    Standing(#[from] MembershipError),
}

/// Checks the texts of a connection.
///
/// # Errors
/// When one is not as it should be.
pub fn check_connection_texts(
    name: &str,
    client_id: &str,
    scopes: &str,
    group_claim: Option<&str>,
) -> Result<(), ConnectionRuleError> {
    if !is_line(name, 100) {
        return Err(ConnectionRuleError::Name);
    }
    if !is_line(client_id, 255) {
        return Err(ConnectionRuleError::ClientId);
    }
    // RFC 6749 §3.3.
    let legal = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\') || b == b' ';
    if scopes.len() > 255 || !scopes.bytes().all(legal) {
        return Err(ConnectionRuleError::Scopes);
    }
    if group_claim.is_some_and(|claim| !is_line(claim, 100)) {
        return Err(ConnectionRuleError::GroupClaim);
    }
    Ok(())
}

/// Checks what groups give.
///
/// # Errors
/// When a group is there twice or is no name.
pub fn check_group_roles(map: &[GroupRole]) -> Result<(), ConnectionRuleError> {
    let mut groups: Vec<&str> = map.iter().map(|entry| entry.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    let good = groups.len() == map.len()
        && map.len() <= MAX_GROUP_ROLES
        && groups.iter().all(|group| is_line(group, 255));
    if !good {
        return Err(ConnectionRuleError::Groups);
    }
    for GroupRole { standing, .. } in map {
        Standing::new(standing.role, standing.external)?;
    }
    Ok(())
}

fn is_line(text: &str, max: usize) -> bool {
    !text.trim().is_empty() && text.len() <= max && !text.chars().any(char::is_control)
}

/// How many break-glass owners a tenant has at most.
pub const MAX_BREAK_GLASS_OWNERS: usize = 2;

/// What is known when somebody wants to enforce single sign-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnforcementGround {
    /// The connection that they tested themselves is enabled and as it was then, and knows them.
    pub tested: bool,
    /// Break-glass owners who are active architects and have a password.
    pub owners: usize,
    /// Active architects who have a password.
    pub candidates: usize,
}

/// Why single sign-on is not enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnforcementError {
    /// Who wants it could not come in any more.
    #[error("Test an enabled connection first, so that it is certain that you can sign in by it.")]
    NotTested,
    /// Nobody could come in when the provider fails.
    #[error(
        "Name two break-glass owners who have a password; one is enough while there is one \
         architect."
    )]
    NoOwners,
}

impl EnforcementGround {
    /// Checks that nobody is locked out who has to come in.
    ///
    /// # Errors
    /// When the last way in would be closed.
    pub fn check(&self) -> Result<(), EnforcementError> {
        if !self.tested {
            return Err(EnforcementError::NotTested);
        }
        let needed = self.candidates.clamp(1, MAX_BREAK_GLASS_OWNERS);
        if self.owners < needed {
            return Err(EnforcementError::NoOwners);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kernel::Role;
    use proptest::prelude::*;

    use super::*;

    fn entry(group: &str, role: Role, external: bool) -> GroupRole {
        GroupRole {
            group: group.to_owned(),
            standing: Standing { role, external },
        }
    }

    #[test]
    fn the_most_that_a_group_gives_holds_and_without_one_the_default() {
        let map = [
            entry("builders", Role::Builder, false),
            entry("guests", Role::Builder, true),
            entry("admins", Role::Architect, false),
        ];
        let user = Standing {
            role: Role::User,
            external: true,
        };
        let of = |groups: &[&str]| {
            let standing = standing_of(&map, groups, user);
            (standing.role, standing.external)
        };
        assert_eq!(of(&[]), (Role::User, true));
        assert_eq!(of(&["Builders", "builders "]), (Role::User, true));
        assert_eq!(of(&["guests"]), (Role::Builder, true));
        assert_eq!(of(&["guests", "builders"]), (Role::Builder, false));
        assert_eq!(of(&["guests", "admins", "x"]), (Role::Architect, false));
    }

    #[test]
    fn a_map_names_each_group_once_and_gives_nothing_impossible() {
        assert_eq!(check_group_roles(&[entry("a", Role::User, false)]), Ok(()));
        let twice = [
            entry("a", Role::User, false),
            entry("a", Role::Builder, false),
        ];
        assert_eq!(check_group_roles(&twice), Err(ConnectionRuleError::Groups));
        let blank = [entry(" ", Role::User, false)];
        assert_eq!(check_group_roles(&blank), Err(ConnectionRuleError::Groups));
        let impossible = [entry("a", Role::Architect, true)];
        assert!(matches!(
            check_group_roles(&impossible),
            Err(ConnectionRuleError::Standing(
                MembershipError::ExternalArchitect
            ))
        ));
        let many: Vec<GroupRole> = (0..=MAX_GROUP_ROLES)
            .map(|n| entry(&n.to_string(), Role::User, false))
            .collect();
        assert_eq!(check_group_roles(&many), Err(ConnectionRuleError::Groups));
    }

    #[test]
    fn nobody_is_locked_out() {
        let good = EnforcementGround {
            tested: true,
            owners: 2,
            candidates: 3,
        };
        assert_eq!(good.check(), Ok(()));
        let untested = EnforcementGround {
            tested: false,
            ..good
        };
        assert_eq!(untested.check(), Err(EnforcementError::NotTested));
        let with = |owners, candidates| {
            EnforcementGround {
                owners,
                candidates,
                ..good
            }
            .check()
        };
        assert_eq!(with(1, 1), Ok(()));
        for (owners, candidates) in [(0, 0), (0, 1), (1, 2), (0, 5)] {
            assert_eq!(with(owners, candidates), Err(EnforcementError::NoOwners));
        }
    }

    proptest! {
        #[test]
        fn nobody_gets_what_no_group_of_theirs_gives(
            groups in proptest::collection::vec("[abc]", 0..4),
            external in any::<bool>(),
        ) {
            let map = [entry("a", Role::Builder, true), entry("b", Role::Builder, false)];
            let otherwise = Standing { role: Role::User, external };
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            let given = standing_of(&map, &groups, otherwise);
            let possible = map.iter().filter(|entry| groups.contains(&entry.group.as_str()));
            let mut possible = possible.map(|entry| entry.standing);
            prop_assert!(given == otherwise || possible.any(|one| one == given));
        }
    }
}
