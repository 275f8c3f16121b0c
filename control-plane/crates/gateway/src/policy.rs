//! Access policies at the door: where a request comes from, and whether that is allowed, out of
//! memory.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, LOCATION},
};
use cp_app::{
    access::{AuditActor, Refused},
    sessions::{CachedSession, ClientAddress, Credential, Found},
};
use cp_domain::{
    Route, StaffRole,
    access_policy::{Refusal, Who},
};
use web::{ApiError, ProblemCode, RequestIdExt};

use crate::{gateway::Shared, paths};

/// When to come again while the policies are not known, in seconds.
const RETRY_AFTER: u32 = 1;

/// Whom the policies are asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asking<'a> {
    /// Somebody who is signed in, or a program with a token.
    Somebody(&'a CachedSession),
    /// A program that shows something of its own: a directory, a client secret.
    Program,
    /// Nobody yet.
    Nobody,
}

impl<'a> Asking<'a> {
    /// Whoever makes the request.
    pub(crate) fn of(found: &'a Found, path: &str) -> Self {
        match found {
            Some(session) => Self::Somebody(session),
            None if paths::is_for_programs(path) => Self::Program,
            None => Self::Nobody,
        }
    }
}

impl Shared {
    /// Where the client is.
    pub(crate) fn locate(&self, request: &HttpRequest) -> Option<ClientAddress> {
        let peer = request.peer_addr()?.ip();
        let lines = request.headers().get_all(self.policies.header());
        let lines = lines.map(|line| line.to_str().unwrap_or_default());
        Some(self.policies.locate(peer, lines))
    }

    /// Whether the policies of the platform and of the tenant admit.
    ///
    /// # Errors
    /// When the platform's are not known and cannot be read.
    pub(crate) async fn judge(
        &self,
        route: &Route,
        asking: Asking<'_>,
        from: Option<ClientAddress>,
    ) -> Result<Result<(), Refusal>, ApiError> {
        let platform = self.policies.policies().await.map_err(|error| {
            ApiError::new(ProblemCode::Unavailable)
                .retry_after(RETRY_AFTER)
                .because(&error)
        })?;
        let visit = self.policies.visit(from, self.clock.now());
        let who = match asking {
            Asking::Nobody => return Ok(platform.admit_country(&visit)),
            Asking::Program => Who::program(),
            // Staff whom the tenant let in come by the platform's rules for staff.
            Asking::Somebody(session) if matches!(session.credential, Credential::Support(_)) => {
                return Ok(platform.admit_staff(StaffRole::Support, &visit));
            }
            Asking::Somebody(session) => Who {
                role: Some(session.role),
                external: session.external,
                token: matches!(session.credential, Credential::Token(_)),
            },
        };
        let access = &route.access;
        Ok(platform.admit(&access.policy, access.zone, who, &visit))
    }

    /// Refuses nobody's request to the host of people from a country from which nobody comes in.
    pub(crate) async fn judge_people(
        &self,
        from: Option<ClientAddress>,
    ) -> Result<Result<(), Refusal>, ApiError> {
        let platform = self.policies.policies().await.map_err(|error| {
            ApiError::new(ProblemCode::Unavailable)
                .retry_after(RETRY_AFTER)
                .because(&error)
        })?;
        let visit = self.policies.visit(from, self.clock.now());
        Ok(platform.admit_country(&visit))
    }

    /// Remembers a refusal.
    pub(crate) fn note_refusal(
        &self,
        request: &HttpRequest,
        route: Option<&Route>,
        found: &Found,
        refusal: Refusal,
    ) {
        let session = found.as_deref();
        let actor = session.map_or(AuditActor::System, |session| {
            AuditActor::Member(session.member_id)
        });
        let credential = session.map(|session| match session.credential {
            Credential::Session(id) => id.as_uuid(),
            Credential::Token(id) => id.as_uuid(),
            Credential::Support(id) => id.as_uuid(),
        });
        self.policies.refusals().note(Refused {
            tenant: route.map(|route| route.tenant),
            actor,
            credential,
            from: self.locate(request),
            refusal,
            at: "request",
            request_id: Some(RequestIdExt::of(request).as_str().to_owned()),
        });
    }
}

/// What one who is refused gets: a page for a browser, a problem for a program.
pub(crate) fn turn_away(request: &HttpRequest, refusal: Refusal) -> HttpResponse {
    if web::navigates(request) {
        let page = format!("/access-refused?rule={}", refusal.rule.as_str());
        return HttpResponse::SeeOther()
            .insert_header((LOCATION, page))
            .insert_header((CACHE_CONTROL, "no-store"))
            .finish();
    }
    let problem = ApiError::new(ProblemCode::PolicyRefused).detail(refusal.rule.explanation());
    HttpResponse::from_error(problem)
}
