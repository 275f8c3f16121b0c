//! A message as it is shown: decoded, with the envelope's recipients rather than the header's.

use chrono::{DateTime, Utc};
use mail_parser::MessageParser;
use serde::Serialize;

/// A message that came in.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// Number, in the order of arrival.
    pub id: u64,
    /// Who it was delivered to (the envelope, so that blind copies show).
    pub to: Vec<String>,
    /// Who sent it (the envelope).
    pub from: String,
    /// The subject, decoded.
    pub subject: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// The plain text, if it has any.
    pub text: Option<String>,
    /// The HTML, if it has any.
    pub html: Option<String>,
}

impl Message {
    /// Decodes what SMTP delivered. Whatever cannot be decoded is shown as it came.
    #[must_use]
    pub fn parse(from: &str, to: &[String], raw: &[u8], received_at: DateTime<Utc>) -> Self {
        let parsed = MessageParser::default().parse(raw);
        let parsed = parsed.as_ref();
        let own_text = parsed.and_then(|mail| {
            mail.text_bodies().find_map(|part| {
                if part.is_text_html() {
                    None
                } else {
                    part.text_contents()
                }
            })
        });
        let own_html = parsed.and_then(|mail| {
            mail.html_bodies().find_map(|part| {
                if part.is_text_html() {
                    part.text_contents()
                } else {
                    None
                }
            })
        });
        let text = own_text.map(str::to_owned).or_else(|| {
            own_html
                .is_none()
                .then(|| String::from_utf8_lossy(raw).into_owned())
        });
        Self {
            id: 0,
            to: to.to_vec(),
            from: from.to_owned(),
            subject: parsed
                .and_then(|mail| mail.subject())
                .unwrap_or_default()
                .to_owned(),
            received_at,
            text,
            html: own_html.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Message {
        let raw = raw.replace('\n', "\r\n");
        Message::parse(
            "from@b.example",
            &["to@b.example".into()],
            raw.as_bytes(),
            Utc::now(),
        )
    }

    #[test]
    fn decodes_headers_and_both_bodies() {
        let message = parse(
            "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMIME-Version: 1.0\n\
             Content-Type: multipart/alternative; boundary=x\n\n\
             --x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n\
             a=3Db\n--x\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n\
             PHA+aGk8L3A+\n--x--\n",
        );
        assert_eq!(message.subject, "Grüße");
        assert_eq!(message.text.as_deref().map(str::trim), Some("a=b"));
        assert_eq!(message.html.as_deref(), Some("<p>hi</p>"));
    }

    #[test]
    fn plain_mail_has_no_html() {
        let message = parse("Subject: x\n\nhello\n");
        assert_eq!(message.text.as_deref().map(str::trim), Some("hello"));
        assert_eq!(message.html, None);
    }
}
