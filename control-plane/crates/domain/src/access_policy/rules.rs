//! What a policy says.

use std::collections::BTreeMap;

use kernel::Role;
use serde::{Deserialize, Serialize};

use super::{Network, Rule, Visit, Window, Zone};
use crate::{CountrySet, StaffRole};

/// How many networks or windows a list may have: it is walked on every request.
const MAX_LIST: usize = 200;

/// Which countries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CountryLists", into = "CountryLists")]
pub enum CountryRule {
    /// These only.
    Allow(CountrySet),
    /// All but these.
    Refuse(CountrySet),
}

/// A rule as it is written: a fault in a list is then told at its place.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CountryLists {
    #[serde(skip_serializing_if = "Option::is_none")]
    allow: Option<CountrySet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refuse: Option<CountrySet>,
}

impl TryFrom<CountryLists> for CountryRule {
    type Error = &'static str;

    fn try_from(lists: CountryLists) -> Result<Self, Self::Error> {
        match (lists.allow, lists.refuse) {
            (Some(allow), None) => Ok(Self::Allow(allow)),
            (None, Some(refuse)) => Ok(Self::Refuse(refuse)),
            _ => Err("countries are allowed or refused: one list of the two"),
        }
    }
}

impl From<CountryRule> for CountryLists {
    fn from(rule: CountryRule) -> Self {
        match rule {
            CountryRule::Allow(set) => Self {
                allow: Some(set),
                refuse: None,
            },
            CountryRule::Refuse(set) => Self {
                allow: None,
                refuse: Some(set),
            },
        }
    }
}

/// What happens to somebody whose country is not known, where countries matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// They come in.
    #[default]
    Allow,
    /// They do not.
    Refuse,
}

/// Rules for some people. What is empty refuses nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessRules {
    /// The countries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub countries: Option<CountryRule>,
    /// What happens when the country is not known; without it, what the platform's setting says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown_country: Option<Unknown>,
    /// The networks from which they may come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<Network>,
    /// The hours in which they may come.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<Window>,
}

/// A policy for people with roles `R`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    bound(deserialize = "R: Ord + Deserialize<'de>")
)]
pub struct AccessPolicy<R: Ord> {
    /// Where the hours are meant; without it, the tenant's own zone, or UTC for the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<Zone>,
    /// For everyone.
    pub everyone: AccessRules,
    /// For those of a role, too.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<R, AccessRules>,
    /// For people from outside, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<AccessRules>,
    /// For programs with a token, instead of all the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<AccessRules>,
}

/// The policy of a tenant, or of the platform for all tenants' people.
pub type TenantRolePolicy = AccessPolicy<Role>;
/// The policy of the platform for its own staff.
pub type StaffPolicy = AccessPolicy<StaffRole>;

impl<R: Ord> Default for AccessPolicy<R> {
    fn default() -> Self {
        Self {
            time_zone: None,
            everyone: AccessRules::default(),
            roles: BTreeMap::new(),
            external: None,
            tokens: None,
        }
    }
}

/// A policy that means nothing, or nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// A list of countries without any.
    #[error("a list of countries names at least one")]
    NoCountry,
    /// A window without a day.
    #[error("hours name at least one day")]
    NoDay,
    /// A window that ends when it begins.
    #[error("hours begin and end at different times")]
    NoTime,
    /// Too much of something.
    #[error("a list has at most 200 entries")]
    TooLong,
}

impl AccessRules {
    /// Whether they refuse nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.countries.is_none() && self.networks.is_empty() && self.hours.is_empty()
    }

    /// Goes on when the visit is within these rules.
    pub(super) fn admit(&self, visit: &Visit, zone: Zone, unknown: Unknown) -> Result<(), Rule> {
        if !self.networks.is_empty() {
            let within = |ip| self.networks.iter().any(|network| network.contains(ip));
            if !visit.ip.is_some_and(within) {
                return Err(Rule::Network);
            }
        }
        if let Some(rule) = &self.countries {
            let unknown = self.unknown_country.unwrap_or(unknown);
            rule.admit(visit, unknown)?;
        }
        let open = |window: &Window| window.contains(visit.at, zone);
        if self.hours.is_empty() || self.hours.iter().any(open) {
            return Ok(());
        }
        Err(Rule::Hours)
    }

    /// Whether the rules mean something.
    fn check(&self) -> Result<(), PolicyFault> {
        if let Some(CountryRule::Allow(set) | CountryRule::Refuse(set)) = &self.countries
            && set.is_empty()
        {
            return Err(PolicyFault::NoCountry);
        }
        if self.networks.len() > MAX_LIST || self.hours.len() > MAX_LIST {
            return Err(PolicyFault::TooLong);
        }
        self.hours.iter().try_for_each(|window| {
            if window.days.is_empty() {
                Err(PolicyFault::NoDay)
            } else if window.from == window.until {
                Err(PolicyFault::NoTime)
            } else {
                Ok(())
            }
        })
    }
}

impl CountryRule {
    fn admit(&self, visit: &Visit, unknown: Unknown) -> Result<(), Rule> {
        let admitted = match (self, visit.country) {
            (_, None) if unknown == Unknown::Allow => true,
            (_, None) => return Err(Rule::UnknownCountry),
            (Self::Allow(set), Some(country)) => set.contains(country),
            (Self::Refuse(set), Some(country)) => !set.contains(country),
        };
        if admitted { Ok(()) } else { Err(Rule::Country) }
    }
}

impl<R: Ord> AccessPolicy<R> {
    /// All rules of it.
    fn all(&self) -> impl Iterator<Item = &AccessRules> {
        let few = [&self.external, &self.tokens].into_iter().flatten();
        few.chain([&self.everyone]).chain(self.roles.values())
    }

    /// Whether it refuses nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all().all(AccessRules::is_empty)
    }

    /// Whether what it says depends on the time.
    #[must_use]
    pub fn has_hours(&self) -> bool {
        self.all().any(|rules| !rules.hours.is_empty())
    }

    /// Whether what it says depends on countries.
    #[must_use]
    pub fn has_countries(&self) -> bool {
        self.all().any(|rules| rules.countries.is_some())
    }

    /// Goes on when every rule means something.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self) -> Result<(), PolicyFault> {
        self.all().try_for_each(AccessRules::check)
    }
}
