//! A provider says that somebody's session ended (OpenID Connect Back-Channel Logout 1.0, §2.5).

use actix_web::{
    HttpResponse,
    http::header::CACHE_CONTROL,
    post,
    web::{Data, Form},
};
use cp_app::{
    Auth,
    sso::{self, SsoError},
};
use kernel::ConnectionId;
use serde::Deserialize;
use serde_json::json;
use web::{ApiError, Path, RequestIdExt};

use crate::auth::{context::Tenant, problems};

/// What a provider sends.
#[derive(Deserialize)]
pub(super) struct Sent {
    logout_token: String,
}

#[post("/auth/sso/{connection}/backchannel-logout")]
pub(super) async fn back_channel(
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    Path(connection): Path<ConnectionId>,
    RequestIdExt(request_id): RequestIdExt,
    sent: Form<Sent>,
) -> Result<HttpResponse, ApiError> {
    let token = &sent.logout_token;
    let ended = sso::back_channel_logout(&auth, &tenant, connection, token, &request_id).await;
    match ended {
        Ok(ended) => {
            tracing::info!(%connection, ended, "a provider ended sessions");
            Ok(HttpResponse::Ok()
                .insert_header((CACHE_CONTROL, "no-store"))
                .finish())
        }
        Err(SsoError::Store(error)) => Err(problems::store(&error)),
        Err(error @ (SsoError::Seal(_) | SsoError::Tenant(_))) => Err(ApiError::internal(&error)),
        Err(error) => {
            tracing::info!(%connection, reason = %error, "a logout token was refused");
            let mut answer = HttpResponse::BadRequest()
                .insert_header((CACHE_CONTROL, "no-store"))
                .json(json!({ "error": "invalid_request" }));
            // The form of this answer is the standard's.
            answer.extensions_mut().insert(web::AsIs);
            Ok(answer)
        }
    }
}
