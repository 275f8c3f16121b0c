//! Whom a part of an access policy is for.

use cp_domain::access_policy::{AccessRules, TenantRolePolicy};
use kernel::Role;

/// Whom a part of the policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Everyone,
    Of(Role),
    External,
    Tokens,
}

impl Part {
    /// All of them, in the order of the form.
    pub(super) const ALL: [Self; 6] = [
        Self::Everyone,
        Self::Of(Role::Architect),
        Self::Of(Role::Builder),
        Self::Of(Role::User),
        Self::External,
        Self::Tokens,
    ];

    /// What its fields begin with.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Of(role) => role.as_str(),
            Self::External => "external",
            Self::Tokens => "tokens",
        }
    }

    /// What people read.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Everyone => "Everyone",
            Self::Of(Role::Architect) => "Architects, too",
            Self::Of(Role::Builder) => "Builders, too",
            Self::Of(Role::User) => "Users, too",
            Self::External => "External members, too",
            Self::Tokens => "API tokens",
        }
    }

    /// What the policy says for it.
    pub(super) fn rules(self, policy: &TenantRolePolicy) -> Option<&AccessRules> {
        match self {
            Self::Everyone => Some(&policy.everyone),
            Self::Of(role) => policy.roles.get(&role),
            Self::External => policy.external.as_ref(),
            Self::Tokens => policy.tokens.as_ref(),
        }
    }

    /// Makes the policy say this for it.
    pub(super) fn set(self, policy: &mut TenantRolePolicy, rules: AccessRules) {
        match self {
            Self::Everyone => policy.everyone = rules,
            Self::Of(role) => {
                policy.roles.insert(role, rules);
            }
            Self::External => policy.external = Some(rules),
            Self::Tokens => policy.tokens = Some(rules),
        }
    }
}
