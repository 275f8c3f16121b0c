//! What handlers ask of a request: its tenant, who is signed in, the client.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::header::USER_AGENT, web::Data,
};
use cp_app::support::SupportGuest;
use cp_app::{
    Auth, Client,
    members::Administrator,
    sessions::{
        CachedSession, ClientAddress, Credential, Holder, TenantHost, TenantSession,
        hash_link_token,
    },
};
use cp_domain::{TokenHash, device_name};
use kernel::{MemberId, RequestId, Scope, SessionId, TenantId};
use web::{ApiError, ProblemCode, RequestIdExt};

use super::cookies::device_cookie_name;

/// The tenant whose host the request came to.
#[derive(Debug, Clone)]
pub struct Tenant(pub TenantHost);

impl FromRequest for Tenant {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let host = request.extensions().get::<TenantHost>().cloned();
        ready(
            host.map(Self)
                .ok_or_else(|| ApiError::new(ProblemCode::UnknownTenant)),
        )
    }
}

/// Whoever is signed in by a session or token, or nobody.
#[derive(Debug, Clone)]
pub struct Visitor(pub Option<Arc<CachedSession>>);

impl Visitor {
    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let session = request
            .extensions()
            .get::<TenantSession>()
            .and_then(|found| found.0.clone());
        let by_cookie = session.as_ref().is_some_and(|session| {
            matches!(
                session.credential,
                Credential::Session(_) | Credential::Support(_)
            )
        });
        if by_cookie {
            web::csrf::guard_cookie(request)?;
        }
        Ok(Self(session))
    }

    /// A member of staff who looks in, and the tenant.
    pub(super) fn guest(&self) -> Option<(TenantId, &SupportGuest)> {
        let session = self.0.as_deref()?;
        let guest = session.support.as_ref();
        guest.map(|guest| (session.tenant_id, guest))
    }

    /// The session, unless nobody is signed in or it is by a token.
    #[must_use]
    pub fn session(&self) -> Option<(&CachedSession, SessionId)> {
        let session = self.0.as_deref()?;
        session.session_id().map(|id| (session, id))
    }

    /// The session that a sign-in is to put another one in the place of.
    #[must_use]
    pub fn replaced(&self) -> Option<(MemberId, SessionId)> {
        self.session().map(|(session, id)| (session.member_id, id))
    }
}

impl FromRequest for Visitor {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// Somebody who is signed in, by session or token.
#[derive(Debug, Clone)]
pub struct SignedIn(pub Arc<CachedSession>);

impl SignedIn {
    /// The session; a token is not enough for what its owner does with their own credentials.
    ///
    /// # Errors
    /// 401 for a token.
    pub fn session_id(&self) -> Result<SessionId, ApiError> {
        self.0.session_id().ok_or_else(|| {
            ApiError::new(ProblemCode::Unauthenticated)
                .detail("A personal access token is good for the API; this needs a session.")
        })
    }

    /// The member with their session, as use cases ask for one who makes something of their own.
    ///
    /// # Errors
    /// 401 for a token.
    pub fn holder(&self) -> Result<Holder, ApiError> {
        Ok(Holder {
            tenant: self.0.tenant_id,
            member: self.0.member_id,
            session: self.session_id()?,
        })
    }
}

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let unauthenticated = || ApiError::new(ProblemCode::Unauthenticated);
        ready(
            Visitor::of(request)
                .and_then(|Visitor(found)| found.map(SignedIn).ok_or_else(unauthenticated)),
        )
    }
}

/// The hash of the device cookie.
fn device_of(request: &HttpRequest) -> Option<TokenHash> {
    [false, true]
        .into_iter()
        .find_map(|insecure| request.cookie(device_cookie_name(insecure)))
        .and_then(|cookie| hash_link_token(cookie.value()))
}

/// Where a client of a listener without a gateway is, which is that of staff.
fn behind_the_back_office(request: &HttpRequest) -> Option<ClientAddress> {
    let auth = request.app_data::<Data<Auth>>()?;
    let lines = request.headers().get_all(auth.access.header());
    let lines = lines.map(|line| line.to_str().unwrap_or_default());
    let peer = request.peer_addr()?.ip();
    Some(auth.access.locate_staff(peer, lines))
}

/// Somebody who looks after the tenant in this request. Whether they are an architect, the use cases
/// ask.
#[derive(Debug, Clone)]
pub struct Acting {
    /// The tenant.
    pub tenant: TenantHost,
    /// Who is signed in.
    pub signed_in: SignedIn,
    request_id: RequestId,
}

impl Acting {
    /// The one who acts, as use cases ask for them.
    #[must_use]
    pub fn administrator(&self) -> Administrator<'_> {
        Administrator {
            tenant: &self.tenant,
            session: &self.signed_in.0,
            request_id: &self.request_id,
        }
    }

    /// The same, when they are signed in by a session or by a token of this scope.
    ///
    /// # Errors
    /// 403 for a token without the scope.
    pub fn scoped(&self, scope: Scope) -> Result<Administrator<'_>, ApiError> {
        if self.signed_in.0.actor().may_use(scope) {
            return Ok(self.administrator());
        }
        let missing = format!("The token needs the scope `{}`.", scope.as_str());
        Err(ApiError::new(ProblemCode::ScopeMissing).detail(missing))
    }
}

impl FromRequest for Acting {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let tenant = Tenant::from_request(request, payload).into_inner();
        let signed_in = SignedIn::from_request(request, payload).into_inner();
        ready(tenant.and_then(|Tenant(tenant)| {
            Ok(Self {
                tenant,
                signed_in: signed_in?,
                request_id: RequestIdExt::of(request),
            })
        }))
    }
}

/// The client of a request.
#[derive(Debug, Clone)]
pub struct ClientInfo(pub Client);

impl FromRequest for ClientInfo {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let told = request.extensions().get::<ClientAddress>().copied();
        let told = told.or_else(|| behind_the_back_office(request));
        let ip = told.map(|told| told.ip);
        let ip = ip.or_else(|| request.peer_addr().map(|peer| peer.ip().to_canonical()));
        let country = told.and_then(|told| told.country);
        let agent = request
            .headers()
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok());
        let client = Client::new(ip, country, device_name(agent));
        ready(Ok(Self(client.with_device(device_of(request)))))
    }
}
