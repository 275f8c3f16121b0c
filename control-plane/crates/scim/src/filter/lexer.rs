//! The words of a filter or of a path.

use crate::ScimError;

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A name, an operator, a number, or what begins with a dot after a bracket.
    Word(&'a str),
    /// A text in quotes.
    Text(String),
    /// One of `()[]`.
    Bracket(char),
}

/// Reads words one by one.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// The next word; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Token<'a>>, ScimError> {
        self.rest = self.rest.trim_start();
        let Some(first) = self.rest.chars().next() else {
            return Ok(None);
        };
        match first {
            '(' | ')' | '[' | ']' => {
                self.skip(1);
                Ok(Some(Token::Bracket(first)))
            }
            '"' => self.quoted().map(Some),
            _ => self.word().map(Some),
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn word(&mut self) -> Result<Token<'a>, ScimError> {
        let length = self
            .rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-$:.+".contains(byte))
            .count();
        let word = self.rest.get(..length).filter(|word| !word.is_empty());
        let word = word.ok_or_else(|| ScimError::filter("A character is out of place."))?;
        self.skip(length);
        Ok(Token::Word(word))
    }

    /// A JSON string.
    fn quoted(&mut self) -> Result<Token<'a>, ScimError> {
        let mut escaped = false;
        let end = self
            .rest
            .bytes()
            .skip(1)
            .position(|byte| {
                let closes = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                closes
            })
            .ok_or_else(|| ScimError::filter("A text has no end."))?;
        let length = end + 2;
        let text = self.rest.get(..length).unwrap_or_default();
        let text = serde_json::from_str(text)
            .map_err(|_| ScimError::filter("A text is not written as in JSON."))?;
        self.skip(length);
        Ok(Token::Text(text))
    }
}
