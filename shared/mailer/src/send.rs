//! Sending.

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp,
};
use serde::Deserialize;
use settings::Secret;

/// Where mail is handed over.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSettings {
    /// `smtp://host:port`, `smtps://user:password@host`, or `smtp://…?tls=required`.
    pub url: Secret,
    /// The sender: `Trellis <no-reply@trellis.example>`.
    pub from: String,
}

/// One message to one reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The reader: an address, or `Name <address>`.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The body for readers of plain text.
    pub text: String,
    /// The body in HTML.
    pub html: String,
    /// The id, stable over attempts: `{unique}@{domain}` without brackets.
    pub message_id: String,
}

/// A message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The address of the server is wrong.
    #[error("the address of the mail server is not usable")]
    Url,
    /// The sender or the reader is no mail address.
    #[error("not a mail address: {0}")]
    Address(String),
    /// The message cannot be composed.
    #[error("the message cannot be composed: {0}")]
    Compose(#[from] lettre::error::Error),
    /// A template failed.
    #[error("the message's template failed: {0}")]
    Template(#[from] askama::Error),
    /// The server did not take it.
    #[error("the mail server did not take the message: {0}")]
    Smtp(#[from] smtp::Error),
}

impl MailError {
    /// Whether trying again is of no use. What a server refuses for good but not for the mailbox
    /// or the message (RFC 5321 §4.2.3: 550 to 553), such as our password, somebody may mend.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Smtp(error) => {
                let code = error.status().map(u16::from);
                code.is_some_and(|code| (550..=553).contains(&code))
            }
            _ => true,
        }
    }
}

/// Hands mail to one server over kept connections.
#[derive(Debug, Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// A mailer; it connects when it first sends. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// When a setting is wrong.
    pub fn new(settings: &SmtpSettings) -> Result<Self, MailError> {
        // The cause would quote the address, password and all.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(settings.url.expose())
            .map_err(|_| MailError::Url)?
            .build();
        Ok(Self {
            transport,
            from: mailbox(&settings.from)?,
        })
    }

    /// Sends one message.
    ///
    /// # Errors
    /// When it was not taken; [`MailError::is_permanent`] says whether to try again.
    pub async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = compose(&self.from, mail, None)?;
        self.transport.send(message).await?;
        Ok(())
    }

    /// Sends a message that its reader may get no more of: the link takes a POST that says so and
    /// needs nothing else (RFC 8058).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_unsubscribable(&self, mail: &Mail, link: &str) -> Result<(), MailError> {
        let message = compose(&self.from, mail, Some(link))?;
        self.transport.send(message).await?;
        Ok(())
    }
}

fn mailbox(text: &str) -> Result<Mailbox, MailError> {
    text.parse()
        .map_err(|_| MailError::Address(text.to_owned()))
}

fn compose(from: &Mailbox, mail: &Mail, unsubscribe: Option<&str>) -> Result<Message, MailError> {
    // A line break in a subject would begin another header.
    let subject: String = mail
        .subject
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let mut message = Message::builder()
        .from(from.clone())
        .to(mailbox(&mail.to)?)
        .subject(subject)
        .message_id(Some(format!("<{}>", mail.message_id)));
    if let Some(link) = unsubscribe {
        let link: String = link.chars().filter(char::is_ascii_graphic).collect();
        let headers = [
            ("List-Unsubscribe", format!("<{link}>")),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into()),
        ];
        for (name, value) in headers {
            let name = HeaderName::new_from_ascii_str(name);
            // As it stands: folded, not every reader finds the link in it.
            let value = HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value);
            message = message.raw_header(value);
        }
    }
    let message = message.multipart(
        MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
            .singlepart(part(ContentType::TEXT_HTML, &mail.html)),
    )?;
    Ok(message)
}

fn part(kind: ContentType, body: &str) -> lettre::message::SinglePart {
    lettre::message::SinglePart::builder()
        .header(kind)
        .body(body.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        Mail {
            to: "Zoë Ångström <zoe@acme.example>".into(),
            subject: "Welcome\r\nBcc: evil@example.com".into(),
            text: "Grüße".into(),
            html: "<p>Grüße</p>".into(),
            message_id: "0193@trellis.example".into(),
        }
    }

    #[test]
    fn a_message_has_both_bodies_its_id_and_no_smuggled_header() {
        let from = mailbox("Trellis <no-reply@trellis.example>").unwrap();
        let raw = String::from_utf8(compose(&from, &mail(), None).unwrap().formatted()).unwrap();
        assert!(raw.contains("Message-ID: <0193@trellis.example>\r\n"));
        assert!(raw.contains("multipart/alternative"));
        assert!(raw.contains("text/plain") && raw.contains("text/html"));
        assert!(!raw.contains("\r\nBcc:"));
    }

    #[test]
    fn one_click_unsubscribes_as_rfc_8058_has_it() {
        let from = mailbox("no-reply@trellis.example").unwrap();
        let link = "https://acme.example/unsubscribe/abc";
        let compose = |link| compose(&from, &mail(), link).unwrap().formatted();
        let raw = String::from_utf8(compose(Some(link))).unwrap();
        assert!(
            raw.contains("\r\nList-Unsubscribe: <https://acme.example/unsubscribe/abc>\r\n"),
            "{raw}"
        );
        assert!(raw.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
        let without = String::from_utf8(compose(None)).unwrap();
        assert!(!without.contains("List-Unsubscribe"));
    }

    #[test]
    fn a_wrong_address_is_permanent() {
        let from = mailbox("no-reply@trellis.example").unwrap();
        let wrong = Mail {
            to: "nobody".into(),
            ..mail()
        };
        let error = compose(&from, &wrong, None).unwrap_err();
        assert!(matches!(error, MailError::Address(_)));
        assert!(error.is_permanent());
    }
}
