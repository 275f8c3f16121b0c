//! Mail domains that a tenant may claim: those of an organisation, never those where anybody gets
//! an address.

use std::fmt;

use crate::Email;

/// Where anybody gets an address: whoever answered for such a domain would answer for strangers.
const CONSUMER: [&str; 46] = [
    "126.com",
    "163.com",
    "aim.com",
    "aol.com",
    "bluewin.ch",
    "comcast.net",
    "duck.com",
    "fastmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.fr",
    "hushmail.com",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "t-online.de",
    "tutanota.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
    "zoho.com",
];

/// Consumer services with an ending per country: `yahoo.co.jp`, `outlook.fr`.
const CONSUMER_NAMES: [&str; 6] = ["aol", "gmx", "hotmail", "live", "outlook", "yahoo"];

/// A domain in the spelling that is compared: small letters, no dot at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailDomain(String);

/// Why a domain cannot be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailDomainError {
    /// The text is no domain.
    #[error(
        "This is not a domain. Write it as after the @ of an address; names with other letters in their xn-- form."
    )]
    Invalid,
    /// Anybody gets an address there.
    #[error("Anybody can get an address at this domain, so nobody can answer for it.")]
    Consumer,
}

impl MailDomain {
    /// The domain of this text.
    ///
    /// # Errors
    /// When it is none, or belongs to everybody.
    pub fn parse(text: &str) -> Result<Self, MailDomainError> {
        let text = text.trim().trim_end_matches('.').to_ascii_lowercase();
        // What follows the @ of an address of ours, and nothing else.
        let email = Email::parse(&format!("a@{text}")).map_err(|_| MailDomainError::Invalid)?;
        let letters = text.rsplit('.').next().unwrap_or_default();
        if email.domain() != text || letters.bytes().all(|b| b.is_ascii_digit()) {
            return Err(MailDomainError::Invalid);
        }
        if is_consumer(&text) {
            return Err(MailDomainError::Consumer);
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name under which the proof is published.
    #[must_use]
    pub fn record_name(&self) -> String {
        format!("_trellis-challenge.{}", self.0)
    }
}

/// The text of the record that proves a domain.
#[must_use]
pub fn domain_record(challenge: &str) -> String {
    format!("trellis-verification={challenge}")
}

fn is_consumer(domain: &str) -> bool {
    let (first, rest) = domain.split_once('.').unwrap_or((domain, ""));
    CONSUMER.contains(&domain)
        || (CONSUMER_NAMES.contains(&first) && rest.split('.').all(|label| label.len() <= 3))
}

impl fmt::Display for MailDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_of_organisations_are_taken_in_one_spelling() {
        for (text, wanted) in [
            ("acme.example", "acme.example"),
            (" Mail.ACME.example. ", "mail.acme.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("outlook-partners.example", "outlook-partners.example"),
        ] {
            assert_eq!(MailDomain::parse(text).unwrap().as_str(), wanted);
        }
        let record = MailDomain::parse("acme.example").unwrap().record_name();
        assert_eq!(record, "_trellis-challenge.acme.example");
    }

    #[test]
    fn nobody_answers_for_strangers() {
        for consumer in [
            "gmail.com",
            "GMAIL.com",
            "yahoo.co.jp",
            "outlook.fr",
            "gmx.net.",
        ] {
            let refused = MailDomain::parse(consumer);
            assert_eq!(refused, Err(MailDomainError::Consumer), "{consumer}");
        }
        for bad in [
            "",
            "acme",
            "a b.example",
            "bücher.example",
            "@acme.example",
            "x@acme.example",
            "10.0.0.1",
            "*.acme.example",
            "-a.example",
        ] {
            assert_eq!(
                MailDomain::parse(bad),
                Err(MailDomainError::Invalid),
                "{bad:?}"
            );
        }
    }
}
