//! Countries by their codes of two letters.

use std::fmt;

use serde::{Deserialize, Serialize};

mod names;
mod set;

use names::NAMES;
pub use set::CountrySet;

/// A country or territory by its ISO 3166-1 code of two letters, in capitals. Databases of
/// addresses know a few codes beyond the standard, so any two letters are one; only those of the
/// standard have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// Not two letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a country is two letters (ISO 3166-1)")]
pub struct InvalidCountry;

impl Country {
    /// Reads a code, in whatever case it is given.
    ///
    /// # Errors
    /// When it is not two letters.
    pub fn parse(text: &str) -> Result<Self, InvalidCountry> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(InvalidCountry),
        }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Two ASCII letters always are text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The English short name, when the standard knows the code.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        let at = NAMES.binary_search_by(|(code, _)| code.as_bytes().cmp(self.0.as_slice()));
        NAMES.get(at.ok()?).map(|(_, name)| *name)
    }

    /// Every country of the standard with its name, by code.
    pub fn all() -> impl Iterator<Item = (Self, &'static str)> {
        NAMES
            .iter()
            .filter_map(|(code, name)| Some((Self::parse(code).ok()?, *name)))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Country {
    type Error = InvalidCountry;

    fn try_from(text: String) -> Result<Self, InvalidCountry> {
        Self::parse(&text)
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_letters_in_any_case() {
        assert_eq!(Country::parse("de").unwrap().as_str(), "DE");
        assert_eq!(Country::parse("DE").unwrap().name(), Some("Germany"));
        assert_eq!(Country::parse("ZZ").unwrap().name(), None);
        for wrong in ["", "D", "DEU", "D1", "é", "д"] {
            assert_eq!(Country::parse(wrong), Err(InvalidCountry), "{wrong}");
        }
    }

    #[test]
    fn the_names_are_in_order_and_found() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(Country::all().count(), NAMES.len());
        for (country, name) in Country::all() {
            assert_eq!(country.name(), Some(name));
        }
    }
}
