//! What several pages show alike.

use cp_domain::MAX_TOKEN_DAYS;
use kernel::{Scope, Scopes};
use ui::{Choice, Choices, Select};

use crate::auth::pages::{Faults, Submission};

pub(super) use crate::auth::pages::{chosen_name, date};

/// How long a credential may live, in days, as it is offered.
const LIVES: [(i64, &str); 5] = [
    (7, "7 days"),
    (30, "30 days"),
    (90, "90 days"),
    (180, "180 days"),
    (365, "1 year"),
];
const USUAL_LIFE: i64 = 90;

/// What a scope allows, in words.
pub(super) const fn meaning(scope: Scope) -> &'static str {
    match scope {
        Scope::WorkItemsRead => "Read folders and work items",
        Scope::WorkItemsWrite => "Change folders and work items",
        Scope::MembersRead => "Read members and groups",
        Scope::MembersWrite => "Change members and groups",
        Scope::Admin => "Administer the tenant",
    }
}

/// The scopes as a short list.
pub(super) fn scope_words(scopes: Scopes) -> String {
    let words: Vec<&str> = scopes.iter().map(Scope::as_str).collect();
    words.join(", ")
}

/// The boxes of scopes; of those that only architects can use, only when one asks.
pub(super) fn scope_boxes(chosen: Scopes, architect: bool, faults: &Faults) -> Choices {
    let offered = Scope::ALL
        .into_iter()
        .filter(|scope| architect || !matches!(scope, Scope::Admin | Scope::MembersWrite));
    Choices {
        name: "scopes",
        label: "What it may do",
        hint: Some("Never more than you may do yourself.".to_owned()),
        error: faults.of("scopes"),
        choices: offered
            .map(|scope| {
                Choice::new(scope.as_str(), meaning(scope), chosen.contains(scope))
                    .hint(scope.as_str())
            })
            .collect(),
        single: false,
    }
}

/// The scopes of a form.
pub(super) fn chosen_scopes(form: &Submission) -> Scopes {
    form.all("scopes")
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// The list of lives.
pub(super) fn life_list(chosen: Option<i64>, faults: &Faults) -> Select {
    let chosen = chosen.unwrap_or(USUAL_LIFE);
    Select {
        name: "days".to_owned(),
        label: "Ends after".to_owned(),
        hint: Some("It stops working then, without notice.".to_owned()),
        error: faults.of("days"),
        choices: LIVES
            .iter()
            .map(|(days, label)| Choice::new(days.to_string(), *label, *days == chosen))
            .collect(),
    }
}

/// The life of a form, in days.
pub(super) fn chosen_life(form: &Submission) -> Option<i64> {
    let days = form.text("days").parse().ok()?;
    (1..=MAX_TOKEN_DAYS).contains(&days).then_some(days)
}
