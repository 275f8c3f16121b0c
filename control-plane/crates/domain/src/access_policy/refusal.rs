//! Why somebody is refused: the rule that fired.

use std::fmt;

/// Whose rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The platform's.
    Platform,
    /// The tenant's.
    Tenant,
}

/// Which part of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// The platform's list of unsafe countries.
    UnsafeCountries,
    /// For everyone.
    Everyone,
    /// For those of a role.
    Role(&'static str),
    /// For people from outside.
    External,
    /// For programs with a token.
    Tokens,
}

/// What of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The address.
    Network,
    /// The country.
    Country,
    /// The country, which is not known.
    UnknownCountry,
    /// The hours.
    Hours,
    /// The policy cannot be read, so it admits nobody.
    Unreadable,
}

/// A refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub struct Refusal {
    /// Whose rule.
    pub owner: Owner,
    /// Which part of the policy.
    pub section: Section,
    /// What of it.
    pub rule: Rule,
}

impl Rule {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "networks",
            Self::Country => "countries",
            Self::UnknownCountry => "unknown_country",
            Self::Hours => "hours",
            Self::Unreadable => "unreadable",
        }
    }

    /// What the person who is refused is told: nothing of what the policy is.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Network => "Access from your network is not allowed.",
            Self::Country => "Access from your country is not allowed.",
            Self::UnknownCountry => {
                "Your country could not be told from your address, and access from unknown \
                 countries is not allowed."
            }
            Self::Hours => "Access at this time is not allowed.",
            Self::Unreadable => "Access is closed until the access policy is put right.",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsafeCountries => f.write_str("unsafe"),
            Self::Everyone => f.write_str("everyone"),
            Self::Role(role) => write!(f, "roles.{role}"),
            Self::External => f.write_str("external"),
            Self::Tokens => f.write_str("tokens"),
        }
    }
}

/// As it stands in the audit log, such as `tenant.roles.builder.networks`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = match self.owner {
            Owner::Platform => "platform",
            Owner::Tenant => "tenant",
        };
        write!(f, "{owner}.{}.{}", self.section, self.rule.as_str())
    }
}
