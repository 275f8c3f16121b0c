//! A link by which a person proves that a mailbox is theirs: a new password, a new address.

use askama::Template;
use chrono::{DateTime, Utc};

use crate::{Mail, MailError};

/// What the mail with a link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityLink {
    /// The name of its reader.
    pub name: String,
    /// The subject and heading.
    pub subject: String,
    /// Why it is sent.
    pub reason: String,
    /// What the button says.
    pub button: String,
    /// The link, which is good once.
    pub link: String,
    /// When the link ends.
    pub expires_at: DateTime<Utc>,
}

#[derive(Template)]
#[template(path = "link.txt")]
struct Text<'a> {
    mail: &'a SecurityLink,
    expires: &'a str,
}

#[derive(Template)]
#[template(path = "link.html")]
struct Html<'a> {
    mail: &'a SecurityLink,
    expires: &'a str,
}

impl SecurityLink {
    /// The message to this reader with this id.
    ///
    /// # Errors
    /// When a template fails.
    pub fn mail(
        &self,
        to: impl Into<String>,
        message_id: impl Into<String>,
    ) -> Result<Mail, MailError> {
        let expires = self.expires_at.format("%-d %b %Y at %H:%M UTC").to_string();
        let text = Text {
            mail: self,
            expires: &expires,
        };
        let html = Html {
            mail: self,
            expires: &expires,
        };
        Ok(Mail {
            to: to.into(),
            subject: self.subject.clone(),
            text: text.render()?,
            html: html.render()?,
            message_id: message_id.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_stands_alone_on_its_line_and_names_are_escaped() {
        let link = SecurityLink {
            name: "Zoë <i>".into(),
            subject: "Set a new password".into(),
            reason: "somebody asked for a new password of your account.".into(),
            button: "Set a new password".into(),
            link: "http://acme.trellis.localhost:8080/recover/abc".into(),
            expires_at: DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
        };
        let mail = link.mail("zoe@acme.example", "1@trellis.example").unwrap();
        assert!(
            mail.text
                .contains("\nhttp://acme.trellis.localhost:8080/recover/abc\n")
        );
        assert!(
            mail.html
                .contains("href=\"http://acme.trellis.localhost:8080/recover/abc\"")
        );
        assert!(mail.text.contains("18 Nov 2026 at "));
        assert!(mail.text.contains("Zoë <i>") && !mail.html.contains("Zoë <i>"));
    }
}
