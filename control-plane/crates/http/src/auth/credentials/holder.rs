//! Who a request about credentials comes from: somebody signed in, somebody in the middle of
//! signing in, and in which browser.

use std::{future::Future, pin::Pin, sync::Arc};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    cookie::{Cookie, time::Duration},
    dev::Payload,
    web::Data,
};
use cp_app::{
    Auth,
    admission::{PendingSession, find_pending},
    factors::FactorHolder,
    sessions::{CachedSession, TenantHost, hash_link_token, new_browser_secret},
};
use cp_domain::TokenHash;
use secrecy::SecretString;
use web::{ApiError, ProblemCode};

use crate::auth::{
    context::Visitor,
    cookies::{cookie, cookie_name},
    problems,
};

type Waiting<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// A sign-in that waits for its second factor, or for one to be set up; or none.
#[derive(Debug, Clone)]
pub(crate) struct PendingSignIn(pub(crate) Option<PendingSession>);

impl PendingSignIn {
    /// The sign-in.
    ///
    /// # Errors
    /// 401 when none waits.
    pub(crate) fn get(self) -> Result<PendingSession, ApiError> {
        self.0.ok_or_else(|| {
            ApiError::new(ProblemCode::Unauthenticated)
                .detail("Give e-mail and password first, the second factor within ten minutes.")
        })
    }

    async fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let auth = request.app_data::<Data<Auth>>();
        let auth = auth.ok_or(ProblemCode::UnknownTenant)?;
        let tenant = request.extensions().get::<TenantHost>().cloned();
        let tenant = tenant.ok_or(ProblemCode::UnknownTenant)?;
        let cookie = request.cookie(cookie_name(auth.settings.insecure_cookies));
        let Some(hash) = cookie.and_then(|cookie| hash_link_token(cookie.value())) else {
            return Ok(Self(None));
        };
        let found = find_pending(auth, tenant.tenant_id, &hash)
            .await
            .map_err(|error| problems::store(&error))?;
        if found.is_some() {
            web::csrf::guard_cookie(request)?;
        }
        Ok(Self(found))
    }
}

impl FromRequest for PendingSignIn {
    type Error = ApiError;
    type Future = Waiting<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

/// Whose second factors are looked after.
#[derive(Debug, Clone)]
pub(crate) enum Holder {
    /// Somebody who is signed in.
    SignedIn(Arc<CachedSession>),
    /// Somebody who has to set one up before they are let in.
    Enrolling(Box<PendingSession>),
}

impl Holder {
    /// What the use cases take.
    pub(crate) fn get(&self) -> FactorHolder<'_> {
        match self {
            Self::SignedIn(session) => FactorHolder::SignedIn(session),
            Self::Enrolling(pending) => FactorHolder::Enrolling(pending),
        }
    }
}

impl FromRequest for Holder {
    type Error = ApiError;
    type Future = Waiting<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let visitor = Visitor::extract(&request).await?;
            if visitor.session().is_some()
                && let Some(session) = visitor.0
            {
                return Ok(Self::SignedIn(session));
            }
            let pending = PendingSignIn::of(&request).await?.0;
            pending
                .filter(PendingSession::is_enrolment)
                .map(|pending| Self::Enrolling(Box::new(pending)))
                .ok_or_else(|| ApiError::new(ProblemCode::Unauthenticated))
        })
    }
}

/// The browser that begins and ends a ceremony, known again by a cookie.
pub(crate) struct BrowserCookie {
    secret: SecretString,
    fresh: bool,
    insecure: bool,
    /// The hash of the cookie.
    pub(crate) hash: TokenHash,
}

const fn browser_cookie_name(insecure: bool) -> &'static str {
    if insecure {
        "trellis-flow"
    } else {
        "__Host-trellis-flow"
    }
}

impl BrowserCookie {
    /// The cookie to set, when the browser has none.
    pub(crate) fn to_set(&self) -> Option<Cookie<'static>> {
        let name = browser_cookie_name(self.insecure);
        self.fresh
            .then(|| cookie(name, &self.secret, Duration::hours(12), self.insecure))
    }

    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let auth = request.app_data::<Data<Auth>>();
        let insecure = auth.is_some_and(|auth| auth.settings.insecure_cookies);
        let kept = request
            .cookie(browser_cookie_name(insecure))
            .map(|cookie| SecretString::from(cookie.value().to_owned()));
        let hash_of = |secret: &SecretString| {
            use secrecy::ExposeSecret as _;
            hash_link_token(secret.expose_secret())
        };
        let kept = kept.filter(|secret| hash_of(secret).is_some());
        let fresh = kept.is_none();
        let secret = kept.unwrap_or_else(new_browser_secret);
        let hash = hash_of(&secret).ok_or(ProblemCode::BadRequest)?;
        Ok(Self {
            secret,
            fresh,
            insecure,
            hash,
        })
    }
}

impl FromRequest for BrowserCookie {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        std::future::ready(Self::of(request))
    }
}
