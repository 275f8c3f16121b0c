//! One's own personal access tokens.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use cp_app::{Auth, tokens as app};
use kernel::TokenId;
use secrecy::ExposeSecret as _;
use web::{ApiError, Json, Path, Problem};

use super::{
    context::SignedIn,
    problems,
    views::{Listed, TokenCreateRequest, TokenCreated, TokenView},
};

/// One's own tokens, the newest first.
#[utoipa::path(
    tag = "Tokens",
    operation_id = "listTokens",
    responses(
        (status = 200, description = "One's own tokens.", body = Listed<TokenView>),
        (status = 401, description = "Nobody is signed in.", body = Problem),
    ),
)]
#[get("/auth/v1/tokens")]
pub(super) async fn list(
    auth: Data<Auth>,
    signed_in: SignedIn,
) -> Result<Json<Listed<TokenView>>, ApiError> {
    signed_in.session_id()?;
    let tokens = app::list_tokens(&auth, signed_in.0.member_id)
        .await
        .map_err(|error| problems::store(&error))?;
    Ok(Json(Listed {
        data: tokens.into_iter().map(TokenView::from).collect(),
    }))
}

/// Makes a token. Its text is in this answer and nowhere else.
#[utoipa::path(
    tag = "Tokens",
    operation_id = "createToken",
    request_body = TokenCreateRequest,
    responses(
        (status = 201, description = "The token.", body = TokenCreated),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Confirm who you are first.", body = Problem),
        (status = 422, description = "A field is not what it should be.", body = Problem),
    ),
)]
#[post("/auth/v1/tokens")]
pub(super) async fn create(
    auth: Data<Auth>,
    signed_in: SignedIn,
    body: Json<TokenCreateRequest>,
) -> Result<HttpResponse, ApiError> {
    let owner = signed_in.holder()?;
    cp_app::step_up::require(&auth, &signed_in.0).map_err(problems::step_up)?;
    let body = body.into_inner();
    let command = app::TokenCreate {
        owner,
        name: body.name.trim().to_owned(),
        scopes: body.scopes.into_iter().collect(),
        expires_at: body.expires_at,
    };
    let (token, text) = app::create_token(&auth, command)
        .await
        .map_err(problems::token)?;
    Ok(HttpResponse::Created()
        .insert_header(("location", format!("/auth/v1/tokens/{}", token.id)))
        .insert_header(("cache-control", "no-store"))
        .json(TokenCreated {
            id: token.id,
            token: text.expose_secret().to_owned(),
        }))
}

/// Ends one of one's own tokens, at once.
#[utoipa::path(
    tag = "Tokens",
    operation_id = "revokeToken",
    params(("id" = uuid::Uuid, Path, description = "The token.")),
    responses(
        (status = 204, description = "It has ended."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 404, description = "It is not one's own, or was ended.", body = Problem),
    ),
)]
#[delete("/auth/v1/tokens/{id}")]
pub(super) async fn revoke(
    auth: Data<Auth>,
    signed_in: SignedIn,
    Path(id): Path<TokenId>,
) -> Result<HttpResponse, ApiError> {
    signed_in.session_id()?;
    app::revoke_token(&auth, signed_in.0.member_id, id)
        .await
        .map_err(problems::token)?;
    Ok(HttpResponse::NoContent().finish())
}
