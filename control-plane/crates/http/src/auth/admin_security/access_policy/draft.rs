//! An access policy as the form has it: text that may still be wrong, shown again as it was typed.

use cp_domain::access_policy::{
    AccessRules, CountryRule, Network, TenantRolePolicy, Unknown, Zone,
};
use kernel::Role;
use ui::{Choice, Select, TextArea, Tick};

use super::words::{read_countries, read_window, write_countries, write_window};
use crate::auth::pages::{Faults, Submission};

/// Whom a part of the policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Everyone,
    Of(Role),
    External,
    Tokens,
}

impl Part {
    const ALL: [Self; 6] = [
        Self::Everyone,
        Self::Of(Role::Architect),
        Self::Of(Role::Builder),
        Self::Of(Role::User),
        Self::External,
        Self::Tokens,
    ];

    const fn key(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Of(role) => role.as_str(),
            Self::External => "external",
            Self::Tokens => "tokens",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Everyone => "Everyone",
            Self::Of(Role::Architect) => "Architects, too",
            Self::Of(Role::Builder) => "Builders, too",
            Self::Of(Role::User) => "Users, too",
            Self::External => "External members, too",
            Self::Tokens => "API tokens",
        }
    }

    fn rules(self, policy: &TenantRolePolicy) -> Option<&AccessRules> {
        match self {
            Self::Everyone => Some(&policy.everyone),
            Self::Of(role) => policy.roles.get(&role),
            Self::External => policy.external.as_ref(),
            Self::Tokens => policy.tokens.as_ref(),
        }
    }

    fn set(self, policy: &mut TenantRolePolicy, rules: AccessRules) {
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

/// What was typed for one part.
struct Typed {
    part: Part,
    /// Whether tokens have rules of their own.
    own: bool,
    mode: String,
    countries: String,
    unknown: String,
    networks: String,
    hours: String,
}

/// What was typed.
pub(super) struct Draft {
    pub(super) time_zone: String,
    parts: Vec<Typed>,
}

/// One part of the form.
pub(super) struct PartForm {
    pub(super) title: &'static str,
    pub(super) state: &'static str,
    pub(super) open: bool,
    pub(super) own: Option<Tick>,
    pub(super) mode: Select,
    pub(super) countries: TextArea,
    pub(super) unknown: Select,
    pub(super) networks: TextArea,
    pub(super) hours: TextArea,
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

    fn name(&self, field: &str) -> String {
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

    fn says_something(&self) -> bool {
        self.mode == "allow"
            || self.mode == "refuse"
            || !self.networks.is_empty()
            || !self.hours.is_empty()
    }

    fn form(&self, faults: &Faults) -> PartForm {
        let tokens = self.part == Part::Tokens;
        let said = self.says_something();
        let wrong = ["countries", "networks", "hours"]
            .iter()
            .any(|field| faults.of(&self.name(field)).is_some());
        let area = |field: &str, label: &str, hint: &str, value: &str| TextArea {
            name: self.name(field),
            label: label.to_owned(),
            hint: Some(hint.to_owned()),
            value: value.to_owned(),
            error: faults.of(&self.name(field)),
            rows: 3,
        };
        PartForm {
            title: self.part.title(),
            state: match (said, tokens && self.own) {
                (true, _) => "Restricted",
                (false, true) => "No restrictions of their own",
                (false, false) if tokens => "As their member",
                (false, false) => "No restrictions",
            },
            open: self.part == Part::Everyone || said || wrong,
            own: tokens.then(|| {
                Tick::new(self.name("own"), "Tokens have rules of their own", self.own).hint(
                    "Then only the rules below hold for them; otherwise those of their member do.",
                )
            }),
            mode: self.mode_list(),
            countries: area(
                "countries",
                "Countries",
                "Two letters or the name, separated by commas, such as DE, France.",
                &self.countries,
            ),
            unknown: self.unknown_list(),
            networks: area(
                "networks",
                "Networks",
                "From these only, one a line, such as 192.0.2.0/24. Empty: from everywhere.",
                &self.networks,
            ),
            hours: area(
                "hours",
                "Hours",
                "In these only, one a line, such as Mon-Fri 08:00-18:00. Empty: at any time.",
                &self.hours,
            ),
        }
    }

    fn mode_list(&self) -> Select {
        let choice = |value: &str, label: &str| Choice::new(value, label, value == self.mode);
        Select {
            name: self.name("mode"),
            label: "From which countries".to_owned(),
            choices: vec![
                choice("any", "From any"),
                choice("allow", "Only from those below"),
                choice("refuse", "Not from those below"),
            ],
            ..Select::default()
        }
    }

    fn unknown_list(&self) -> Select {
        let choice = |value: &str, label: &str| Choice::new(value, label, value == self.unknown);
        Select {
            name: self.name("unknown"),
            label: "When the country is not known".to_owned(),
            choices: vec![
                choice("", "As the platform has it"),
                choice("allow", "Let in"),
                choice("refuse", "Refuse"),
            ],
            ..Select::default()
        }
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}
