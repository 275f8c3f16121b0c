//! A form on a page: enough HTML to fill one in as a person would.

use anyhow::{Context, Result};

/// A form as the page offers it.
#[derive(Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it is sent; none for the page's own address.
    pub action: Option<String>,
    /// Its fields with what they hold.
    pub fields: Vec<Field>,
}

/// A field of a form.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// `text`, `password`, `hidden`, …
    pub kind: String,
    /// What it holds.
    pub value: String,
}

impl Form {
    /// The form of a page that asks for a password.
    pub fn with_password(page: &str) -> Result<Self> {
        forms(page)
            .into_iter()
            .find(|form| form.fields.iter().any(|field| field.kind == "password"))
            .context("the page has no form that asks for a password")
    }

    /// The fields as they are sent, with every password field filled in.
    pub fn filled(self, password: &str) -> Vec<(String, String)> {
        self.fields
            .into_iter()
            .map(|field| {
                let value = if field.kind == "password" {
                    password.to_owned()
                } else {
                    field.value
                };
                (field.name, value)
            })
            .collect()
    }
}

fn forms(page: &str) -> Vec<Form> {
    page.split("<form")
        .skip(1)
        .map(|rest| {
            let body = rest.split("</form").next().unwrap_or_default();
            let (head, inside) = body.split_once('>').unwrap_or((body, ""));
            let fields = inside.split("<input").skip(1).filter_map(|rest| {
                let tag = rest.split('>').next().unwrap_or_default();
                let kind = attribute(tag, "type").unwrap_or_else(|| "text".to_owned());
                let sent = !matches!(kind.as_str(), "submit" | "button" | "checkbox" | "radio");
                Some(Field {
                    name: attribute(tag, "name").filter(|_| sent)?,
                    kind,
                    value: attribute(tag, "value").unwrap_or_default(),
                })
            });
            Form {
                action: attribute(head, "action"),
                fields: fields.collect(),
            }
        })
        .collect()
}

/// The value of an attribute of a tag, entities resolved.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    while let Some(at) = rest.find(name) {
        let before = rest.get(..at)?;
        let after = rest.get(at + name.len()..)?;
        if before.ends_with(|c: char| c.is_whitespace())
            && let Some(value) = after.trim_start().strip_prefix('=')
        {
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let raw = match quote {
                Some(quote) => value.get(1..)?.split(quote).next()?,
                None => value
                    .split(|c: char| c.is_whitespace() || c == '/')
                    .next()?,
            };
            return Some(unescape(raw));
        }
        rest = after;
    }
    None
}

fn unescape(text: &str) -> String {
    const ENTITIES: [(&str, &str); 12] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x2F;", "/"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#61;", "="),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    ENTITIES
        .iter()
        .fold(text.to_owned(), |text, (entity, letter)| {
            text.replace(entity, letter)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_the_form_that_asks_for_a_password() {
        let page = r#"<form action="/search"><input name="q"></form>
            <form method="post" action="/invite/accept?a=1&#38;b=2">
              <input type="hidden" name="csrf" value="x&quot;y">
              <input data-name="no" type=password name='password' required>
              <input name="name" value="Ann"><input type="submit" name="go">
            </form>"#;
        let form = Form::with_password(page).unwrap();
        assert_eq!(form.action.as_deref(), Some("/invite/accept?a=1&b=2"));
        let sent = form.filled("secret");
        let sent: Vec<(&str, &str)> = sent.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            sent,
            [("csrf", "x\"y"), ("password", "secret"), ("name", "Ann")]
        );
        assert!(Form::with_password("<p>nothing</p>").is_err());
    }
}
