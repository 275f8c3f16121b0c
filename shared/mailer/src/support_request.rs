//! Staff ask a tenant's architects whether they may look in.

use askama::Template;

use crate::{Mail, MailError};

/// What the mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportRequest {
    /// The reader's name.
    pub name: String,
    /// The tenant's name.
    pub tenant: String,
    /// Who asks.
    pub staff: String,
    /// Why.
    pub reason: String,
    /// For how many minutes.
    pub minutes: u32,
    /// The page on which to answer.
    pub link: String,
}

#[derive(Template)]
#[template(path = "support_request.txt")]
struct Text<'a> {
    message: &'a SupportRequest,
}

#[derive(Template)]
#[template(path = "support_request.html")]
struct Html<'a> {
    message: &'a SupportRequest,
}

impl SupportRequest {
    /// The message to this reader with this id.
    ///
    /// # Errors
    /// When a template fails.
    pub fn mail(
        &self,
        to: impl Into<String>,
        message_id: impl Into<String>,
    ) -> Result<Mail, MailError> {
        Ok(Mail {
            to: to.into(),
            subject: format!("Trellis support asks to look into {}", self.tenant),
            text: Text { message: self }.render()?,
            html: Html { message: self }.render()?,
            message_id: message_id.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_escaped() {
        let message = SupportRequest {
            name: "Ada".into(),
            tenant: "Acme".into(),
            staff: "Sam".into(),
            reason: "<b>Gantt</b> is empty".into(),
            minutes: 30,
            link: "http://acme.trellis.localhost:8080/admin/security/support-access".into(),
        };
        let mail = message
            .mail("ada@acme.example", "1@trellis.example")
            .unwrap();
        assert!(mail.text.contains("<b>Gantt</b> is empty"));
        assert!(mail.text.contains("30 minutes"));
        assert!(!mail.html.contains("<b>Gantt"));
    }
}
