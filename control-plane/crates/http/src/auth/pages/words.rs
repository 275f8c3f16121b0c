//! What pages say and ask alike.

use chrono::{DateTime, Utc};

use super::{Faults, Submission};

/// A name that its owner gives to something.
pub(in crate::auth) fn chosen_name(form: &Submission, faults: &mut Faults) -> String {
    let name = form.text("name").to_owned();
    if name.is_empty() {
        faults.add("name", "Enter a name.");
    } else if name.chars().count() > 100 {
        faults.add("name", "A name has at most 100 characters.");
    } else if name.chars().any(char::is_control) {
        faults.add("name", "A name is one line.");
    }
    name
}

/// A day, for sentences and facts.
pub(in crate::auth) fn date(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y").to_string()
}
