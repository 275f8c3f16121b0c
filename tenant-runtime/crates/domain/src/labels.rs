//! The labels an item carries: many, each once, at most one primary.

use kernel::LabelId;

use crate::fault::Faults;

/// A label put on an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelChoice {
    /// The label.
    pub label: LabelId,
    /// Whether it is the item's primary one.
    pub primary: bool,
}

/// The most labels on one item.
pub const MAX_LABELS: usize = 50;

/// Checks a choice of labels; the order does not matter, so it comes back sorted by id.
///
/// # Errors
/// Too many labels, one twice, or two primary ones.
pub fn checked(mut choice: Vec<LabelChoice>) -> Result<Vec<LabelChoice>, Faults> {
    if choice.len() > MAX_LABELS {
        return Err(Faults::one(
            "labels",
            "too_many",
            format!("at most {MAX_LABELS} labels"),
        ));
    }
    choice.sort_by_key(|c| c.label);
    let twice = choice
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.label == b.label));
    if twice {
        return Err(Faults::one(
            "labels",
            "duplicate",
            "a label can be on an item once",
        ));
    }
    if choice.iter().filter(|c| c.primary).count() > 1 {
        return Err(Faults::one(
            "labels",
            "two_primary",
            "one label can be the primary one",
        ));
    }
    Ok(choice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn choice(n: u128, primary: bool) -> LabelChoice {
        LabelChoice {
            label: LabelId::from_uuid(Uuid::from_u128(n)),
            primary,
        }
    }

    #[test]
    fn one_primary_and_none_twice() {
        assert_eq!(
            checked(vec![choice(2, true), choice(1, false)]).unwrap(),
            [choice(1, false), choice(2, true)]
        );
        assert!(checked(vec![choice(2, true), choice(1, true)]).is_err());
        assert!(checked(vec![choice(1, true), choice(1, false)]).is_err());
    }
}
