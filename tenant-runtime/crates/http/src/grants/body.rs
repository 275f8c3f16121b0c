//! What clients send about rights.

use garde::Validate;
use kernel::{Cursor, Limit};
use serde::Deserialize;
use tr_app::{
    grants::{Level, PutGrant, Subject},
    views::SubjectType,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::schema;

/// A right to give.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[garde(allow_unvalidated)]
pub(crate) struct GrantCreate {
    /// The folder or grid.
    object_id: Uuid,
    /// Whether a member or a group gets it.
    subject: SubjectType,
    /// The member or group.
    subject_id: Uuid,
    /// How much.
    #[schema(value_type = schema::LevelWord)]
    level: Level,
}

impl From<GrantCreate> for PutGrant {
    fn from(grant: GrantCreate) -> Self {
        let subject = match grant.subject {
            SubjectType::Member => Subject::Member(grant.subject_id.into()),
            SubjectType::Group => Subject::Group(grant.subject_id.into()),
        };
        Self {
            object_id: grant.object_id,
            subject,
            level: grant.level,
        }
    }
}

/// Which rights.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct GrantQuery {
    /// Those on this folder or grid.
    pub(super) object_id: Uuid,
    /// How many, 1 to 200.
    #[serde(default)]
    #[param(value_type = Option<u16>, default = 50, minimum = 1, maximum = 200)]
    pub(super) limit: Limit,
    /// Where the page starts: `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub(super) cursor: Option<Cursor>,
}
