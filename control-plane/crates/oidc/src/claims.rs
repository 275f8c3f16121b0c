//! What a provider says of a user.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::{Map, Value};

/// Somebody whom a provider has proven.
#[derive(Debug)]
pub struct ProvenIdentity {
    /// What it says of them.
    pub claims: Claims,
    /// The ID token, as a hint when they sign out.
    pub id_token: SecretString,
}

/// Verified claims: those of the ID token, and of the user information what it adds.
#[derive(Debug, Clone)]
pub struct Claims {
    all: Map<String, Value>,
    subject: String,
}

impl Claims {
    pub(crate) const fn new(subject: String, all: Map<String, Value>) -> Self {
        Self { all, subject }
    }

    /// Adds what is not known yet; nobody overwrites what the ID token says.
    pub(crate) fn add(&mut self, more: Map<String, Value>) {
        for (name, value) in more {
            self.all.entry(name).or_insert(value);
        }
    }

    /// Who they are to the provider: never empty.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Everything, as the provider said it.
    #[must_use]
    pub const fn all(&self) -> &Map<String, Value> {
        &self.all
    }

    /// A text that is not blank.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        let text = self.all.get(name)?.as_str()?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// The address, whether the provider vouches for it or not.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.text("email")
    }

    /// Whether the provider vouches for the address: the truth value, not a text that looks so.
    #[must_use]
    pub fn email_verified(&self) -> bool {
        self.all.get("email_verified") == Some(&Value::Bool(true))
    }

    /// The provider's own session.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.text("sid").filter(|sid| sid.len() <= 255)
    }

    /// When the user last proved who they are.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.all.get("auth_time")?.as_i64()?, 0)
    }

    /// The words of a claim that lists groups: a list of texts, or one text.
    #[must_use]
    pub fn groups(&self, claim: &str) -> Vec<&str> {
        match self.all.get(claim) {
            Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(group)) => vec![group.as_str()],
            _ => Vec::new(),
        }
    }
}
