//! The pages: the list, and one message with its links.

use askama::Template;

use crate::message::Message;

#[derive(Debug, Template)]
#[template(path = "list.html")]
struct ListPage<'a> {
    title: &'static str,
    to: &'a str,
    messages: &'a [Message],
}

#[derive(Debug, Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    title: &'a str,
    message: &'a Message,
    text: Vec<Piece<'a>>,
}

/// A piece of plain text: a link or what is between links.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Link(&'a str),
    Plain(&'a str),
}

/// The list of messages.
pub fn list(messages: &[Message], to: &str) -> askama::Result<String> {
    ListPage {
        title: "Mailbox",
        to,
        messages,
    }
    .render()
}

/// One message.
pub fn message(message: &Message) -> askama::Result<String> {
    let text = pieces(message.text.as_deref().unwrap_or_default());
    MessagePage {
        title: &message.subject,
        message,
        text,
    }
    .render()
}

/// Splits plain text at its links.
fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    while let Some(start) = ["http://", "https://"]
        .iter()
        .filter_map(|s| text.find(s))
        .min()
    {
        let (before, rest) = text.split_at(start);
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'))
            .unwrap_or(rest.len());
        let link = rest
            .split_at(end)
            .0
            .trim_end_matches(['.', ',', ')', ';', ':']);
        found.push(Piece::Plain(before));
        found.push(Piece::Link(link));
        text = rest.split_at(link.len()).1;
    }
    found.push(Piece::Plain(text));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_links() {
        assert_eq!(
            pieces("go to https://a.example/b?c=1. Or (http://d.example)"),
            [
                Piece::Plain("go to "),
                Piece::Link("https://a.example/b?c=1"),
                Piece::Plain(". Or ("),
                Piece::Link("http://d.example"),
                Piece::Plain(")"),
            ]
        );
        assert_eq!(pieces("none"), [Piece::Plain("none")]);
    }
}
