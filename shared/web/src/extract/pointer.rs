//! Where in a body something is wrong: JSON pointers (RFC 6901) from what serde and garde say.

use std::{borrow::Cow, fmt::Write as _};

use serde_path_to_error::Segment;

use crate::{ApiError, ProblemCode};

fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    for c in token.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

fn of_path(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => {
                let _ = write!(pointer, "/{index}");
            }
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// The pointer of a field that no type asked for.
pub(super) fn of_ignored(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => {
            let mut pointer = of_ignored(parent);
            let _ = write!(pointer, "/{index}");
            pointer
        }
        Path::Map { parent, key } => {
            let mut pointer = of_ignored(parent);
            push(&mut pointer, key);
            pointer
        }
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => of_ignored(parent),
    }
}

/// The problem of a value that serde refused. serde says what is wrong in words only.
pub(super) fn of_data_error(
    problem: ProblemCode,
    path: &serde_path_to_error::Path,
    message: &str,
) -> ApiError {
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(text, _)| text);
    let mut pointer = of_path(path);
    let named = |start: &str| {
        message
            .strip_prefix(start)
            .and_then(|rest| rest.split('`').next())
    };
    let (code, detail) = if let Some(field) = named("missing field `") {
        push(&mut pointer, field);
        ("required", "the field is required".to_owned())
    } else if let Some(field) = named("unknown field `") {
        let last = pointer.rsplit('/').next().unwrap_or_default();
        if last != field {
            push(&mut pointer, field);
        }
        ("unknown_field", "there is no such field".to_owned())
    } else if let Some(field) = named("duplicate field `") {
        let last = pointer.rsplit('/').next().unwrap_or_default();
        if last != field {
            push(&mut pointer, field);
        }
        ("duplicate_field", "the field is there twice".to_owned())
    } else if message.starts_with("invalid type") {
        ("invalid_type", public(message))
    } else {
        ("invalid_value", public(message))
    };
    ApiError::new(problem).field(pointer, code, detail)
}

/// serde's message without the names of our types.
fn public(message: &str) -> String {
    let (start, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let ours = [
        "struct ",
        "tuple struct ",
        "enum ",
        "internally tagged enum ",
        "unit ",
    ];
    if ours.iter().any(|word| expected.starts_with(word)) {
        format!("{start}, expected an object")
    } else {
        message.to_owned()
    }
}

/// The problem of a value that its type's rules refused: one entry per rule.
pub(super) fn of_report(report: &garde::Report) -> ApiError {
    let mut problem = ApiError::new(ProblemCode::ValidationFailed);
    for (path, error) in report.iter() {
        let mut pointer = String::new();
        for (kind, component) in path.__iter().rev() {
            if kind != garde::error::Kind::None {
                push(&mut pointer, component);
            }
        }
        problem = problem.field(pointer, rule_code(error.message()), error.message());
    }
    problem
}

/// garde has messages but no codes; these are the messages of its rules.
fn rule_code(message: &str) -> Cow<'static, str> {
    let code = if message.contains("not set") {
        "required"
    } else if message.contains("length is") {
        "length"
    } else if message.contains("email") {
        "email"
    } else if message.contains("greater than") || message.contains("lower than") {
        "range"
    } else if message.contains("does not match pattern") {
        "pattern"
    } else {
        "invalid_value"
    };
    Cow::Borrowed(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_escaped() {
        let mut pointer = String::new();
        push(&mut pointer, "a/b~c");
        assert_eq!(pointer, "/a~1b~0c");
    }
}
