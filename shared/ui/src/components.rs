//! Components that write themselves: no page repeats their markup.

use askama::{Template, filters::HtmlSafe};

/// A labelled input with hint and error, announced together by a screen reader.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "ui/field.html")]
pub struct Field {
    /// Name and id of the input.
    pub name: &'static str,
    /// What is asked for.
    pub label: &'static str,
    /// How to answer.
    pub hint: Option<String>,
    /// What was typed before. Never given back for passwords.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// `text`, `email` or `password`.
    pub kind: &'static str,
    /// The `autocomplete` token, so that password managers work; empty for none.
    pub autocomplete: &'static str,
    /// Whether it is a one-time code.
    pub code: bool,
    /// Whether it is shown but not changed.
    pub readonly: bool,
    /// Whether it must be given.
    pub required: bool,
}

impl HtmlSafe for Field {}

impl Field {
    /// A required text input.
    #[must_use]
    pub fn text(name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            label,
            kind: "text",
            required: true,
            ..Self::default()
        }
    }

    /// A required e-mail input.
    #[must_use]
    pub fn email(name: &'static str, label: &'static str) -> Self {
        Self {
            kind: "email",
            autocomplete: "username",
            ..Self::text(name, label)
        }
    }

    /// A required password input with a button that shows it.
    #[must_use]
    pub fn password(name: &'static str, label: &'static str, autocomplete: &'static str) -> Self {
        Self {
            kind: "password",
            autocomplete,
            ..Self::text(name, label)
        }
    }

    /// A required one-time code.
    #[must_use]
    pub fn one_time_code(name: &'static str, label: &'static str) -> Self {
        Self {
            code: true,
            autocomplete: "one-time-code",
            ..Self::text(name, label)
        }
    }

    /// With a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// With what was typed before.
    #[must_use]
    pub fn value(self, value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            ..self
        }
    }

    /// With what is wrong.
    #[must_use]
    pub fn error(self, error: Option<impl Into<String>>) -> Self {
        Self {
            error: error.map(Into::into),
            ..self
        }
    }

    fn described_by(&self) -> Option<String> {
        let hint = self.hint.is_some().then(|| format!("{}-hint", self.name));
        let error = self.error.is_some().then(|| format!("{}-error", self.name));
        let ids: Vec<String> = hint.into_iter().chain(error).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// What is wrong with a form, each entry a link to its field; nothing when nothing is.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "ui/error_summary.html")]
pub struct ErrorSummary {
    /// The heading.
    pub title: String,
    /// Field name (empty: the whole form) and message.
    pub errors: Vec<(String, String)>,
}

impl HtmlSafe for ErrorSummary {}

impl ErrorSummary {
    /// The message of a field.
    #[must_use]
    pub fn of(&self, field: &str) -> Option<String> {
        self.errors
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, message)| message.clone())
    }
}

/// How a state feels; shown as colour and shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// At work.
    Busy,
    /// Needs a look.
    Warn,
    /// Failed.
    Bad,
    /// Nothing going on.
    Idle,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Idle => "idle",
        }
    }
}

/// A state in a word, with colour and shape.
#[derive(Debug, Clone, Template)]
#[template(path = "ui/status.html")]
pub struct Status {
    /// How it feels.
    pub tone: Tone,
    /// The word.
    pub label: String,
}

impl HtmlSafe for Status {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_ties_hint_and_error_to_its_input_and_escapes() {
        let field = Field::text("slug", "Address")
            .hint("Short")
            .value("<b>")
            .error(Some("Taken"));
        let html = field.render().unwrap();
        assert!(
            html.contains(r#"aria-describedby="slug-hint slug-error""#),
            "{html}"
        );
        assert!(html.contains(r#"aria-invalid="true""#), "{html}");
        assert!(html.contains("&#60;b&#62;"), "{html}");
    }

    #[test]
    fn an_empty_summary_writes_nothing() {
        assert_eq!(ErrorSummary::default().render().unwrap().trim(), "");
    }
}
