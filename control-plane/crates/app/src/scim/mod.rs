//! A tenant's directory (RFC 7644): it makes people members, archives them and puts them into
//! groups, by a token of its own, in its own tenant.
//!
//! It changes memberships and nothing else: a person's address, password and factors are theirs.
//! What it says of a member beside that is kept as it said it, and a name that it gives holds in
//! its tenant. A member is `active` for it unless archived.

mod access;
mod groups;
mod mapping;
mod roles;
mod tokens;
mod users;

pub use access::{Directory, authenticate};
pub use cp_store::{ScimGroup, ScimToken};
pub use groups::{create_group, delete_group, find_group, list_groups, patch_group, replace_group};
pub use mapping::{MappingError, list_mapped_groups, map_group};
pub use tokens::{ScimTokenCreate, ScimTokenError, create_token, list_tokens, revoke_token};
pub use users::{create_user, delete_user, find_user, list_users, patch_user, replace_user};

use cp_domain::MembershipError;
use cp_scim::{ScimError, ScimType};
use cp_store::{SearchError, StoreError};
use db::DbError;
use serde_json::Value;

/// A resource of an answer.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The resource.
    pub body: Value,
    /// Its entity tag.
    pub version: String,
    /// Where it is.
    pub location: String,
}

/// Why a directory's request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The request is refused, in the words of the standard.
    #[error(transparent)]
    Refused(#[from] ScimError),
    /// There is no such resource, or the directory may not know of it.
    #[error("no such resource")]
    NotFound,
    /// The resource has changed meanwhile.
    #[error("the resource has another version")]
    PreconditionFailed,
    /// The tenant's database cannot be asked.
    #[error(transparent)]
    Tenant(#[from] DbError),
    /// The central database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SearchError> for DirectoryError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Filter(error) => Self::Refused(error),
            SearchError::Store(error) => Self::Store(error),
        }
    }
}

impl From<MembershipError> for DirectoryError {
    fn from(rule: MembershipError) -> Self {
        Self::Refused(ScimError::new(ScimType::Mutability, rule.to_string()))
    }
}

fn taken(what: &str) -> DirectoryError {
    let detail = format!("Another resource has this `{what}`.");
    DirectoryError::Refused(ScimError::new(ScimType::Uniqueness, detail))
}

/// What `If-Match` asks: any of these tags, compared as weak ones, or whatever there is.
fn check_version(if_match: Option<&str>, version: &str) -> Result<(), DirectoryError> {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let holds = if_match.is_none_or(|tags| {
        tags.trim() == "*" || tags.split(',').any(|tag| bare(tag) == bare(version))
    });
    if holds {
        Ok(())
    } else {
        Err(DirectoryError::PreconditionFailed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_as_weak_ones() {
        let holds = |tags: Option<&str>| check_version(tags, "W/\"3-1\"").is_ok();
        assert!(holds(None) && holds(Some("*")) && holds(Some("W/\"3-1\"")));
        assert!(holds(Some("\"3-1\"")) && holds(Some("\"9\", W/\"3-1\"")));
        assert!(!holds(Some("\"3\"")) && !holds(Some("")) && !holds(Some("3-1")));
    }
}
