//! How one part of an access policy is asked for.

use ui::{Choice, Select, TextArea, Tick};

use super::{draft::Typed, part::Part};
use crate::auth::pages::Faults;

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

impl Typed {
    fn says_something(&self) -> bool {
        self.mode == "allow"
            || self.mode == "refuse"
            || !self.networks.is_empty()
            || !self.hours.is_empty()
    }

    /// The part, as it was typed.
    pub(super) fn form(&self, faults: &Faults) -> PartForm {
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
