//! The first label of a tenant's host name.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Labels that mean something else below the base domain, now or one day.
const RESERVED: [&str; 40] = [
    "account",
    "accounts",
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "backoffice",
    "blog",
    "cdn",
    "control",
    "dev",
    "docs",
    "email",
    "ftp",
    "gateway",
    "help",
    "id",
    "imap",
    "internal",
    "login",
    "mail",
    "mx",
    "ns",
    "ns1",
    "ns2",
    "oauth",
    "root",
    "scim",
    "security",
    "smtp",
    "sso",
    "staff",
    "static",
    "status",
    "support",
    "test",
    "trellis",
    "ws",
    "www",
];

/// A DNS label in lower case: 2 to 40 letters, digits and single hyphens between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// Why a text is no slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSlug {
    /// Too short or too long.
    #[error("a slug has 2 to 40 characters")]
    Length,
    /// A character that is not allowed, or not there.
    #[error("a slug is lower-case letters, digits and single hyphens between them")]
    Characters,
    /// The platform needs it.
    #[error("this slug is reserved")]
    Reserved,
}

impl InvalidSlug {
    /// A stable word for the reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Length => "invalid_length",
            Self::Characters => "invalid_characters",
            Self::Reserved => "reserved",
        }
    }
}

impl Slug {
    /// The slug in this text, which must be in lower case.
    ///
    /// # Errors
    /// When it is none, or is reserved.
    pub fn parse(text: &str) -> Result<Self, InvalidSlug> {
        if !(2..=40).contains(&text.len()) {
            return Err(InvalidSlug::Length);
        }
        let good = text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--");
        if !good {
            return Err(InvalidSlug::Characters);
        }
        if RESERVED.contains(&text) {
            return Err(InvalidSlug::Reserved);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Slug {
    type Err = InvalidSlug;
    fn from_str(text: &str) -> Result<Self, InvalidSlug> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Slug {
    type Error = InvalidSlug;
    fn try_from(text: String) -> Result<Self, InvalidSlug> {
        Self::parse(&text)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_are_taken_and_others_refused() {
        for good in ["acme", "a1", "north-wind-2", "4ever"] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("a", InvalidSlug::Length),
            ("", InvalidSlug::Length),
            ("-acme", InvalidSlug::Characters),
            ("acme-", InvalidSlug::Characters),
            ("Acme", InvalidSlug::Characters),
            ("xn--bcher-kva", InvalidSlug::Characters),
            ("a.b", InvalidSlug::Characters),
            ("büro", InvalidSlug::Characters),
            ("www", InvalidSlug::Reserved),
            ("backoffice", InvalidSlug::Reserved),
        ] {
            assert_eq!(Slug::parse(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn the_reserved_words_are_sorted() {
        assert!(RESERVED.is_sorted());
    }

    proptest! {
        #[test]
        fn whatever_is_taken_is_a_dns_label(text in "\\PC{0,70}") {
            if let Ok(slug) = Slug::parse(&text) {
                prop_assert!(slug.as_str().len() <= 63);
                prop_assert!(slug.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
                prop_assert_eq!(Slug::parse(slug.as_str()), Ok(slug));
            }
        }
    }
}
