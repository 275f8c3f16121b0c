//! The decision.

use core::net::IpAddr;

use chrono::{DateTime, Utc};
use kernel::Role;

use super::{
    AccessPolicy, AccessRules, Owner, Refusal, Rule, Section, StaffPolicy, TenantRolePolicy,
    Unknown, Zone,
};
use crate::{Country, CountrySet, StaffRole};

/// How somebody comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// The address, when it is known.
    pub ip: Option<IpAddr>,
    /// Its country, when it is known.
    pub country: Option<Country>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Who comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who<R> {
    /// Their role; none for a program that is nobody's, such as a directory.
    pub role: Option<R>,
    /// Whether they are from outside.
    pub external: bool,
    /// Whether it is a program with a token.
    pub token: bool,
}

impl<R> Who<R> {
    /// A person with a session.
    pub const fn person(role: R, external: bool) -> Self {
        Self {
            role: Some(role),
            external,
            token: false,
        }
    }

    /// A program that is nobody's.
    #[must_use]
    pub const fn program() -> Self {
        Self {
            role: None,
            external: false,
            token: true,
        }
    }
}

/// What the platform itself forbids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlatformPolicies {
    /// Countries from which nobody comes in.
    pub unsafe_countries: CountrySet,
    /// For all tenants' people.
    pub people: TenantRolePolicy,
    /// For staff.
    pub staff: StaffPolicy,
    /// What happens to people whose country is not known. Staff are refused.
    pub unknown_country: Unknown,
}

/// The policy of a tenant as a gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TenantPolicy {
    /// There is none.
    #[default]
    None,
    /// This one.
    Rules(Box<TenantRolePolicy>),
    /// One that this release cannot read: it admits nobody.
    Unreadable,
}

impl PlatformPolicies {
    /// Goes on unless the country is one from which nobody comes in.
    ///
    /// # Errors
    /// The rule that fired.
    pub fn admit_country(&self, visit: &Visit) -> Result<(), Refusal> {
        self.check_unsafe(visit, self.unknown_country)
    }

    /// Goes on when a tenant's member or program may come in like this.
    ///
    /// # Errors
    /// The first rule that fired.
    pub fn admit(
        &self,
        tenant: &TenantPolicy,
        zone: Zone,
        who: Who<Role>,
        visit: &Visit,
    ) -> Result<(), Refusal> {
        let unknown = self.unknown_country;
        self.check_unsafe(visit, unknown)?;
        let people = &self.people;
        let ruled = decide(people, who, Role::as_str, visit, (Zone::UTC, unknown));
        ruled.map_err(|fired| refused(Owner::Platform, fired))?;
        let ruled = match tenant {
            TenantPolicy::None => Ok(()),
            TenantPolicy::Rules(rules) => decide(rules, who, Role::as_str, visit, (zone, unknown)),
            TenantPolicy::Unreadable => Err((Section::Everyone, Rule::Unreadable)),
        };
        ruled.map_err(|fired| refused(Owner::Tenant, fired))
    }

    /// Goes on when a member of staff may come in like this. An unknown country is as good as a
    /// forbidden one.
    ///
    /// # Errors
    /// The first rule that fired.
    pub fn admit_staff(&self, role: StaffRole, visit: &Visit) -> Result<(), Refusal> {
        self.check_unsafe(visit, Unknown::Refuse)?;
        let who = Who::person(role, false);
        let terms = (Zone::UTC, Unknown::Refuse);
        let ruled = decide(&self.staff, who, StaffRole::as_str, visit, terms);
        ruled.map_err(|fired| refused(Owner::Platform, fired))
    }

    /// Whether what it says of people depends on the time.
    #[must_use]
    pub fn has_hours(&self) -> bool {
        self.people.has_hours()
    }

    fn check_unsafe(&self, visit: &Visit, unknown: Unknown) -> Result<(), Refusal> {
        if self.unsafe_countries.is_empty() {
            return Ok(());
        }
        let rule = match visit.country {
            Some(country) if self.unsafe_countries.contains(country) => Rule::Country,
            None if unknown == Unknown::Refuse => Rule::UnknownCountry,
            _ => return Ok(()),
        };
        Err(refused(Owner::Platform, (Section::UnsafeCountries, rule)))
    }
}

impl TenantPolicy {
    /// Whether what it says depends on the time.
    #[must_use]
    pub fn has_hours(&self) -> bool {
        matches!(self, Self::Rules(rules) if rules.has_hours())
    }
}

type Fired = (Section, Rule);

const fn refused(owner: Owner, (section, rule): Fired) -> Refusal {
    Refusal {
        owner,
        section,
        rule,
    }
}

fn decide<R: Ord + Copy>(
    policy: &AccessPolicy<R>,
    who: Who<R>,
    word: fn(R) -> &'static str,
    visit: &Visit,
    (zone, unknown): (Zone, Unknown),
) -> Result<(), Fired> {
    let zone = policy.time_zone.unwrap_or(zone);
    let ask = |rules: Option<&AccessRules>, section| {
        let ruled = rules.map_or(Ok(()), |rules| rules.admit(visit, zone, unknown));
        ruled.map_err(|rule| (section, rule))
    };
    if who.token && policy.tokens.is_some() {
        return ask(policy.tokens.as_ref(), Section::Tokens);
    }
    ask(Some(&policy.everyone), Section::Everyone)?;
    if let Some(role) = who.role {
        ask(policy.roles.get(&role), Section::Role(word(role)))?;
    }
    if who.external {
        ask(policy.external.as_ref(), Section::External)?;
    }
    Ok(())
}
