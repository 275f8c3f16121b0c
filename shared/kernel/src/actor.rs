//! Who acts: a member with a role, perhaps external, perhaps limited to scopes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{MemberId, SessionId};

/// A member's role in a tenant, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works on what is shared with them.
    User,
    /// Builds plans.
    Builder,
    /// Administers the tenant; has everything in it.
    Architect,
}

impl Role {
    /// The word used in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Builder => "builder",
            Self::Architect => "architect",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is architect, builder or user")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(s: &str) -> Result<Self, UnknownRole> {
        match s {
            "user" => Ok(Self::User),
            "builder" => Ok(Self::Builder),
            "architect" => Ok(Self::Architect),
            _ => Err(UnknownRole),
        }
    }
}

/// What a token may be used for. A session has no scopes and may do all its member may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Read folders and work items.
    #[serde(rename = "work_items:read")]
    WorkItemsRead,
    /// Change folders and work items.
    #[serde(rename = "work_items:write")]
    WorkItemsWrite,
    /// Read members and groups.
    #[serde(rename = "members:read")]
    MembersRead,
    /// Change members and groups.
    #[serde(rename = "members:write")]
    MembersWrite,
    /// Administer the tenant.
    #[serde(rename = "admin")]
    Admin,
}

impl Scope {
    /// Every scope, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::WorkItemsRead,
        Self::WorkItemsWrite,
        Self::MembersRead,
        Self::MembersWrite,
        Self::Admin,
    ];

    /// The word used in JSON and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WorkItemsRead => "work_items:read",
            Self::WorkItemsWrite => "work_items:write",
            Self::MembersRead => "members:read",
            Self::MembersWrite => "members:write",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// The word is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such scope")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;
    fn from_str(s: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == s)
            .ok_or(UnknownScope)
    }
}

/// A set of scopes; serialised as a list of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Scope>", into = "Vec<Scope>")]
pub struct Scopes(u8);

impl Scopes {
    /// Whether the scope is in the set.
    #[must_use]
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The scopes of the set.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl From<Vec<Scope>> for Scopes {
    fn from(scopes: Vec<Scope>) -> Self {
        scopes.into_iter().collect()
    }
}

impl From<Scopes> for Vec<Scope> {
    fn from(scopes: Scopes) -> Self {
        scopes.iter().collect()
    }
}

/// The member on whose behalf a request runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The member.
    pub member: MemberId,
    /// Their role in the tenant.
    pub role: Role,
    /// Whether they are external: no member lists, never `manage`.
    pub external: bool,
    /// The session, when signed in with one.
    pub session: Option<SessionId>,
    /// The scopes of the token; `None` for a session, which is not limited.
    pub scopes: Option<Scopes>,
}

impl Actor {
    /// Whether a request of this actor may use the scope.
    #[must_use]
    pub fn may_use(&self, scope: Scope) -> bool {
        self.scopes.is_none_or(|scopes| scopes.contains(scope))
    }

    /// Whether the actor administers the tenant.
    #[must_use]
    pub fn is_architect(&self) -> bool {
        self.role == Role::Architect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_set_of_words() {
        let scopes: Scopes = [Scope::Admin, Scope::WorkItemsRead, Scope::Admin]
            .into_iter()
            .collect();
        assert_eq!(
            serde_json::to_string(&scopes).unwrap(),
            r#"["work_items:read","admin"]"#
        );
        assert!(!scopes.contains(Scope::MembersRead));
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
    }
}
