//! Reading filters: `not` binds stronger than `and`, `and` stronger than `or`.

use chrono::DateTime;

use super::{Comparison, Filter, Lexer, Literal, Operator, Token};
use crate::{
    ScimError,
    attribute::{Kind, ResourceKind},
    target::{self, Named, Target},
};

/// How deep brackets may nest.
const MAX_DEPTH: u32 = 16;
/// How many comparisons a filter may have.
const MAX_TERMS: u32 = 64;

/// Where names are looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// In a kind of resource.
    Resource(&'static ResourceKind),
    /// Among the parts of an attribute.
    Values(Target),
}

pub(crate) struct Parser<'a> {
    lexer: Lexer<'a>,
    place: Place,
    depth: u32,
    terms: u32,
}

fn unexpected() -> ScimError {
    ScimError::filter("The filter is not written as RFC 7644 prescribes.")
}

impl<'a> Parser<'a> {
    pub(crate) const fn new(text: &'a str, place: Place) -> Self {
        Self {
            lexer: Lexer::new(text),
            place,
            depth: 0,
            terms: 0,
        }
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, ScimError> {
        self.lexer.next()
    }

    fn peek(&self) -> Result<Option<Token<'a>>, ScimError> {
        self.lexer.clone().next()
    }

    /// Whether the next word is this one, which is then taken.
    fn take_word(&mut self, word: &str) -> Result<bool, ScimError> {
        let there =
            matches!(self.peek()?, Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        if there {
            self.next()?;
        }
        Ok(there)
    }

    pub(crate) fn take_bracket(&mut self, bracket: char) -> Result<bool, ScimError> {
        let there = self.peek()? == Some(Token::Bracket(bracket));
        if there {
            self.next()?;
        }
        Ok(there)
    }

    fn expect_bracket(&mut self, bracket: char) -> Result<(), ScimError> {
        if self.take_bracket(bracket)? {
            return Ok(());
        }
        Err(unexpected())
    }

    pub(crate) fn word(&mut self) -> Result<Option<&'a str>, ScimError> {
        match self.next()? {
            Some(Token::Word(word)) => Ok(Some(word)),
            None => Ok(None),
            Some(_) => Err(unexpected()),
        }
    }

    /// Nothing may follow.
    pub(crate) fn end(&mut self) -> Result<(), ScimError> {
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(unexpected()),
        }
    }

    pub(crate) fn filter(&mut self) -> Result<Filter, ScimError> {
        let first = self.conjunction()?;
        let mut parts = vec![first];
        while self.take_word("or")? {
            parts.push(self.conjunction()?);
        }
        Ok(one_or(parts, Filter::Any))
    }

    fn conjunction(&mut self) -> Result<Filter, ScimError> {
        let mut parts = vec![self.term()?];
        while self.take_word("and")? {
            parts.push(self.term()?);
        }
        Ok(one_or(parts, Filter::All))
    }

    fn term(&mut self) -> Result<Filter, ScimError> {
        let negated = self.take_word("not")?;
        if negated || self.peek()? == Some(Token::Bracket('(')) {
            self.expect_bracket('(')?;
            let inner = self.deeper(Self::filter)?;
            self.expect_bracket(')')?;
            return Ok(if negated { not(inner) } else { inner });
        }
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(ScimError::filter("The filter has too many comparisons."));
        }
        let name = self.word()?.ok_or_else(unexpected)?;
        let target = self.target(name)?;
        if self.take_bracket('[')? {
            let filter = self.within(target)?;
            return Ok(Filter::Within(target, Box::new(filter)));
        }
        self.comparison(target)
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ScimError>,
    ) -> Result<T, ScimError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ScimError::filter("The filter nests too deep."));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// The filter in the brackets after a complex attribute, and the closing one.
    pub(crate) fn within(&mut self, target: Target) -> Result<Filter, ScimError> {
        let complex = target.part.is_none() && !target.attribute.parts().is_empty();
        if !complex || matches!(self.place, Place::Values(_)) {
            return Err(ScimError::filter(
                "Brackets follow an attribute that has parts.",
            ));
        }
        let outside = std::mem::replace(&mut self.place, Place::Values(target));
        let filter = self.deeper(Self::filter);
        self.place = outside;
        let filter = filter?;
        self.expect_bracket(']')?;
        Ok(filter)
    }

    fn target(&self, name: &str) -> Result<Target, ScimError> {
        let found = match self.place {
            Place::Resource(kind) => match target::resolve(kind, name) {
                Some(Named::Attribute(target)) => Some(target),
                Some(Named::Extension(_)) | None => None,
            },
            Place::Values(of) => of.attribute.part(name).map(|part| Target {
                part: Some(part),
                ..of
            }),
        };
        found.ok_or_else(|| ScimError::filter(format!("There is no attribute `{name}`.")))
    }

    fn comparison(&mut self, target: Target) -> Result<Filter, ScimError> {
        let word = self.word()?.ok_or_else(unexpected)?.to_ascii_lowercase();
        if word == "pr" {
            return Ok(Filter::Present(target));
        }
        let negated = word == "ne";
        let operator = operator(&word).ok_or_else(unexpected)?;
        let target = with_value(target)?;
        let equality = operator == Operator::Eq;
        let filter = match self.next()?.ok_or_else(unexpected)? {
            Token::Word(null) if null.eq_ignore_ascii_case("null") && equality => {
                not(Filter::Present(target))
            }
            token => Filter::Compare(Comparison {
                literal: literal(target, operator, token)?,
                target,
                operator,
            }),
        };
        Ok(if negated { not(filter) } else { filter })
    }
}

fn not(filter: Filter) -> Filter {
    match filter {
        Filter::Not(inner) => *inner,
        other => Filter::Not(Box::new(other)),
    }
}

fn one_or(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

/// Of an attribute with parts, its value is compared (RFC 7644 §3.4.2.2).
fn with_value(target: Target) -> Result<Target, ScimError> {
    if target.part.is_some() || target.attribute.parts().is_empty() {
        return Ok(target);
    }
    let part = target.attribute.part("value").ok_or_else(|| {
        let name = target.attribute.name;
        ScimError::filter(format!("Say which part of `{name}` is to be compared."))
    })?;
    Ok(Target {
        part: Some(part),
        ..target
    })
}

fn operator(word: &str) -> Option<Operator> {
    Some(match word {
        "eq" | "ne" => Operator::Eq,
        "co" => Operator::Co,
        "sw" => Operator::Sw,
        "ew" => Operator::Ew,
        "gt" => Operator::Gt,
        "ge" => Operator::Ge,
        "lt" => Operator::Lt,
        "le" => Operator::Le,
        _ => return None,
    })
}

/// The literal, of the attribute's type. Some directories write truth values as texts.
fn literal(target: Target, operator: Operator, token: Token<'_>) -> Result<Literal, ScimError> {
    let attribute = target.last();
    let mismatch = || {
        let name = attribute.name;
        ScimError::filter(format!("`{name}` cannot be compared with this."))
    };
    let text = match token {
        Token::Text(text) => text,
        Token::Word(word) if matches!(attribute.kind, Kind::Boolean) => word.to_owned(),
        Token::Word(_) => return Err(mismatch()),
        Token::Bracket(_) => return Err(unexpected()),
    };
    match attribute.kind {
        Kind::Text | Kind::Reference(_) => Ok(Literal::Text(text)),
        Kind::Boolean if operator != Operator::Eq => Err(mismatch()),
        Kind::Boolean if text.eq_ignore_ascii_case("true") => Ok(Literal::Boolean(true)),
        Kind::Boolean if text.eq_ignore_ascii_case("false") => Ok(Literal::Boolean(false)),
        Kind::DateTime if !matches!(operator, Operator::Co | Operator::Sw | Operator::Ew) => {
            DateTime::parse_from_rfc3339(&text)
                .map(|moment| Literal::Moment(moment.to_utc()))
                .map_err(|_| mismatch())
        }
        Kind::Boolean | Kind::Integer | Kind::DateTime | Kind::Complex(_) => Err(mismatch()),
    }
}
