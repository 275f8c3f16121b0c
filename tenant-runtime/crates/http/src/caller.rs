//! Who calls: the identity that the gateway signed, made a context for use cases.
//!
//! The header is the only thing trusted. [`Verifier`] remembers what it has verified, so a request
//! costs one look-up, no cryptography.

use std::{
    future::{Ready, ready},
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload};
use chrono::{DateTime, Utc};
use clock::Clock;
use db::{TenantDb, TenantPools};
use identity::Verifier;
use kernel::{RequestContext, Scope, TenantContext};
use tr_app::webhooks::Webhooks;
use tr_cache::Cache;
use tr_live::Hub;
use web::{ApiError, ProblemCode, RequestIdExt, Tenant};

use crate::failure::Failure;

/// Called after a request has committed, so that its events are not left to wait.
type Committed = Box<dyn Fn(TenantContext) + Send + Sync>;

/// What every handler needs; in the app's data. Clones share it.
#[derive(Clone)]
pub struct Api(Arc<Parts>);

struct Parts {
    verifier: Verifier,
    clock: Clock,
    pools: TenantPools,
    cache: Cache,
    hub: Hub,
    webhooks: Webhooks,
    committed: Committed,
    in_flight: AtomicU32,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api")
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl Api {
    /// An API for callers whose identity `verifier` accepts.
    #[must_use]
    pub fn new(
        verifier: Verifier,
        clock: Clock,
        pools: TenantPools,
        cache: Cache,
        hub: Hub,
        webhooks: Webhooks,
        committed: impl Fn(TenantContext) + Send + Sync + 'static,
    ) -> Self {
        let committed = Box::new(committed);
        Self(Arc::new(Parts {
            verifier,
            clock,
            pools,
            cache,
            hub,
            webhooks,
            committed,
            in_flight: AtomicU32::new(0),
        }))
    }

    /// How many calls are being worked on.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.0.in_flight.load(Ordering::Relaxed)
    }

    fn context(&self, request: &HttpRequest) -> Result<RequestContext, ApiError> {
        let now = self.0.clock.now();
        let token = request
            .headers()
            .get(identity::HEADER)
            .and_then(|value| value.to_str().ok())
            .ok_or(ProblemCode::IdentityInvalid)?;
        let claims = self
            .0
            .verifier
            .verify(token, now)
            .map_err(|error| ApiError::new(ProblemCode::IdentityInvalid).because(&error))?;
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

/// What one who listens needs.
pub(crate) struct LiveParts {
    /// Who listens, and where.
    pub(crate) context: RequestContext,
    /// Where things are heard.
    pub(crate) hub: Hub,
}

/// A scope that a route needs of a token.
pub(crate) trait Needs: 'static {
    /// The scope.
    const SCOPE: Scope;
}

/// Needs `work_items:read`.
#[derive(Debug)]
pub(crate) struct ReadItems;
/// Needs `work_items:write`.
#[derive(Debug)]
pub(crate) struct WriteItems;
/// Needs `members:read`.
#[derive(Debug)]
pub(crate) struct ReadMembers;
/// Needs `members:write`.
#[derive(Debug)]
pub(crate) struct WriteMembers;
/// Needs `admin`.
#[derive(Debug)]
pub(crate) struct Administer;

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
impl Needs for Administer {
    const SCOPE: Scope = Scope::Admin;
}

/// A verified caller whose token, when it is limited to scopes, has the one that the route needs.
#[derive(Debug)]
pub(crate) struct Caller<S> {
    /// The context for use cases.
    pub(crate) context: RequestContext,
    api: Api,
    scope: PhantomData<S>,
}

impl<S> Caller<S> {
    /// The caller's tenant's database.
    pub(crate) async fn db(&self) -> Result<TenantDb, Failure> {
        Ok(self.api.0.pools.get(&self.context.tenant).await?)
    }

    /// Answers that were computed before.
    pub(crate) fn cache(&self) -> &Cache {
        &self.api.0.cache
    }

    /// What webhooks are kept with.
    pub(crate) fn webhooks(&self) -> &Webhooks {
        &self.api.0.webhooks
    }

    /// What is needed to listen, for longer than the call lasts.
    pub(crate) fn live(&self) -> LiveParts {
        LiveParts {
            context: self.context.clone(),
            hub: self.api.0.hub.clone(),
        }
    }

    /// Something was committed.
    pub(crate) fn committed(&self) {
        self.api.0.hub.committed(self.context.tenant);
        (self.api.0.committed)(self.context.tenant);
    }
}

/// Somebody who follows a link, signed in or not: the gateway says for which tenant, and that is all
/// that is known.
#[derive(Debug)]
pub(crate) struct Visitor {
    tenant: TenantContext,
    api: Api,
}

impl Visitor {
    /// The database of the tenant whose host they came to.
    pub(crate) async fn db(&self) -> Result<TenantDb, Failure> {
        Ok(self.api.0.pools.get(&self.tenant).await?)
    }

    /// Now.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.api.0.clock.now()
    }
}

impl FromRequest for Visitor {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready((|| {
            let api = request.app_data::<Api>().ok_or(ProblemCode::Internal)?;
            let tenant = api.context(request)?.tenant;
            let api = api.clone();
            Ok(Self { tenant, api })
        })())
    }
}

impl<S> Drop for Caller<S> {
    fn drop(&mut self) {
        self.api.0.in_flight.fetch_sub(1, Ordering::Relaxed);
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
    let api = request.app_data::<Api>().ok_or(ProblemCode::Internal)?;
    let context = api.context(request)?;
    if !context.actor.may_use(S::SCOPE) {
        return Err(ApiError::new(ProblemCode::ScopeMissing)
            .detail(format!("the token needs the scope {}", S::SCOPE.as_str())));
    }
    api.0.in_flight.fetch_add(1, Ordering::Relaxed);
    Ok(Caller {
        context,
        api: api.clone(),
        scope: PhantomData,
    })
}
