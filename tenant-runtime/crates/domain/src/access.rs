//! Who may do what: grants of members and groups, the highest wins; architects have everything,
//! externals never manage, and what one may not see does not exist.

use std::collections::BTreeSet;

use kernel::{Actor, GroupId, MemberId, Role};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::words::UnknownWord;

/// A right on a folder or grid; each holds the ones below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// See all inside, complete what is one's own or unassigned.
    View = 1,
    /// Also change, assign, schedule, complete anything.
    Edit = 2,
    /// Also grants, archive, delete.
    Manage = 3,
}

impl Level {
    /// The words.
    pub const WORDS: &'static [&'static str] = &["view", "edit", "manage"];

    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Edit => "edit",
            Self::Manage => "manage",
        }
    }

    /// The number in the database.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The level of a number in the database.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::View),
            2 => Some(Self::Edit),
            3 => Some(Self::Manage),
            _ => None,
        }
    }
}

impl std::str::FromStr for Level {
    type Err = UnknownWord;
    fn from_str(s: &str) -> Result<Self, UnknownWord> {
        match s {
            "view" => Ok(Self::View),
            "edit" => Ok(Self::Edit),
            "manage" => Ok(Self::Manage),
            _ => Err(UnknownWord {
                expected: Self::WORDS,
            }),
        }
    }
}

/// Who holds a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// One member.
    Member(MemberId),
    /// Everyone in a group.
    Group(GroupId),
}

/// The groups that every tenant has. Who is in them follows from role and `external`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemGroup {
    /// Internal members with the role architect.
    Architects,
    /// Internal members with the role builder.
    Builders,
    /// Internal members with the role user.
    Users,
    /// All internal members.
    Internal,
    /// All external members, and only they.
    External,
}

impl SystemGroup {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Architects => "architects",
            Self::Builders => "builders",
            Self::Users => "users",
            Self::Internal => "internal",
            Self::External => "external",
        }
    }

    /// The groups of a member. Externals are in `External` alone, whatever their role: what is
    /// given to a role by default is not given to guests.
    #[must_use]
    pub const fn of(role: Role, external: bool) -> &'static [Self] {
        match (external, role) {
            (true, _) => &[Self::External],
            (false, Role::Architect) => &[Self::Architects, Self::Internal],
            (false, Role::Builder) => &[Self::Builders, Self::Internal],
            (false, Role::User) => &[Self::Users, Self::Internal],
        }
    }
}

/// An actor as the rules and the queries of access see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// The member.
    pub member: MemberId,
    /// Whether they have everything in their tenant.
    pub everything: bool,
    /// Whether they never manage.
    pub external: bool,
    /// Their system groups.
    pub groups: &'static [SystemGroup],
}

impl Viewer {
    /// The viewer that an actor is. An external architect is a guest first.
    #[must_use]
    pub fn of(actor: &Actor) -> Self {
        Self {
            member: actor.member,
            everything: actor.is_architect() && !actor.external,
            external: actor.external,
            groups: SystemGroup::of(actor.role, actor.external),
        }
    }

    /// Nobody in particular, to whom everything is shown: for answers that are the same for all who
    /// may have them.
    #[must_use]
    pub const fn of_everything() -> Self {
        Self {
            member: MemberId::from_uuid(Uuid::nil()),
            everything: true,
            external: false,
            groups: &[],
        }
    }

    /// The most that a grant can give them.
    #[must_use]
    pub const fn cap(&self) -> Level {
        if self.external {
            Level::Edit
        } else {
            Level::Manage
        }
    }
}

/// The level that a viewer, in these groups, has by an object's grants.
#[must_use]
pub fn level_of(
    viewer: &Viewer,
    groups: &BTreeSet<GroupId>,
    grants: &[(Subject, Level)],
) -> Option<Level> {
    if viewer.everything {
        return Some(Level::Manage);
    }
    grants
        .iter()
        .filter(|(subject, _)| match subject {
            Subject::Member(member) => *member == viewer.member,
            Subject::Group(group) => groups.contains(group),
        })
        .map(|(_, level)| (*level).min(viewer.cap()))
        .max()
}

/// Why something may not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not there, or one may not see it: the same.
    #[error("there is no such thing")]
    Unseen,
    /// One sees it and may not do this.
    #[error("you may see this, but not do that")]
    Forbidden,
}

/// Whether a level suffices.
///
/// # Errors
/// Without any level the thing does not exist; with too low a one it is forbidden.
pub fn require(level: Option<Level>, needed: Level) -> Result<Level, Refusal> {
    match level {
        None => Err(Refusal::Unseen),
        Some(level) if level < needed => Err(Refusal::Forbidden),
        Some(level) => Ok(level),
    }
}

/// Why a grant or a membership of a group is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExternalRule {
    /// `manage` for an external member.
    #[error("an external member cannot hold manage")]
    MemberIsExternal,
    /// `manage` for a group that has an external member.
    #[error("a group with an external member cannot hold manage")]
    GroupHasExternal,
    /// An external member for a group that holds `manage`.
    #[error("an external member cannot join a group that holds manage")]
    GroupHoldsManage,
}

/// Whether a member may hold a level.
///
/// # Errors
/// When an external would manage.
pub fn member_may_hold(external: bool, level: Level) -> Result<(), ExternalRule> {
    if external && level == Level::Manage {
        Err(ExternalRule::MemberIsExternal)
    } else {
        Ok(())
    }
}

/// Whether a group may hold a level.
///
/// # Errors
/// When an external would manage through it.
pub fn group_may_hold(has_external: bool, level: Level) -> Result<(), ExternalRule> {
    if has_external && level == Level::Manage {
        Err(ExternalRule::GroupHasExternal)
    } else {
        Ok(())
    }
}

/// Whether a member may join a group.
///
/// # Errors
/// When an external would manage through it.
pub fn may_join(external: bool, group_holds_manage: bool) -> Result<(), ExternalRule> {
    if external && group_holds_manage {
        Err(ExternalRule::GroupHoldsManage)
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
