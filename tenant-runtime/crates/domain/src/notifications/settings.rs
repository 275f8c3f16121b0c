//! By which ways somebody is told: what the tenant has by default, what it insists on, and what
//! the person chose.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::zone::TimeZone;
use super::{MailChoice, RULES, Trigger, rule};
use crate::fault::Faults;

/// The ways of one trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Whether it is shown in the app.
    pub in_app: bool,
    /// Whether and when there is mail.
    pub mail: MailChoice,
}

/// What a tenant has for a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// What holds for everyone who chose nothing.
    pub choice: Choice,
    /// Whether nobody may choose otherwise.
    pub locked: bool,
}

/// What holds in a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TenantSettings {
    /// How long something has to be quiet before there is mail of it.
    pub settle_seconds: u32,
    /// At which hour of their day people get digests.
    pub digest_hour: u8,
    /// How many hours before it is due somebody is reminded.
    pub remind_hours: u16,
    /// What was decided of triggers; the others are as in [`RULES`].
    pub triggers: BTreeMap<Trigger, Way>,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            settle_seconds: 120,
            digest_hour: 7,
            remind_hours: 24,
            triggers: BTreeMap::new(),
        }
    }
}

/// What a person chose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnSettings {
    /// Where they live; none: where the tenant does.
    pub time_zone: Option<TimeZone>,
    /// At which hour of their day they get digests; none: as the tenant has it.
    pub digest_hour: Option<u8>,
    /// What they chose of triggers.
    pub triggers: BTreeMap<Trigger, Choice>,
    /// Of what they want no mail, whatever the tenant insists on: they followed the link that
    /// every mail has, and that is a promise.
    pub unsubscribed: BTreeSet<Trigger>,
}

impl TenantSettings {
    /// What the tenant has for a trigger.
    #[must_use]
    pub fn way(&self, trigger: Trigger) -> Way {
        self.triggers.get(&trigger).copied().unwrap_or(Way {
            choice: Choice {
                in_app: true,
                mail: rule(trigger).map_or(MailChoice::Off, |rule| rule.mail),
            },
            locked: false,
        })
    }

    /// The ways of every trigger, in the order of the table.
    pub fn ways(&self) -> impl Iterator<Item = (Trigger, Way)> {
        RULES
            .iter()
            .map(|rule| (rule.trigger, self.way(rule.trigger)))
    }

    /// How long something has to be quiet.
    #[must_use]
    pub fn settle_delay(&self) -> TimeDelta {
        TimeDelta::seconds(self.settle_seconds.into())
    }

    /// Whether the numbers are within reason.
    ///
    /// # Errors
    /// With every fault.
    pub fn check(&self) -> Result<(), Faults> {
        let mut faults = Faults::none();
        if self.settle_seconds > 3600 {
            faults.add("settle_seconds", "too_large", "at most 3600");
        }
        if self.digest_hour > 23 {
            faults.add("digest_hour", "too_large", "at most 23");
        }
        if !(1..=336).contains(&self.remind_hours) {
            faults.add("remind_hours", "out_of_range", "1 to 336");
        }
        faults.into_result()
    }
}

impl OwnSettings {
    /// By which ways the person is told of a trigger.
    #[must_use]
    pub fn choice(&self, tenant: &TenantSettings, trigger: Trigger) -> Choice {
        let way = tenant.way(trigger);
        let own = self.triggers.get(&trigger).filter(|_| !way.locked);
        let chosen = own.copied().unwrap_or(way.choice);
        if self.unsubscribed.contains(&trigger) {
            return Choice {
                mail: MailChoice::Off,
                ..chosen
            };
        }
        chosen
    }

    /// The hour of their digests.
    #[must_use]
    pub fn hour(&self, tenant: &TenantSettings) -> u8 {
        self.digest_hour.unwrap_or(tenant.digest_hour)
    }

    /// Whether the person may choose so where the tenant insists on some things. What they chose
    /// before may stay.
    ///
    /// # Errors
    /// With every fault.
    pub fn check(&self, tenant: &TenantSettings) -> Result<(), Faults> {
        let mut faults = Faults::none();
        if self.digest_hour.is_some_and(|hour| hour > 23) {
            faults.add("digest_hour", "too_large", "at most 23");
        }
        for (trigger, choice) in &self.triggers {
            let way = tenant.way(*trigger);
            if way.locked && *choice != way.choice {
                let field = format!("triggers/{trigger}");
                faults.add(&field, "locked", "the tenant's architects decided this");
            }
        }
        faults.into_result()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Choice = Choice {
        in_app: false,
        mail: MailChoice::Off,
    };

    fn insisting(locked: bool) -> TenantSettings {
        let choice = Choice {
            in_app: true,
            mail: MailChoice::Daily,
        };
        TenantSettings {
            triggers: [(Trigger::Assigned, Way { choice, locked })].into(),
            ..TenantSettings::default()
        }
    }

    #[test]
    fn ones_own_choice_holds_unless_it_is_locked() {
        let own = OwnSettings {
            triggers: [(Trigger::Assigned, NEVER)].into(),
            ..OwnSettings::default()
        };
        assert_eq!(own.choice(&insisting(false), Trigger::Assigned), NEVER);
        assert!(own.check(&insisting(false)).is_ok());
        let locked = own.choice(&insisting(true), Trigger::Assigned);
        assert_eq!((locked.in_app, locked.mail), (true, MailChoice::Daily));
        let fault = own.check(&insisting(true)).unwrap_err();
        assert_eq!(fault.iter().next().unwrap().pointer, "/triggers/assigned");
        let none = OwnSettings::default();
        let built_in = none.choice(&TenantSettings::default(), Trigger::Assigned);
        assert_eq!(
            (built_in.in_app, built_in.mail),
            (true, MailChoice::Instant)
        );
    }

    #[test]
    fn who_unsubscribed_gets_no_mail_whatever_is_locked() {
        let own = OwnSettings {
            unsubscribed: [Trigger::Assigned].into(),
            ..OwnSettings::default()
        };
        let choice = own.choice(&insisting(true), Trigger::Assigned);
        assert_eq!((choice.in_app, choice.mail), (true, MailChoice::Off));
    }

    #[test]
    fn settings_read_back_and_old_ones_miss_nothing() {
        let own = OwnSettings {
            time_zone: "Europe/Berlin".parse().ok(),
            triggers: [(Trigger::DueSoon, NEVER)].into(),
            unsubscribed: [Trigger::Shared].into(),
            ..OwnSettings::default()
        };
        let text = serde_json::to_string(&own).unwrap();
        assert_eq!(serde_json::from_str::<OwnSettings>(&text).unwrap(), own);
        assert_eq!(
            serde_json::from_str::<TenantSettings>("{}").unwrap(),
            TenantSettings::default()
        );
        assert!(serde_json::from_str::<OwnSettings>(r#"{"time_zone":"Mars/Base"}"#).is_err());
    }
}
