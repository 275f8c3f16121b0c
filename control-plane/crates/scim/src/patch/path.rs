//! Paths of patches: `userName`, `name.familyName`, `emails[type eq "work"].value`, an extension.

use crate::{
    ScimError,
    attribute::{Attribute, ResourceKind, Schema},
    filter::{Filter, Parser, Place},
    target::{Named, Target, resolve},
};

/// Where an operation works.
#[derive(Debug, Clone)]
pub(super) enum PatchPath {
    /// On all of an extension.
    Extension(&'static Schema),
    /// On an attribute, or a part of it, of those values that fulfil a filter.
    Attribute {
        /// The attribute.
        target: Target,
        /// Which of its values.
        filter: Option<Filter>,
    },
}

impl PatchPath {
    /// Reads a path.
    pub(super) fn parse(kind: &'static ResourceKind, text: &str) -> Result<Self, ScimError> {
        let path = Self::read(kind, text).map_err(|error| match error.kind {
            crate::ScimType::InvalidFilter if !text.contains('[') => ScimError::path(error.detail),
            _ => error,
        })?;
        let Self::Attribute { target, .. } = &path else {
            return Ok(path);
        };
        if target.attribute.is_read_only() || target.part.is_some_and(Attribute::is_read_only) {
            let name = target.attribute.name;
            return Err(ScimError::mutability(format!("`{name}` is read-only.")));
        }
        Ok(path)
    }

    fn read(kind: &'static ResourceKind, text: &str) -> Result<Self, ScimError> {
        let nowhere = || ScimError::path(format!("There is no attribute `{text}`."));
        let mut parser = Parser::new(text, Place::Resource(kind));
        let name = parser.word()?.ok_or_else(nowhere)?;
        let target = match resolve(kind, name).ok_or_else(nowhere)? {
            Named::Extension(schema) => {
                parser.end()?;
                return Ok(Self::Extension(schema));
            }
            Named::Attribute(target) => target,
        };
        if !parser.take_bracket('[')? {
            parser.end()?;
            return Ok(Self::Attribute {
                target,
                filter: None,
            });
        }
        if !target.attribute.many {
            return Err(ScimError::path("Brackets follow what has several values."));
        }
        let filter = Some(parser.within(target)?);
        let part = match parser.word()? {
            Some(rest) => {
                let part = rest.strip_prefix('.');
                let part = part.and_then(|part| target.attribute.part(part));
                Some(part.ok_or_else(nowhere)?)
            }
            None => None,
        };
        parser.end()?;
        let target = Target { part, ..target };
        Ok(Self::Attribute { target, filter })
    }
}
