//! The attribute that a path names: `name.familyName`, `emails`, `urn:…:User:department`.

use crate::{
    attribute::{Attribute, ResourceKind, Schema},
    schemas::COMMON,
};

/// An attribute of a kind of resource, or a part of one.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The extension that it belongs to.
    pub extension: Option<&'static Schema>,
    /// The attribute.
    pub attribute: &'static Attribute,
    /// The part of it.
    pub part: Option<&'static Attribute>,
}

/// What a path names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Named {
    /// All of an extension.
    Extension(&'static Schema),
    /// An attribute.
    Attribute(Target),
}

impl Target {
    /// The attribute whose values are meant: the part, or else the whole.
    #[must_use]
    pub const fn last(&self) -> &'static Attribute {
        match self.part {
            Some(part) => part,
            None => self.attribute,
        }
    }
}

/// What the path names in a kind of resource; none when there is no such attribute.
pub(crate) fn resolve(kind: &'static ResourceKind, path: &str) -> Option<Named> {
    for schema in kind.extensions {
        match below(path, schema.id) {
            Some("") => return Some(Named::Extension(schema)),
            Some(rest) => return attribute(Some(schema), schema.attributes, rest),
            None => {}
        }
    }
    let path = match below(path, kind.schema.id) {
        Some("") => return None,
        Some(rest) => rest,
        None => path,
    };
    attribute(None, kind.schema.attributes, path).or_else(|| attribute(None, &COMMON, path))
}

/// The rest of a path after a schema's URN; empty when it is the URN itself.
fn below<'a>(path: &'a str, id: &str) -> Option<&'a str> {
    let (head, rest) = path.split_at_checked(id.len())?;
    if !head.eq_ignore_ascii_case(id) {
        return None;
    }
    if rest.is_empty() {
        return Some("");
    }
    rest.strip_prefix(':').filter(|rest| !rest.is_empty())
}

fn attribute(
    extension: Option<&'static Schema>,
    attributes: &'static [Attribute],
    path: &str,
) -> Option<Named> {
    let (name, part) = match path.split_once('.') {
        Some((name, part)) => (name, Some(part)),
        None => (path, None),
    };
    let attribute = attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))?;
    let part = match part {
        Some(part) => Some(attribute.part(part)?),
        None => None,
    };
    Some(Named::Attribute(Target {
        extension,
        attribute,
        part,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemas::USER;

    fn name(path: &str) -> Option<(bool, &'static str, Option<&'static str>)> {
        match resolve(&USER, path)? {
            Named::Extension(schema) => Some((true, schema.name, None)),
            Named::Attribute(target) => Some((
                target.extension.is_some(),
                target.attribute.name,
                target.part.map(|part| part.name),
            )),
        }
    }

    #[test]
    fn paths_name_attributes_whatever_the_capitals() {
        let urn = "urn:ietf:params:scim:schemas:core:2.0:User";
        let more = "URN:ietf:params:scim:schemas:extension:enterprise:2.0:user";
        for (path, expected) in [
            ("username".to_owned(), Some((false, "userName", None))),
            (
                "name.FAMILYNAME".to_owned(),
                Some((false, "name", Some("familyName"))),
            ),
            (
                format!("{urn}:emails.value"),
                Some((false, "emails", Some("value"))),
            ),
            (
                format!("{more}:manager.value"),
                Some((true, "manager", Some("value"))),
            ),
            (more.to_owned(), Some((true, "EnterpriseUser", None))),
            (
                "meta.lastModified".to_owned(),
                Some((false, "meta", Some("lastModified"))),
            ),
            ("externalId".to_owned(), Some((false, "externalId", None))),
            ("password".to_owned(), None),
            ("name.nothing".to_owned(), None),
            ("userName.value".to_owned(), None),
            (urn.to_owned(), None),
            (format!("{urn}:"), None),
            (format!("{more}x"), None),
            (String::new(), None),
        ] {
            assert_eq!(name(&path), expected, "{path}");
        }
    }
}
