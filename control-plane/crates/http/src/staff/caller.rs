//! The member of staff behind a request, and what they may do.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use cp_app::fleet::Requester;
use cp_domain::FleetPermission;
use futures_util::{FutureExt as _, future::LocalBoxFuture};
use kernel::RequestId;
use web::{ApiError, ProblemCode, RequestIdExt};

use crate::staff_auth::StaffActor;

/// A member of staff, signed in with both factors.
#[derive(Debug, Clone)]
pub struct Staff {
    actor: StaffActor,
    request_id: RequestId,
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

    /// Who asks, for the audit log.
    #[must_use]
    pub fn requester(&self) -> Requester {
        Requester {
            staff: Some(self.actor.staff),
            request_id: Some(self.request_id.clone()),
        }
    }
}

impl FromRequest for Staff {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request_id = RequestIdExt::of(request);
        let actor = StaffActor::from_request(request, payload);
        actor
            .map(|actor| actor.map(|actor| Self { actor, request_id }))
            .boxed_local()
    }
}
