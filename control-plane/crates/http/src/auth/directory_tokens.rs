//! Tokens of the tenant's directory, which architects look after.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use chrono::{DateTime, Utc};
use cp_app::{
    Auth,
    scim::{self as app, ScimToken, ScimTokenError},
    step_up,
};
use garde::Validate;
use kernel::{MemberId, ScimTokenId};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{ApiError, Json, Path, Problem, ProblemCode};

use super::{
    context::Acting,
    problems,
    views::{Listed, is_name},
};

/// A token to be made for the tenant's directory.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct ScimTokenCreateRequest {
    /// What it is called, such as the directory's name.
    #[garde(length(chars, min = 1, max = 100), custom(is_name))]
    pub name: String,
    /// When it ends; when left out, it is good until it is ended.
    #[serde(default)]
    #[garde(skip)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A token of the tenant's directory; its text is never shown again.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScimTokenView {
    /// The token.
    #[schema(value_type = String, format = Uuid)]
    pub id: ScimTokenId,
    /// What it is called.
    pub name: String,
    /// Who made it.
    #[schema(value_type = String, format = Uuid)]
    pub created_by: MemberId,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends, if ever.
    #[schema(required = true)]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    #[schema(required = true)]
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<ScimToken> for ScimTokenView {
    fn from(token: ScimToken) -> Self {
        Self {
            id: token.id,
            name: token.name,
            created_by: token.created_by,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// A new token: the only time that its text is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScimTokenCreated {
    /// The token.
    #[schema(value_type = String, format = Uuid)]
    pub id: ScimTokenId,
    /// Its text.
    pub token: String,
    /// The address that the directory is given with it.
    pub base_url: String,
}

fn refused(error: ScimTokenError) -> ApiError {
    match error {
        ScimTokenError::Expiry => {
            ApiError::invalid("/expires_at", "out_of_range", error.to_string())
        }
        ScimTokenError::TooMany => ApiError::new(ProblemCode::RuleBroken).detail(error.to_string()),
        ScimTokenError::NotFound => ApiError::new(ProblemCode::NotFound),
        ScimTokenError::Member(error) => problems::member(error),
        ScimTokenError::Store(error) => problems::store(&error),
    }
}

/// The tokens of the tenant's directory, the newest first.
#[utoipa::path(
    tag = "Directory",
    operation_id = "listScimTokens",
    responses(
        (status = 200, description = "The tokens.", body = Listed<ScimTokenView>),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects look after them.", body = Problem),
    ),
)]
#[get("/auth/v1/security/scim-tokens")]
pub(super) async fn list(
    auth: Data<Auth>,
    acting: Acting,
) -> Result<Json<Listed<ScimTokenView>>, ApiError> {
    acting.signed_in.session_id()?;
    let by = acting.administrator();
    let tokens = app::list_tokens(&auth, &by).await.map_err(refused)?;
    Ok(Json(Listed {
        data: tokens.into_iter().map(ScimTokenView::from).collect(),
    }))
}

/// Makes a token for the tenant's directory. Its text is in this answer and nowhere else.
#[utoipa::path(
    tag = "Directory",
    operation_id = "createScimToken",
    request_body = ScimTokenCreateRequest,
    responses(
        (status = 201, description = "The token.", body = ScimTokenCreated),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects make them, after confirming who they are.", body = Problem),
        (status = 422, description = "A field or a rule.", body = Problem),
    ),
)]
#[post("/auth/v1/security/scim-tokens")]
pub(super) async fn create(
    auth: Data<Auth>,
    acting: Acting,
    body: Json<ScimTokenCreateRequest>,
) -> Result<HttpResponse, ApiError> {
    acting.signed_in.session_id()?;
    step_up::require(&auth, &acting.signed_in.0).map_err(problems::step_up)?;
    let body = body.into_inner();
    let by = acting.administrator();
    let command = app::ScimTokenCreate {
        name: body.name.trim().to_owned(),
        expires_at: body.expires_at,
    };
    let (token, text) = app::create_token(&auth, &by, command)
        .await
        .map_err(refused)?;
    let location = format!("/auth/v1/security/scim-tokens/{}", token.id);
    Ok(HttpResponse::Created()
        .insert_header(("location", location))
        .insert_header(("cache-control", "no-store"))
        .json(ScimTokenCreated {
            id: token.id,
            token: text.expose_secret().to_owned(),
            base_url: format!("{}/scim/v2", auth.links.tenant(&acting.tenant.slug)),
        }))
}

/// Ends a token of the tenant's directory, at once.
#[utoipa::path(
    tag = "Directory",
    operation_id = "revokeScimToken",
    params(("id" = uuid::Uuid, Path, description = "The token.")),
    responses(
        (status = 204, description = "It has ended."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects end them, after confirming who they are.", body = Problem),
        (status = 404, description = "There is no such token, or it was ended.", body = Problem),
    ),
)]
#[delete("/auth/v1/security/scim-tokens/{id}")]
pub(super) async fn revoke(
    auth: Data<Auth>,
    acting: Acting,
    Path(id): Path<ScimTokenId>,
) -> Result<HttpResponse, ApiError> {
    acting.signed_in.session_id()?;
    step_up::require(&auth, &acting.signed_in.0).map_err(problems::step_up)?;
    let by = acting.administrator();
    app::revoke_token(&auth, &by, id).await.map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}
