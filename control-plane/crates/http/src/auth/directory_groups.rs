//! The groups of the tenant's directory, and what architects make of them.

use actix_web::{get, put, web::Data};
use cp_app::{
    Auth,
    scim::{self as app, DirectoryError, MappingError, ScimGroup},
    step_up,
};
use cp_domain::Standing;
use garde::Validate;
use kernel::{Role, ScimGroupId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{ApiError, Json, Path, Problem, ProblemCode};

use super::{context::Acting, problems, views::Listed};

/// What the members of a group are.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct ScimGroupMapping {
    /// `architect`, `builder` or `user`; null when the group gives no role.
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub role: Option<Role>,
    /// Whether they are external.
    #[serde(default)]
    #[garde(skip)]
    pub external: bool,
}

/// A group of the tenant's directory.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScimGroupView {
    /// The group.
    #[schema(value_type = String, format = Uuid)]
    pub id: ScimGroupId,
    /// Its name in the directory.
    pub name: String,
    /// How many members it has.
    pub members: u64,
    /// The role that it gives, if any.
    #[schema(value_type = Option<String>, required = true)]
    pub role: Option<Role>,
    /// Whether its members are external.
    pub external: bool,
}

impl From<ScimGroup> for ScimGroupView {
    fn from(group: ScimGroup) -> Self {
        Self {
            id: group.id,
            name: group.display_name,
            members: group.members,
            role: group.standing.map(|standing| standing.role),
            external: group.standing.is_some_and(|standing| standing.external),
        }
    }
}

fn refused(error: MappingError) -> ApiError {
    match error {
        MappingError::NotFound => ApiError::new(ProblemCode::NotFound),
        MappingError::Member(error) => problems::member(error),
        MappingError::Store(error) => problems::store(&error),
        MappingError::Directory(DirectoryError::Refused(error)) => {
            ApiError::new(ProblemCode::RuleBroken).detail(error.detail)
        }
        MappingError::Directory(DirectoryError::Store(error)) => problems::store(&error),
        MappingError::Directory(DirectoryError::Tenant(error)) => {
            ApiError::new(ProblemCode::Unavailable)
                .retry_after(2)
                .because(&error)
        }
        MappingError::Directory(DirectoryError::NotFound) => ApiError::new(ProblemCode::NotFound),
        MappingError::Directory(DirectoryError::PreconditionFailed) => {
            ApiError::new(ProblemCode::Conflict)
        }
    }
}

/// The groups that the tenant's directory made, with the roles that they give.
#[utoipa::path(
    tag = "Directory",
    operation_id = "listScimGroups",
    responses(
        (status = 200, description = "The groups, 500 at most.", body = Listed<ScimGroupView>),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects look after them.", body = Problem),
    ),
)]
#[get("/auth/v1/security/scim-groups")]
pub(super) async fn list(
    auth: Data<Auth>,
    acting: Acting,
) -> Result<Json<Listed<ScimGroupView>>, ApiError> {
    acting.signed_in.session_id()?;
    let by = acting.administrator();
    let groups = app::list_mapped_groups(&auth, &by).await.map_err(refused)?;
    Ok(Json(Listed {
        data: groups.into_iter().map(ScimGroupView::from).collect(),
    }))
}

/// Says what the members of a group are. They are it at once, those who are signed in too.
#[utoipa::path(
    tag = "Directory",
    operation_id = "mapScimGroup",
    params(("id" = uuid::Uuid, Path, description = "The group.")),
    request_body = ScimGroupMapping,
    responses(
        (status = 200, description = "The group as it is now.", body = ScimGroupView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects map groups, after confirming who they are.", body = Problem),
        (status = 404, description = "There is no such group.", body = Problem),
        (status = 422, description = "A field or a rule, such as that an architect stays.", body = Problem),
    ),
)]
#[put("/auth/v1/security/scim-groups/{id}/role")]
pub(super) async fn map(
    auth: Data<Auth>,
    acting: Acting,
    Path(id): Path<ScimGroupId>,
    body: Json<ScimGroupMapping>,
) -> Result<Json<ScimGroupView>, ApiError> {
    acting.signed_in.session_id()?;
    step_up::require(&auth, &acting.signed_in.0).map_err(problems::step_up)?;
    let ScimGroupMapping { role, external } = body.into_inner();
    let standing = role.map(|role| Standing::new(role, external)).transpose();
    let standing =
        standing.map_err(|rule| ApiError::new(ProblemCode::RuleBroken).detail(rule.to_string()))?;
    let by = acting.administrator();
    let group = app::map_group(&auth, &by, id, standing)
        .await
        .map_err(refused)?;
    Ok(Json(ScimGroupView::from(group)))
}
