//! A password on its way to a node: readable in JSON, never in a log.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The password of a tenant's database account.
#[derive(Clone)]
pub struct DatabasePassword(SecretString);

impl DatabasePassword {
    /// Wraps the password.
    #[must_use]
    pub fn new(password: String) -> Self {
        Self(password.into())
    }

    /// The password itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for DatabasePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabasePassword(…)")
    }
}

impl Serialize for DatabasePassword {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for DatabasePassword {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_the_json_and_not_in_the_log() {
        let password: DatabasePassword = serde_json::from_str("\"hush\"").unwrap();
        assert_eq!(serde_json::to_string(&password).unwrap(), "\"hush\"");
        assert!(!format!("{password:?}").contains("hush"));
    }
}
