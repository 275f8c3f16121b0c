//! Who calls: the identity that the gateway signed, made a context for use cases.
//!
//! The header is the only thing trusted. [`identity::Verifier`] remembers what it has verified,
//! so a request costs one look-up, no cryptography.

use std::{
    future::{Ready, ready},
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload};
use identity::{IdentityError, Verifier};
use kernel::{RequestContext, Scope};
use web::{ApiError, ProblemCode, RequestIdExt, Tenant};

/// The header with the signed identity.
pub const IDENTITY_HEADER: &str = "x-trellis-identity";

/// What an extractor of [`Caller`] needs; in the app's data.
#[derive(Debug, Clone)]
pub struct Callers {
    verifier: Verifier,
    clock: clock::Clock,
    in_flight: Arc<AtomicU32>,
}

impl Callers {
    /// Callers whose identity `verifier` accepts.
    #[must_use]
    pub fn new(verifier: Verifier, clock: clock::Clock) -> Self {
        Self {
            verifier,
            clock,
            in_flight: Arc::default(),
        }
    }

    /// How many calls are being worked on.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    fn context(&self, request: &HttpRequest) -> Result<RequestContext, ApiError> {
        let now = self.clock.now();
        let token = request
            .headers()
            .get(IDENTITY_HEADER)
            .and_then(|value| value.to_str().ok())
            .ok_or_else(|| refused("the signed identity is missing"))?;
        let claims = self
            .verifier
            .verify(token, now)
            .map_err(|error| not_valid(&error))?;
        request
            .extensions_mut()
            .insert(Tenant(claims.tenant.tenant));
        Ok(RequestContext {
            tenant: claims.tenant,
            actor: claims.actor.clone(),
            request_id: RequestIdExt::of(request),
            now,
        })
    }
}

fn refused(detail: &'static str) -> ApiError {
    ApiError::new(ProblemCode::IdentityInvalid).detail(detail)
}

fn not_valid(error: &IdentityError) -> ApiError {
    ApiError::new(ProblemCode::IdentityInvalid).detail(error.to_string())
}

/// A scope that a route needs of a token.
pub trait Needs: 'static {
    /// The scope.
    const SCOPE: Scope;
}

/// Needs `work_items:read`.
#[derive(Debug)]
pub struct ReadItems;
/// Needs `work_items:write`.
#[derive(Debug)]
pub struct WriteItems;
/// Needs `members:read`.
#[derive(Debug)]
pub struct ReadMembers;
/// Needs `members:write`.
#[derive(Debug)]
pub struct WriteMembers;

impl Needs for ReadItems {
    const SCOPE: Scope = Scope::WorkItemsRead;
}
impl Needs for WriteItems {
    const SCOPE: Scope = Scope::WorkItemsWrite;
}
impl Needs for ReadMembers {
    const SCOPE: Scope = Scope::MembersRead;
}
impl Needs for WriteMembers {
    const SCOPE: Scope = Scope::MembersWrite;
}

/// A verified caller whose token, when it is limited to scopes, has the one that the route needs.
#[derive(Debug)]
pub struct Caller<S> {
    /// The context for use cases.
    pub context: RequestContext,
    _working: Working,
    scope: PhantomData<S>,
}

/// Counts a call while it is worked on.
#[derive(Debug)]
struct Working(Arc<AtomicU32>);

impl Working {
    fn start(count: &Arc<AtomicU32>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S: Needs> FromRequest for Caller<S> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(call::<S>(request))
    }
}

fn call<S: Needs>(request: &HttpRequest) -> Result<Caller<S>, ApiError> {
    let callers = request.app_data::<Callers>().ok_or(ProblemCode::Internal)?;
    let context = callers.context(request)?;
    if !context.actor.may_use(S::SCOPE) {
        return Err(ApiError::new(ProblemCode::ScopeMissing)
            .detail(format!("the token needs the scope {}", S::SCOPE.as_str())));
    }
    Ok(Caller {
        context,
        _working: Working::start(&callers.in_flight),
        scope: PhantomData,
    })
}
