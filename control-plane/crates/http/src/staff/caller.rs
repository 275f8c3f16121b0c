//! The member of staff behind a request, what they may do, and the key of the request.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use cp_app::{
    Auth,
    fleet::{Keyed, Requester},
    staff::By,
    step_up::STEP_UP_LIFE,
};
use cp_domain::{FleetPermission, StaffRole};
use futures_util::future::LocalBoxFuture;
use kernel::{StaffId, StaffSessionId};
use serde::Serialize;
use web::{ApiError, IdempotencyKey, ProblemCode, RequestIdExt};

use crate::staff_auth::StaffActor;

/// A member of staff, signed in with both factors.
#[derive(Debug, Clone)]
pub struct Staff {
    actor: StaffActor,
    request: HttpRequest,
    key: Option<String>,
}

impl Staff {
    /// Goes on when the member of staff may do this.
    ///
    /// # Errors
    /// 403 when they may not.
    pub fn may(&self, permission: FleetPermission) -> Result<(), ApiError> {
        if permission.is_held_by(self.actor.role) {
            return Ok(());
        }
        let detail = format!("The role {} does not include this.", self.actor.role);
        Err(ApiError::new(ProblemCode::Forbidden).detail(detail))
    }

    /// Goes on when the member of staff may do this and gave a code within the last ten minutes.
    ///
    /// # Errors
    /// 403 when they may not, or have to confirm who they are.
    pub fn may_now(&self, auth: &Auth, permission: FleetPermission) -> Result<(), ApiError> {
        self.may(permission)?;
        if auth.clock.now() - self.actor.confirmed_at <= STEP_UP_LIFE {
            return Ok(());
        }
        Err(ApiError::new(ProblemCode::StepUpRequired)
            .detail("Give a code at /staff/v1/confirm-identity first."))
    }

    /// Who asks, for the audit log.
    #[must_use]
    pub fn requester(&self) -> Requester {
        let request_id = Some(RequestIdExt::of(&self.request));
        Requester {
            staff: Some(self.actor.staff),
            request_id,
        }
    }

    /// Who asks, with the key of the request for this body of it.
    #[must_use]
    pub fn by(&self, body: &impl Serialize) -> By {
        By {
            requester: self.requester(),
            keyed: self.keyed(body),
        }
    }

    /// Their role.
    #[must_use]
    pub const fn role(&self) -> StaffRole {
        self.actor.role
    }

    /// Their account.
    #[must_use]
    pub const fn id(&self) -> StaffId {
        self.actor.staff
    }

    /// Their session.
    #[must_use]
    pub const fn session(&self) -> StaffSessionId {
        self.actor.session
    }

    /// The key of the request, for this body of it.
    #[must_use]
    pub fn keyed(&self, body: &impl Serialize) -> Option<Keyed> {
        let (method, path) = (self.request.method().as_str(), self.request.path());
        // Written out again, so that spaces between its parts do not make it another body.
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.key
            .as_ref()
            .map(|key| Keyed::new(&self.requester(), method, path, key, &body))
    }
}

impl FromRequest for Staff {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let actor = StaffActor::from_request(request, payload);
        let key = IdempotencyKey::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let actor = actor.await?;
            let IdempotencyKey(key) = key.await?;
            Ok(Self {
                actor,
                request,
                key,
            })
        })
    }
}
