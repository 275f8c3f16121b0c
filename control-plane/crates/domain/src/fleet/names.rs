//! Opaque names of databases and accounts: fixed length, letters and digits only, so that no
//! pattern of a `GRANT` ever matches a second one.

use std::fmt;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Twenty-six letters and digits: 130 random bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpaqueName(String);

/// Makes a name of random bytes.
#[must_use]
pub fn opaque_name(random: [u8; 26]) -> OpaqueName {
    let letter = |byte: u8| {
        ALPHABET
            .get(usize::from(byte & 31))
            .copied()
            .map_or('a', char::from)
    };
    OpaqueName(random.into_iter().map(letter).collect())
}

impl fmt::Display for OpaqueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a tenant's database and its two accounts are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseNames {
    /// The database: `t` and an opaque name.
    pub database: String,
    /// The account of the runtime: data only.
    pub runtime_user: String,
    /// The account of migrations: structure, too.
    pub migrator_user: String,
}

impl DatabaseNames {
    /// The names made of three opaque ones.
    #[must_use]
    pub fn new(database: &OpaqueName, runtime: &OpaqueName, migrator: &OpaqueName) -> Self {
        Self {
            database: format!("t{database}"),
            runtime_user: format!("r_{runtime}"),
            migrator_user: format!("m_{migrator}"),
        }
    }
}

/// What the sweep account of a server is called, made of an opaque name.
#[must_use]
pub fn sweep_user(name: &OpaqueName) -> String {
    format!("s_{name}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_have_one_length_and_no_pattern_characters(random: [u8; 26]) {
            let name = opaque_name(random);
            let names = DatabaseNames::new(&name, &name, &name);
            prop_assert_eq!(names.database.len(), 27);
            prop_assert!(names.database.bytes().all(|b| b.is_ascii_alphanumeric()));
            prop_assert!(names.runtime_user.len() <= 80);
        }
    }
}
