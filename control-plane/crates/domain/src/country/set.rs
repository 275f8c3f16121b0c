//! Sets of countries that are asked on every request: one bit per code.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Country;

const WORDS: usize = 11;

/// A set of countries.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct CountrySet([u64; WORDS]);

impl CountrySet {
    /// Puts a country in.
    pub fn insert(&mut self, country: Country) {
        let (word, bit) = place(country);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    /// Takes a country out.
    pub fn remove(&mut self, country: Country) {
        let (word, bit) = place(country);
        if let Some(word) = self.0.get_mut(word) {
            *word &= !bit;
        }
    }

    /// Whether the country is in it.
    #[must_use]
    pub fn contains(&self, country: Country) -> bool {
        let (word, bit) = place(country);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Whether no country is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The countries, by code.
    pub fn iter(&self) -> impl Iterator<Item = Country> + '_ {
        let letters = b'A'..=b'Z';
        let pairs = letters.flat_map(|a| (b'A'..=b'Z').map(move |b| Country([a, b])));
        pairs.filter(|country| self.contains(*country))
    }
}

/// The word and the bit of a country.
fn place(Country([a, b]): Country) -> (usize, u64) {
    let letter = |byte: u8| usize::from(byte.saturating_sub(b'A'));
    let at = letter(a) * 26 + letter(b);
    (at / 64, 1 << (at % 64))
}

impl FromIterator<Country> for CountrySet {
    fn from_iter<I: IntoIterator<Item = Country>>(countries: I) -> Self {
        let mut set = Self::default();
        for country in countries {
            set.insert(country);
        }
        set
    }
}

impl fmt::Debug for CountrySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for CountrySet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for CountrySet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let countries = Vec::<Country>::deserialize(deserializer)?;
        Ok(countries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_was_put_in_and_nothing_else(codes in prop::collection::btree_set("[A-Z]{2}", 0..40)) {
            let countries: Vec<_> = codes.iter().map(|code| Country::parse(code).unwrap()).collect();
            let mut set: CountrySet = countries.iter().copied().collect();
            prop_assert_eq!(&set.iter().collect::<Vec<_>>(), &countries);
            for (country, _) in Country::all() {
                prop_assert_eq!(set.contains(country), countries.contains(&country));
            }
            for country in countries {
                set.remove(country);
            }
            prop_assert!(set.is_empty());
        }
    }
}
