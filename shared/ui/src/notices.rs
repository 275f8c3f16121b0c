//! What a page says beside its content: the result of the last act, and where else one can go.

use askama::{Template, filters::HtmlSafe};

use crate::Tone;

/// A message that stays until the page is left. A good one is told politely, a bad one at once.
#[derive(Debug, Clone, Template)]
#[template(path = "ui/banner.html")]
pub struct Banner {
    /// How it feels.
    pub tone: Tone,
    /// The message.
    pub text: String,
}

impl HtmlSafe for Banner {}

impl Banner {
    /// Something was done.
    #[must_use]
    pub fn good(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Good,
            text: text.into(),
        }
    }

    /// Something to know.
    #[must_use]
    pub fn note(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Idle,
            text: text.into(),
        }
    }

    /// Something that needs a look.
    #[must_use]
    pub fn warn(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Warn,
            text: text.into(),
        }
    }

    const fn class(&self) -> &'static str {
        match self.tone {
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Warn => "warn",
            Tone::Busy | Tone::Idle => "note",
        }
    }

    const fn role(&self) -> &'static str {
        match self.tone {
            Tone::Bad => "alert",
            _ => "status",
        }
    }
}

/// Pages of one subject, as links.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "ui/tabs.html")]
pub struct Tabs {
    /// What they have in common.
    pub label: &'static str,
    /// Label, path, and whether the page is it or below it.
    pub entries: Vec<(&'static str, &'static str, bool)>,
}

impl HtmlSafe for Tabs {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_tab_is_marked() {
        let tabs = Tabs {
            label: "Security",
            entries: vec![("Overview", "/a", false), ("Sessions", "/b", true)],
        };
        let html = tabs.render().unwrap();
        assert!(
            html.contains(r#"<a href="/b" aria-current="page">Sessions</a>"#),
            "{html}"
        );
        assert_eq!(html.matches("aria-current").count(), 1);
    }

    #[test]
    fn a_banner_is_told_in_its_tone() {
        let html = Banner::good("Saved <all>").render().unwrap();
        assert!(
            html.contains(r#"role="status""#) && html.contains("&#60;all&#62;"),
            "{html}"
        );
    }
}
