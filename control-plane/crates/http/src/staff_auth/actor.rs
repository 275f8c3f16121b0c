//! Who acts on the staff API.

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::AUTHORIZATION, web::Data};
use cp_app::{
    Auth, StaffAccess,
    policies::check_staff,
    staff::{hash_staff_credential, resolve_staff},
};
use cp_domain::{StaffRole, TokenHash};
use futures_util::future::LocalBoxFuture;
use kernel::{StaffId, StaffSessionId};
use web::{ApiError, ProblemCode};

use crate::auth::{ClientInfo, problems, staff_cookie_name};

/// A member of staff who has given both factors.
#[derive(Debug, Clone)]
pub struct StaffActor {
    /// The session.
    pub session: StaffSessionId,
    /// Who.
    pub staff: StaffId,
    /// Their address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: StaffRole,
    /// When they last gave a code.
    pub confirmed_at: chrono::DateTime<chrono::Utc>,
    /// When the session ends.
    pub expires_at: chrono::DateTime<chrono::Utc>,
}

impl StaffActor {
    /// Refuses unless the role may change the fleet.
    ///
    /// # Errors
    /// 403.
    pub fn may_operate(&self) -> Result<(), ApiError> {
        if self.role.may_operate() {
            return Ok(());
        }
        Err(ApiError::new(ProblemCode::Forbidden)
            .detail("This needs the staff role operator or owner."))
    }
}

impl From<StaffAccess> for StaffActor {
    fn from(access: StaffAccess) -> Self {
        Self {
            session: access.id,
            staff: access.staff,
            email: access.email.to_string(),
            name: access.name,
            role: access.role,
            confirmed_at: access.created_at,
            expires_at: access.expires_at,
        }
    }
}

impl FromRequest for StaffActor {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let auth = shared(&request)?;
            let hash = presented(&request, auth)?;
            let hash = hash.ok_or_else(|| ApiError::new(ProblemCode::Unauthenticated))?;
            let found = resolve_staff(auth, &hash).await;
            let found = found.map_err(|error| problems::store(&error))?;
            let found = found.ok_or_else(|| ApiError::new(ProblemCode::Unauthenticated))?;
            let ClientInfo(client) = ClientInfo::extract(&request).await?;
            let checked = check_staff(auth, found.staff, found.role, &client).await;
            checked.map_err(problems::policy)?;
            Ok(Self::from(found))
        })
    }
}

/// The parts that all handlers share.
fn shared(request: &HttpRequest) -> Result<&Data<Auth>, ApiError> {
    // A composition without it is a fault of ours.
    request
        .app_data::<Data<Auth>>()
        .ok_or_else(|| ApiError::new(ProblemCode::Internal))
}

/// The hash of what the request shows; none when it shows nothing of ours. With a cookie, a
/// request that changes something has to come from the same origin.
pub(super) fn presented(request: &HttpRequest, auth: &Auth) -> Result<Option<TokenHash>, ApiError> {
    if let Some(header) = request.headers().get(AUTHORIZATION) {
        let value = header.to_str().ok().and_then(|value| {
            let (scheme, value) = value.trim().split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| value.trim())
        });
        return Ok(value.and_then(hash_staff_credential));
    }
    let Some(cookie) = request.cookie(staff_cookie_name(auth.settings.insecure_cookies)) else {
        return Ok(None);
    };
    web::csrf::guard_cookie(request)?;
    Ok(hash_staff_credential(cookie.value()))
}
