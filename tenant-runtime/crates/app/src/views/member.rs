//! Members and groups of the tenant.

use chrono::{DateTime, Utc};
use kernel::{GroupId, MemberId, Revision, Role};
use serde::Serialize;
use tr_domain::access::SystemGroup;
use tr_store::groups::GroupRow;
use tr_store::members::MemberRow;
use utoipa::ToSchema;

pub use tr_store::members::MemberState;

/// A person in the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberView {
    /// The member.
    #[schema(value_type = Uuid)]
    pub id: MemberId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// `architect`, `builder` or `user`.
    #[schema(value_type = String, pattern = "^(architect|builder|user)$")]
    pub role: Role,
    /// Whether they are a guest.
    pub external: bool,
    /// `invited`, `active` or `archived`.
    #[schema(value_type = String, pattern = "^(invited|active|archived)$")]
    pub state: MemberState,
    /// When they became a member.
    pub created_at: DateTime<Utc>,
}

impl From<MemberRow> for MemberView {
    fn from(row: MemberRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            email: row.email,
            role: row.role,
            external: row.external,
            state: row.state,
            created_at: row.created_at,
        }
    }
}

/// A group of members that can hold grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GroupView {
    /// The group.
    #[schema(value_type = Uuid)]
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// Which system group it is: `architects`, `builders`, `users`, `internal`, `external`; null
    /// for custom ones, which alone can be changed.
    #[schema(value_type = Option<String>, required = true)]
    pub system: Option<SystemGroup>,
    /// How often it or its members were changed; its `ETag`.
    #[schema(value_type = u32)]
    pub revision: Revision,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

impl From<GroupRow> for GroupView {
    fn from(row: GroupRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            system: row.system,
            revision: row.revision,
            created_at: row.created_at,
        }
    }
}
