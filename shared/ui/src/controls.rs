//! Form controls beside the text field: choices, boxes, long texts. Each ties its hint and its
//! error to what is asked, and repeats what was answered.

use askama::{Template, filters::HtmlSafe};

/// One answer that can be chosen.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What people read.
    pub label: String,
    /// What it means.
    pub hint: Option<String>,
    /// Whether it is chosen.
    pub chosen: bool,
}

impl Choice {
    /// A choice of this value and label.
    #[must_use]
    pub fn new(value: impl Into<String>, label: impl Into<String>, chosen: bool) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
            hint: None,
            chosen,
        }
    }

    /// With what it means.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// One of a list, in a drop-down.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "ui/select.html")]
pub struct Select {
    /// Name and id.
    pub name: String,
    /// What is asked for.
    pub label: String,
    /// How to answer.
    pub hint: Option<String>,
    /// What is wrong with the answer.
    pub error: Option<String>,
    /// What can be chosen.
    pub choices: Vec<Choice>,
}

impl HtmlSafe for Select {}

/// Several lines of text.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "ui/text_area.html")]
pub struct TextArea {
    /// Name and id.
    pub name: String,
    /// What is asked for.
    pub label: String,
    /// How to answer.
    pub hint: Option<String>,
    /// What was typed before.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// How many lines are shown.
    pub rows: u8,
}

impl HtmlSafe for TextArea {}

/// A group of boxes or of buttons of which one is on, under one question.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "ui/choices.html")]
pub struct Choices {
    /// Name of all of them.
    pub name: &'static str,
    /// What is asked for.
    pub label: &'static str,
    /// How to answer.
    pub hint: Option<String>,
    /// What is wrong with the answer.
    pub error: Option<String>,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// Whether only one can be on.
    pub single: bool,
}

impl HtmlSafe for Choices {}

/// One box that says yes to something.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "ui/tick.html")]
pub struct Tick {
    /// Name and id.
    pub name: String,
    /// What is agreed to.
    pub label: String,
    /// What it means.
    pub hint: Option<String>,
    /// What is wrong with it.
    pub error: Option<String>,
    /// Whether it is on.
    pub on: bool,
}

impl HtmlSafe for Tick {}

impl Tick {
    /// A box.
    #[must_use]
    pub fn new(name: impl Into<String>, label: impl Into<String>, on: bool) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            on,
            ..Self::default()
        }
    }

    /// With what it means.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// With what is wrong.
    #[must_use]
    pub fn error(self, error: Option<String>) -> Self {
        Self { error, ..self }
    }
}

/// The ids of the hint and the error of a control, for `aria-describedby`.
fn described(name: &str, hint: Option<&str>, error: Option<&str>) -> Option<String> {
    let hint = hint.map(|_| format!("{name}-hint"));
    let error = error.map(|_| format!("{name}-error"));
    let ids: Vec<String> = hint.into_iter().chain(error).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

macro_rules! described_by {
    ($($control:ty),*) => {$(
        impl $control {
            fn described_by(&self) -> Option<String> {
                described(&self.name, self.hint.as_deref(), self.error.as_deref())
            }
        }
    )*};
}

described_by!(Select, TextArea, Choices, Tick);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_by_its_question_and_described_by_hint_and_error() {
        let group = Choices {
            name: "scopes",
            label: "What may it do?",
            hint: Some("At least one.".to_owned()),
            error: Some("Choose one.".to_owned()),
            choices: vec![Choice::new("a", "A", false), Choice::new("b", "<B>", true)],
            single: false,
        };
        let html = group.render().unwrap();
        assert!(html.contains(r#"<fieldset class="field" id="scopes" tabindex="-1" aria-describedby="scopes-hint scopes-error">"#), "{html}");
        assert!(
            html.contains(r#"type="checkbox" value="b" checked"#),
            "{html}"
        );
        assert!(html.contains("&#60;B&#62;"), "{html}");
        assert_eq!(html.matches("checked").count(), 1);
    }

    #[test]
    fn a_text_area_keeps_what_was_typed() {
        let area = TextArea {
            name: "networks".to_owned(),
            label: "Networks".to_owned(),
            value: "10.0.0.0/8\n</textarea>".to_owned(),
            rows: 4,
            ..TextArea::default()
        };
        let html = area.render().unwrap();
        assert!(
            html.contains("10.0.0.0/8\n&#60;/textarea&#62;</textarea>"),
            "{html}"
        );
    }
}
