//! Access policies: from where and when somebody may come in. Pure; what is asked is how somebody
//! comes (address, country, moment) and who they are.
//!
//! Every rule that applies has to admit: those for everyone, those of one's role, those for people
//! from outside. So a rule more never lets anybody in. API tokens have rules of their own when the
//! policy gives some, else those of their member.

mod decide;
mod hours;
mod networks;
mod refusal;
mod rules;

pub use decide::{PlatformPolicies, TenantPolicy, Visit, Who};
pub use hours::{Day, InvalidTime, TimeOfDay, Window, Zone};
pub use networks::{InvalidNetwork, Network, parse_network};
pub use refusal::{Owner, Refusal, Rule, Section};
pub use rules::{
    AccessPolicy, AccessRules, CountryRule, PolicyFault, StaffPolicy, TenantRolePolicy, Unknown,
};

#[cfg(test)]
mod tests;
