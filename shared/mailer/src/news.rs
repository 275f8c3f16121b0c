//! What happened to things that concern somebody: one thing at once, or a day's worth of them.

use askama::Template;

use crate::{Mail, MailError};

/// What the mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The name of its reader.
    pub name: String,
    /// The tenant's name.
    pub tenant: String,
    /// The subject.
    pub subject: String,
    /// The sentence before the things.
    pub intro: String,
    /// The things.
    pub items: Vec<NewsItem>,
    /// Why they get it.
    pub because: String,
    /// Where all notifications are.
    pub inbox: String,
    /// Where they get no more of it.
    pub unsubscribe: String,
}

/// A thing, and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewsItem {
    /// What it is called.
    pub title: String,
    /// Where it lies; empty where that says nothing.
    pub place: String,
    /// Where it is shown.
    pub link: String,
    /// What happened, in the order in which it did.
    pub lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "news.txt")]
struct Text<'a> {
    news: &'a News,
}

#[derive(Template)]
#[template(path = "news.html")]
struct Html<'a> {
    news: &'a News,
}

impl News {
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
            subject: self.subject.clone(),
            text: Text { news: self }.render()?,
            html: Html { news: self }.render()?,
            message_id: message_id.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_name_things_say_what_happened_and_how_to_get_no_more() {
        let news = News {
            name: "Zoë <i>".into(),
            tenant: "Acme".into(),
            subject: "Cable plan".into(),
            intro: "There is news of something that concerns you.".into(),
            items: vec![NewsItem {
                title: "Cable <plan>".into(),
                place: "Building 7".into(),
                link: "http://acme.example/grids/1/items/2".into(),
                lines: vec!["Ann assigned it to you.".into(), "It is due soon.".into()],
            }],
            because: "You get this because it is assigned to you.".into(),
            inbox: "http://acme.example/notifications".into(),
            unsubscribe: "http://acme.example/unsubscribe/abc".into(),
        };
        let mail = news.mail("zoe@acme.example", "1@trellis.example").unwrap();
        for part in [&mail.text, &mail.html] {
            for expected in [
                "Ann assigned it to you.",
                "It is due soon.",
                "Building 7",
                "http://acme.example/grids/1/items/2",
                "http://acme.example/unsubscribe/abc",
                "because it is assigned to you",
            ] {
                assert!(part.contains(expected), "{expected}: {part}");
            }
        }
        assert!(
            mail.text
                .contains("Cable <plan> (Building 7)\n- Ann assigned it to you.\n- It is")
        );
        assert!(!mail.html.contains("<plan>") && !mail.html.contains("<i>"));
    }
}
