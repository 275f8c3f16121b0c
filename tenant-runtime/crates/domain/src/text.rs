//! Texts that have been checked: names of one line, prose of many, colours.

use std::fmt;

use serde::Serialize;

/// Why a text was refused: a stable word and a sentence.
pub type TextFault = (&'static str, String);

/// A name: one line, trimmed, 1 to `MAX` characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name<const MAX: usize>(String);

/// The name of a work item.
pub type ItemName = Name<500>;
/// The name of a folder.
pub type FolderName = Name<200>;
/// The name of a group or label.
pub type ShortName = Name<100>;

impl<const MAX: usize> Name<MAX> {
    /// The name, when it is one.
    ///
    /// # Errors
    /// `required`, `too_long` or `control_character`.
    pub fn new(text: &str) -> Result<Self, TextFault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(("required", "must not be empty".into()));
        }
        if text.chars().count() > MAX {
            return Err(("too_long", format!("at most {MAX} characters")));
        }
        if text.chars().any(char::is_control) {
            return Err(("control_character", "must be one line of text".into()));
        }
        Ok(Self(text.into()))
    }

    /// A name that was checked when it was stored.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Name<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Prose: possibly empty, many lines, up to 16,000 characters (what a TEXT column always holds).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Prose(String);

impl Prose {
    /// The most characters.
    pub const MAX: usize = 16_000;

    /// The prose, when it is fit.
    ///
    /// # Errors
    /// `too_long` or `control_character`.
    pub fn new(text: &str) -> Result<Self, TextFault> {
        if text.chars().count() > Self::MAX {
            return Err(("too_long", format!("at most {} characters", Self::MAX)));
        }
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            return Err((
                "control_character",
                "must not hold control characters".into(),
            ));
        }
        Ok(Self(text.into()))
    }

    /// Prose that was checked when it was stored.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A colour, `#rrggbb` in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Colour(String);

impl Colour {
    /// The colour, when it is one.
    ///
    /// # Errors
    /// `invalid`.
    pub fn new(text: &str) -> Result<Self, TextFault> {
        let good = text.len() == 7
            && text
                .strip_prefix('#')
                .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if good {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(("invalid", "a colour is # and six hexadecimal digits".into()))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(ShortName::new("  Legal ").unwrap().as_str(), "Legal");
        assert_eq!(ShortName::new(" ").unwrap_err().0, "required");
        assert_eq!(ShortName::new(&"ä".repeat(101)).unwrap_err().0, "too_long");
        assert!(ShortName::new(&"ä".repeat(100)).is_ok());
        assert_eq!(ItemName::new("a\nb").unwrap_err().0, "control_character");
    }

    #[test]
    fn prose_may_have_lines_and_colours_have_six_digits() {
        assert!(Prose::new("one\n\ttwo").is_ok());
        assert_eq!(Prose::new("\u{0}").unwrap_err().0, "control_character");
        assert_eq!(Colour::new("#A0b1C2").unwrap().as_str(), "#a0b1c2");
        assert!(Colour::new("#a0b1cg").is_err());
    }
}
