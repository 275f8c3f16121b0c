//! Something happened to a person's way of signing in.

use askama::Template;
use chrono::{DateTime, Utc};

use crate::{Mail, MailError};

/// What a notice says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityNotice {
    /// The name of its reader.
    pub name: String,
    /// The subject and heading.
    pub subject: String,
    /// What happened.
    pub happened: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The client's address.
    pub address: String,
    /// A short name of the device.
    pub device: String,
    /// What to do when it was somebody else.
    pub advice: String,
}

#[derive(Template)]
#[template(path = "notice.txt")]
struct Text<'a> {
    notice: &'a SecurityNotice,
    at: &'a str,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Html<'a> {
    notice: &'a SecurityNotice,
    at: &'a str,
}

impl SecurityNotice {
    /// The message to this reader with this id.
    ///
    /// # Errors
    /// When a template fails.
    pub fn mail(
        &self,
        to: impl Into<String>,
        message_id: impl Into<String>,
    ) -> Result<Mail, MailError> {
        let at = self.at.format("%-d %b %Y at %H:%M UTC").to_string();
        let text = Text {
            notice: self,
            at: &at,
        };
        let html = Html {
            notice: self,
            at: &at,
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
    fn a_notice_says_what_when_and_where_from() {
        let notice = SecurityNotice {
            name: "Zoë <i>".into(),
            subject: "Your password was changed".into(),
            happened: "The password of your account was changed.".into(),
            at: DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
            address: "192.0.2.7".into(),
            device: "Firefox on Linux".into(),
            advice: "If it was not you, reset it.".into(),
        };
        let mail = notice
            .mail("zoe@acme.example", "1@trellis.example")
            .unwrap();
        assert_eq!(mail.subject, "Your password was changed");
        for part in [&mail.text, &mail.html] {
            assert!(part.contains("192.0.2.7") && part.contains("Firefox on Linux"));
            assert!(part.contains("18 Nov 2026 at "));
            assert!(part.contains("If it was not you, reset it."));
        }
        assert!(mail.text.contains("Zoë <i>") && !mail.html.contains("Zoë <i>"));
    }
}
