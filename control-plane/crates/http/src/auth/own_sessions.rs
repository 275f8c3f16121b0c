//! One's own sessions.

use actix_web::{HttpResponse, delete, get, web::Data};
use cp_app::{Auth, sessions as app};
use kernel::SessionId;
use web::{ApiError, Json, Path, Problem};

use super::{
    context::SignedIn,
    cookies::expired_session_cookie,
    problems,
    views::{Listed, SessionView},
};

/// Where one is signed in to this tenant, the latest used first.
#[utoipa::path(
    tag = "Sessions",
    operation_id = "listSessions",
    responses(
        (status = 200, description = "One's own sessions.", body = Listed<SessionView>),
        (status = 401, description = "Nobody is signed in.", body = Problem),
    ),
)]
#[get("/auth/v1/sessions")]
pub(super) async fn list(
    auth: Data<Auth>,
    signed_in: SignedIn,
) -> Result<Json<Listed<SessionView>>, ApiError> {
    let current = signed_in.session_id()?;
    let sessions = app::list_sessions(&auth, signed_in.0.member_id, Some(current))
        .await
        .map_err(|error| problems::store(&error))?;
    Ok(Json(Listed {
        data: sessions.into_iter().map(SessionView::from).collect(),
    }))
}

/// Ends one of one's own sessions, at once.
#[utoipa::path(
    tag = "Sessions",
    operation_id = "revokeSession",
    params(("id" = uuid::Uuid, Path, description = "The session.")),
    responses(
        (status = 204, description = "It has ended."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 404, description = "It is not one's own, or has ended.", body = Problem),
    ),
)]
#[delete("/auth/v1/sessions/{id}")]
pub(super) async fn revoke(
    auth: Data<Auth>,
    signed_in: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<HttpResponse, ApiError> {
    let current = signed_in.session_id()?;
    let member = signed_in.0.member_id;
    app::revoke_session(&auth, member, id)
        .await
        .map_err(problems::session)?;
    let mut answer = HttpResponse::NoContent();
    if id == current {
        answer.cookie(expired_session_cookie(auth.settings.insecure_cookies));
    }
    Ok(answer.finish())
}

/// Ends all of one's own sessions in this tenant but the present one, at once.
#[utoipa::path(
    tag = "Sessions",
    operation_id = "revokeOtherSessions",
    responses(
        (status = 204, description = "They have ended."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
    ),
)]
#[delete("/auth/v1/sessions")]
pub(super) async fn revoke_others(
    auth: Data<Auth>,
    signed_in: SignedIn,
) -> Result<HttpResponse, ApiError> {
    let current = signed_in.session_id()?;
    app::revoke_other_sessions(&auth, signed_in.0.member_id, current)
        .await
        .map_err(|error| problems::store(&error))?;
    Ok(HttpResponse::NoContent().finish())
}
