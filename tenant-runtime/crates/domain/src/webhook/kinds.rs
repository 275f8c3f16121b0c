//! The kinds of event that a webhook asks for: `*`, `work_item.*`, `work_item.completed`.

use crate::event::EventKind;
use crate::fault::Faults;

/// What happens to webhooks themselves is told to none: one receiver need not know of another.
const OWN: &str = "webhook.";

/// A checked list of kinds and patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinds(Vec<String>);

impl Kinds {
    /// The most words of a list.
    pub const MOST: usize = 50;

    /// The list of these words, each once.
    ///
    /// # Errors
    /// When there is none, there are too many, or one is no kind and no pattern.
    pub fn new(words: &[String]) -> Result<Self, Faults> {
        if words.is_empty() {
            return Err(Faults::one("kinds", "required", "at least one kind"));
        }
        if words.len() > Self::MOST {
            let most = format!("at most {} kinds", Self::MOST);
            return Err(Faults::one("kinds", "too_many", most));
        }
        let mut faults = Faults::none();
        let mut kept: Vec<String> = Vec::with_capacity(words.len());
        for (place, word) in words.iter().enumerate() {
            if !is_known(word) {
                faults.add(
                    &format!("kinds/{place}"),
                    "unknown",
                    "no such kind of event",
                );
            } else if !kept.contains(word) {
                kept.push(word.clone());
            }
        }
        faults.into_result()?;
        Ok(Self(kept))
    }

    /// A list that was checked when it was stored.
    #[must_use]
    pub const fn stored(words: Vec<String>) -> Self {
        Self(words)
    }

    /// The words.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.0
    }

    /// Whether events of a kind are asked for.
    #[must_use]
    pub fn include(&self, kind: &str) -> bool {
        !kind.starts_with(OWN) && self.0.iter().any(|word| matches(word, kind))
    }
}

fn is_known(word: &str) -> bool {
    let mut told = EventKind::ALL
        .iter()
        .map(|kind| kind.as_str())
        .filter(|kind| !kind.starts_with(OWN));
    told.any(|kind| matches(word, kind))
}

fn matches(word: &str, kind: &str) -> bool {
    let in_group = |group: &str| {
        kind.strip_prefix(group)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    word == "*" || word == kind || word.strip_suffix(".*").is_some_and(in_group)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(words: &[&str]) -> Result<Kinds, Faults> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Kinds::new(&words)
    }

    #[test]
    fn patterns_are_known_kinds_groups_or_all() {
        for bad in [
            "",
            "work_item",
            "work_item.",
            "work.*",
            "*.created",
            "webhook.*",
            "webhook.test",
        ] {
            let faults = kinds(&["label.created", bad]).unwrap_err();
            assert_eq!(faults.iter().next().unwrap().pointer, "/kinds/1", "{bad}");
        }
        assert!(kinds(&[]).is_err());
        assert_eq!(kinds(&["*", "*"]).unwrap().words(), ["*"]);
    }

    #[test]
    fn a_pattern_takes_its_group_and_none_takes_what_webhooks_do() {
        let some = kinds(&["work_item.*", "label.created"]).unwrap();
        for (kind, told) in [
            ("work_item.completed", true),
            ("label.created", true),
            ("label.deleted", false),
            ("work_items.completed", false),
        ] {
            assert_eq!(some.include(kind), told, "{kind}");
        }
        let all = kinds(&["*"]).unwrap();
        assert!(all.include("group.deleted"));
        assert!(!all.include("webhook.disabled"));
    }
}
