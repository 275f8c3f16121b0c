//! The invitation to a tenant.

use askama::Template;
use chrono::{DateTime, Utc};

use crate::{Mail, MailError};

/// What an invitation says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The tenant's name.
    pub tenant: String,
    /// The name of who is invited.
    pub name: String,
    /// The link, which is good once.
    pub link: String,
    /// When the link ends.
    pub expires_at: DateTime<Utc>,
}

#[derive(Template)]
#[template(path = "invitation.txt")]
struct Text<'a> {
    invitation: &'a Invitation,
    expires: String,
}

#[derive(Template)]
#[template(path = "invitation.html")]
struct Html<'a> {
    invitation: &'a Invitation,
    expires: String,
}

impl Invitation {
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
            invitation: self,
            expires: expires.clone(),
        }
        .render()?;
        let html = Html {
            invitation: self,
            expires,
        }
        .render()?;
        Ok(Mail {
            to: to.into(),
            subject: format!("Join {} on Trellis", self.tenant),
            text,
            html,
            message_id: message_id.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_in_html_and_plain_in_text() {
        let invitation = Invitation {
            tenant: "Acme <b>& Sons</b>".into(),
            name: "Zoë".into(),
            link: "http://acme.trellis.localhost:8080/invite/abc".into(),
            expires_at: DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
        };
        let mail = invitation
            .mail("zoe@acme.example", "1@trellis.example")
            .unwrap();
        assert_eq!(mail.subject, "Join Acme <b>& Sons</b> on Trellis");
        assert!(mail.text.contains("Acme <b>& Sons</b>"));
        assert!(
            mail.text
                .contains("\nhttp://acme.trellis.localhost:8080/invite/abc\n")
        );
        assert!(mail.text.contains("18 Nov 2026 at "));
        assert!(!mail.html.contains("<b>& Sons"));
        assert!(
            mail.html
                .contains("href=\"http://acme.trellis.localhost:8080/invite/abc\"")
        );
    }
}
