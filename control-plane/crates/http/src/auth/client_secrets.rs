//! One's own client secrets, by which programs get access tokens at `/oauth/token`.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use chrono::{DateTime, Utc};
use cp_app::{
    Auth, ClientSecret,
    clients::{self as app, ClientError},
    step_up,
    tokens::TokenError,
};
use garde::Validate;
use kernel::{ClientId, Scope, Scopes};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{ApiError, Json, Path, Problem, ProblemCode, RequestIdExt};

use super::{
    context::{SignedIn, Tenant},
    problems,
    views::{Listed, is_name},
};

/// A client secret to be made.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct ClientSecretCreateRequest {
    /// What its owner calls it.
    #[garde(length(chars, min = 1, max = 100), custom(is_name))]
    pub name: String,
    /// What its access tokens may be used for at most.
    #[schema(value_type = Vec<String>, example = json!(["work_items:read"]))]
    #[garde(skip)]
    pub scopes: Vec<Scope>,
    /// When it ends: in the future, at most a year from now.
    #[garde(skip)]
    pub expires_at: DateTime<Utc>,
}

/// One of one's own client secrets; its text is never shown again.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientSecretView {
    /// The client's id, as `client_id` at `/oauth/token`.
    #[schema(value_type = String, format = Uuid)]
    pub id: ClientId,
    /// What its owner calls it.
    pub name: String,
    /// What its access tokens may be used for at most.
    #[schema(value_type = Vec<String>)]
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it last got an access token.
    #[schema(required = true)]
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<ClientSecret> for ClientSecretView {
    fn from(client: ClientSecret) -> Self {
        Self {
            id: client.id,
            name: client.name,
            scopes: client.scopes,
            created_at: client.created_at,
            expires_at: client.expires_at,
            last_used_at: client.last_used_at,
        }
    }
}

/// A new client secret: the only time that its text is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientSecretCreated {
    /// The client's id.
    #[schema(value_type = String, format = Uuid)]
    pub client_id: ClientId,
    /// Its secret.
    pub client_secret: String,
}

fn refused(error: ClientError) -> ApiError {
    match error {
        ClientError::Rule(rule) => problems::token(TokenError::Rule(rule)),
        ClientError::TooMany => ApiError::new(ProblemCode::RuleBroken).detail(error.to_string()),
        ClientError::NotFound => ApiError::new(ProblemCode::NotFound),
        ClientError::SessionEnded => ApiError::new(ProblemCode::Unauthenticated),
        ClientError::Store(error) => problems::store(&error),
    }
}

/// One's own client secrets, the newest first.
#[utoipa::path(
    tag = "Client secrets",
    operation_id = "listClientSecrets",
    responses(
        (status = 200, description = "One's own client secrets.", body = Listed<ClientSecretView>),
        (status = 401, description = "Nobody is signed in.", body = Problem),
    ),
)]
#[get("/auth/v1/client-secrets")]
pub(super) async fn list(
    auth: Data<Auth>,
    signed_in: SignedIn,
) -> Result<Json<Listed<ClientSecretView>>, ApiError> {
    signed_in.session_id()?;
    let clients = app::list_clients(&auth, signed_in.0.member_id)
        .await
        .map_err(|error| problems::store(&error))?;
    Ok(Json(Listed {
        data: clients.into_iter().map(ClientSecretView::from).collect(),
    }))
}

/// Makes a client secret. Its text is in this answer and nowhere else.
#[utoipa::path(
    tag = "Client secrets",
    operation_id = "createClientSecret",
    request_body = ClientSecretCreateRequest,
    responses(
        (status = 201, description = "The client.", body = ClientSecretCreated),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Confirm who you are first.", body = Problem),
        (status = 422, description = "A field or a rule.", body = Problem),
    ),
)]
#[post("/auth/v1/client-secrets")]
pub(super) async fn create(
    auth: Data<Auth>,
    signed_in: SignedIn,
    RequestIdExt(request_id): RequestIdExt,
    body: Json<ClientSecretCreateRequest>,
) -> Result<HttpResponse, ApiError> {
    let owner = signed_in.holder()?;
    step_up::require(&auth, &signed_in.0).map_err(problems::step_up)?;
    let body = body.into_inner();
    let command = app::ClientCreate {
        owner,
        name: body.name.trim().to_owned(),
        scopes: body.scopes.into_iter().collect(),
        expires_at: body.expires_at,
        request_id,
    };
    let (client, secret) = app::create_client(&auth, command).await.map_err(refused)?;
    let location = format!("/auth/v1/client-secrets/{}", client.id);
    Ok(HttpResponse::Created()
        .insert_header(("location", location))
        .insert_header(("cache-control", "no-store"))
        .json(ClientSecretCreated {
            client_id: client.id,
            client_secret: secret.expose_secret().to_owned(),
        }))
}

/// Ends one of one's own client secrets, and the access tokens got with it, at once.
#[utoipa::path(
    tag = "Client secrets",
    operation_id = "revokeClientSecret",
    params(("id" = uuid::Uuid, Path, description = "The client.")),
    responses(
        (status = 204, description = "It has ended."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 404, description = "It is not one's own, or was ended.", body = Problem),
    ),
)]
#[delete("/auth/v1/client-secrets/{id}")]
pub(super) async fn revoke(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    signed_in: SignedIn,
    RequestIdExt(request_id): RequestIdExt,
    Path(id): Path<ClientId>,
) -> Result<HttpResponse, ApiError> {
    signed_in.session_id()?;
    let member = signed_in.0.member_id;
    app::revoke_client(&auth, tenant.tenant_id, member, id, &request_id)
        .await
        .map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}
