//! An access policy as the form has it: text that may still be wrong, shown again as it was typed.

use super::{
    form::PartForm,
    part::Part,
    words::{read_countries, read_window, write_countries, write_window},
};
use crate::auth::pages::{Faults, Submission};
use cp_domain::access_policy::{
    AccessRules, CountryRule, Network, TenantRolePolicy, Unknown, Zone,
};

/// What was typed for one part.
pub(super) struct Typed {
    pub(super) part: Part,
    /// Whether tokens have rules of their own.
    pub(super) own: bool,
    pub(super) mode: String,
    pub(super) countries: String,
    pub(super) unknown: String,
    pub(super) networks: String,
    pub(super) hours: String,
}

/// What was typed.
pub(super) struct Draft {
    pub(super) time_zone: String,
    parts: Vec<Typed>,
}

impl Draft {
    /// The policy that is kept.
    pub(super) fn of_policy(policy: &TenantRolePolicy) -> Self {
        Self {
            time_zone: policy
                .time_zone
                .map(|zone| zone.name().to_owned())
                .unwrap_or_default(),
            parts: Part::ALL
                .into_iter()
                .map(|part| Typed::of_rules(part, part.rules(policy)))
                .collect(),
        }
    }

    /// What the form sent.
    pub(super) fn of_form(form: &Submission) -> Self {
        Self {
            time_zone: form.text("time_zone").to_owned(),
            parts: Part::ALL
                .into_iter()
                .map(|part| Typed::of_form(part, form))
                .collect(),
        }
    }

    /// The policy that it says.
    pub(super) fn read(&self) -> Result<TenantRolePolicy, Faults> {
        let mut faults = Faults::default();
        let mut policy = TenantRolePolicy::default();
        if !self.time_zone.is_empty() {
            match Zone::parse(&self.time_zone) {
                Ok(zone) => policy.time_zone = Some(zone),
                Err(_) => faults.add(
                    "time_zone",
                    "There is no such time zone. Give a name such as Europe/Berlin.",
                ),
            }
        }
        for typed in &self.parts {
            let rules = typed.read(&mut faults);
            let kept = !rules.is_empty() || (typed.part == Part::Tokens && typed.own);
            if kept || typed.part == Part::Everyone {
                typed.part.set(&mut policy, rules);
            }
        }
        if faults.is_empty() {
            Ok(policy)
        } else {
            Err(faults)
        }
    }

    /// The parts of the form.
    pub(super) fn forms(&self, faults: &Faults) -> Vec<PartForm> {
        self.parts.iter().map(|typed| typed.form(faults)).collect()
    }
}

impl Typed {
    fn of_rules(part: Part, rules: Option<&AccessRules>) -> Self {
        let (mode, countries) = match rules.and_then(|rules| rules.countries.as_ref()) {
            None => ("any", String::new()),
            Some(CountryRule::Allow(set)) => ("allow", write_countries(set)),
            Some(CountryRule::Refuse(set)) => ("refuse", write_countries(set)),
        };
        let unknown = match rules.and_then(|rules| rules.unknown_country) {
            None => "",
            Some(Unknown::Allow) => "allow",
            Some(Unknown::Refuse) => "refuse",
        };
        let lines = |lines: Vec<String>| lines.join("\n");
        let networks = rules.map(|rules| rules.networks.iter().map(Network::to_string).collect());
        let hours = rules.map(|rules| rules.hours.iter().map(write_window).collect());
        Self {
            part,
            own: rules.is_some(),
            mode: mode.to_owned(),
            countries,
            unknown: unknown.to_owned(),
            networks: lines(networks.unwrap_or_default()),
            hours: lines(hours.unwrap_or_default()),
        }
    }

    fn of_form(part: Part, form: &Submission) -> Self {
        let text = |field: &str| form.text(&format!("{}-{field}", part.key())).to_owned();
        Self {
            part,
            own: !text("own").is_empty(),
            mode: text("mode"),
            countries: text("countries"),
            unknown: text("unknown"),
            networks: text("networks"),
            hours: text("hours"),
        }
    }

    /// The name of one of its fields.
    pub(super) fn name(&self, field: &str) -> String {
        format!("{}-{field}", self.part.key())
    }

    fn read(&self, faults: &mut Faults) -> AccessRules {
        let mut rules = AccessRules {
            unknown_country: match self.unknown.as_str() {
                "allow" => Some(Unknown::Allow),
                "refuse" => Some(Unknown::Refuse),
                _ => None,
            },
            ..AccessRules::default()
        };
        let chosen: Option<fn(_) -> CountryRule> = match self.mode.as_str() {
            "allow" => Some(CountryRule::Allow),
            "refuse" => Some(CountryRule::Refuse),
            _ => None,
        };
        if let Some(rule) = chosen {
            match read_countries(&self.countries) {
                Ok(set) if set.is_empty() => {
                    faults.add(&self.name("countries"), "Name at least one country.");
                }
                Ok(set) => rules.countries = Some(rule(set)),
                Err(fault) => faults.add(&self.name("countries"), fault),
            }
        }
        for line in lines(&self.networks) {
            match Network::parse(line) {
                Ok(network) => rules.networks.push(network),
                Err(fault) => {
                    faults.add(
                        &self.name("networks"),
                        format!("“{line}” is none: {fault}."),
                    );
                    break;
                }
            }
        }
        for line in lines(&self.hours) {
            match read_window(line) {
                Ok(window) => rules.hours.push(window),
                Err(fault) => {
                    faults.add(&self.name("hours"), fault);
                    break;
                }
            }
        }
        rules
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}
