//! A link for the platform's own staff: to a new account, or to new factors of the one they have.

use askama::Template;
use chrono::{DateTime, Utc};

use crate::{Mail, MailError};

/// What the mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffLink {
    /// The reader's name.
    pub name: String,
    /// The role of the account.
    pub role: String,
    /// Whether the account exists and gets new factors.
    pub anew: bool,
    /// The link, which is good once.
    pub link: String,
    /// When the link ends.
    pub expires_at: DateTime<Utc>,
}

#[derive(Template)]
#[template(path = "staff_link.txt")]
struct Text<'a> {
    message: &'a StaffLink,
    expires: String,
}

#[derive(Template)]
#[template(path = "staff_link.html")]
struct Html<'a> {
    message: &'a StaffLink,
    title: &'a str,
    expires: String,
}

impl StaffLink {
    /// The message to this reader with this id.
    ///
    /// # Errors
    /// When a template fails.
    pub fn mail(
        &self,
        to: impl Into<String>,
        message_id: impl Into<String>,
    ) -> Result<Mail, MailError> {
        let title = if self.anew {
            "Set your password and authenticator again"
        } else {
            "Your account in the Trellis back office"
        };
        let expires = self.expires_at.format("%-d %b %Y at %H:%M UTC").to_string();
        let text = Text {
            message: self,
            expires: expires.clone(),
        };
        let html = Html {
            message: self,
            title,
            expires,
        };
        Ok(Mail {
            to: to.into(),
            subject: title.to_owned(),
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
    fn a_name_is_escaped_and_the_link_stands_on_a_line_of_its_own() {
        let message = StaffLink {
            name: "Sam <i>".into(),
            role: "support".into(),
            anew: false,
            link: "http://backoffice.localhost:8082/link/abc".into(),
            expires_at: DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
        };
        let mail = message
            .mail("sam@trellis.example", "1@trellis.example")
            .unwrap();
        assert!(
            mail.text
                .contains("\nhttp://backoffice.localhost:8082/link/abc\n")
        );
        assert!(mail.text.contains("role support") && !mail.html.contains("Sam <i>"));
        let anew = StaffLink {
            anew: true,
            ..message
        };
        let again = anew
            .mail("sam@trellis.example", "1@trellis.example")
            .unwrap();
        assert_ne!(again.subject, mail.subject);
    }
}
