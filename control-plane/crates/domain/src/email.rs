//! E-mail addresses: one spelling per address, so that an account exists once.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An address in lower case, of the form that people have: ASCII, dot-atom before the `@`, a host
/// name with at least one dot after it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct InvalidEmail;

impl Email {
    /// The longest address (RFC 5321: 256 with the angle brackets).
    pub const MAX: usize = 254;

    /// The address in this text; spaces around it are dropped, capitals made small.
    ///
    /// # Errors
    /// When the text is no address.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim().to_ascii_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail)?;
        let good = text.len() <= Self::MAX && is_local(local) && is_domain(domain);
        if good {
            Ok(Self(text))
        } else {
            Err(InvalidEmail)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

fn is_local(local: &str) -> bool {
    (1..=64).contains(&local.len())
        && local.split('.').all(|atom| {
            !atom.is_empty()
                && atom
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
        })
}

fn is_domain(domain: &str) -> bool {
    domain.contains('.')
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;
    fn from_str(s: &str) -> Result<Self, InvalidEmail> {
        Self::parse(s)
    }
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;
    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_of_people_are_taken() {
        for good in ["a@b.example", "Ann.O'Hara+plan@Mail.Example", " x_1@1.co "] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.example",
            "a@",
            "a@b",
            "a b@c.example",
            "a@b..example",
            ".a@b.example",
            "a.@b.example",
            "a..b@c.example",
            "a@-b.example",
            "a@b.example\nBcc: x@y.example",
            "a@b@",
            "ä@b.example",
            "\"a\"@b.example",
            "a@[127.0.0.1]",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn one_address_has_one_spelling(text in "[A-Za-z0-9._%+-]{1,20}@[A-Za-z0-9.-]{1,20}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(&text.to_ascii_uppercase()), Ok(email.clone()));
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }

        #[test]
        fn any_text_is_answered(text in ".*") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(email.as_str().len() <= Email::MAX);
                prop_assert!(!email.as_str().contains(char::is_whitespace));
            }
        }
    }
}
