//! Where a browser is sent after it signed in: a path on the same host, whatever somebody wrote
//! into the address.

use std::fmt;

/// A path on this host, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

/// The longest that is kept.
const MAX_LENGTH: usize = 2048;

impl LocalPath {
    /// The path of this text; none when a browser could take it for another place.
    ///
    /// One slash and no second one, no backslash (browsers read it as a slash), no control
    /// character and no blank (browsers drop some before they look), no byte outside ASCII.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let legal = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#' | b'"' | b'<' | b'>');
        let local = text.len() <= MAX_LENGTH
            && !rest.starts_with('/')
            && rest.bytes().all(legal)
            && !has_dots(rest);
        local.then(|| Self(text.to_owned()))
    }

    /// The path of this text, or the start page.
    #[must_use]
    pub fn or_home(text: Option<&str>) -> Self {
        text.and_then(Self::parse)
            .unwrap_or_else(|| Self("/".to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a segment is `.` or `..`, in any spelling: `/.//evil.example` becomes `//evil.example`.
fn has_dots(rest: &str) -> bool {
    let path = rest.split('?').next().unwrap_or_default();
    path.split('/').any(|segment| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        plain == "." || plain == ".."
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_paths_of_this_host_are_taken() {
        for good in [
            "/",
            "/my-work",
            "/grids/1?tab=a&b=%2F",
            "/a//b",
            "/@me",
            "/.well-known/x",
        ] {
            assert_eq!(LocalPath::parse(good).unwrap().as_str(), good);
        }
        let long = format!("/{}", "a".repeat(MAX_LENGTH));
        for bad in [
            "",
            "my-work",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            " /x",
            "/\t/evil.example",
            "/\n/evil.example",
            "/x y",
            "/é",
            "/./",
            "/.//evil.example",
            "/..//evil.example",
            "/%2e%2E//evil.example",
            "/#x",
            long.as_str(),
        ] {
            assert_eq!(LocalPath::parse(bad), None, "{bad:?}");
            assert_eq!(LocalPath::or_home(Some(bad)).as_str(), "/");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_stays_on_the_host(text in "[/\\\\.%2eE:a?# \\t]{0,12}") {
            if let Some(path) = LocalPath::parse(&text) {
                prop_assert!(path.as_str().starts_with('/'));
                prop_assert!(!path.as_str().starts_with("//"));
                prop_assert!(!path.as_str().contains('\\'));
            }
        }
    }
}
