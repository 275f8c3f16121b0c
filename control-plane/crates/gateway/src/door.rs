//! The middleware at the gateway's door: whose host is it, who asks, who answers.

use std::{
    future::{Ready, ready},
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    Error, HttpMessage as _, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform},
    http::{Method, header::HOST},
};
use cp_app::sessions::{
    CachedSession, ClientAddress, Found, PeopleHost, PresentedCredential, TenantHost, TenantSession,
};
use cp_domain::{HostName, Route, Service as Serving};
use futures_util::future::LocalBoxFuture;
use kernel::RequestId;
use web::{ApiError, ProblemCode};

use crate::{
    auth::{Shown, refuse_cross_site, shown},
    gateway::{Gateway, Shared},
    pages,
    paths::{self, Owner},
    policy::{self, Asking},
    proxy::{Errand, Passed, Proxy, upgrade},
    rates::TooFast,
    rotation::{self, Renewed},
    streams::Listener,
    watch::{Opener, until_ended},
};

/// When to ask again for a tenant that is being made, in seconds.
const PREPARING_RETRY: u32 = 2;
/// When to come again, in seconds.
const RETRY_AFTER: u32 = 1;

/// Wraps the app of the tenant hosts: it gets what belongs to the control plane, with
/// [`TenantHost`] and [`TenantSession`] in the request's extensions; the rest goes to a node.
#[derive(Debug, Clone)]
pub struct Door(Gateway);

impl Door {
    /// The door of a gateway.
    #[must_use]
    pub const fn new(gateway: Gateway) -> Self {
        Self(gateway)
    }
}

impl<S, B> Transform<S, ServiceRequest> for Door
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B, EitherBody<Passed>>>;
    type Error = Error;
    type Transform = DoorService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let shared = Arc::clone(&self.0.0);
        let proxy = Proxy::new(Arc::clone(&shared.relay));
        ready(Ok(DoorService {
            service: Rc::new(service),
            keeper: Rc::new(Keeper { shared, proxy }),
        }))
    }
}

/// The door of one thread.
pub struct DoorService<S> {
    service: Rc<S>,
    keeper: Rc<Keeper>,
}

struct Keeper {
    shared: Arc<Shared>,
    proxy: Proxy,
}

/// What was found out about a request.
struct Visitor {
    route: Arc<Route>,
    host: String,
    shown: Shown,
    found: Found,
    from: Option<ClientAddress>,
}

/// A request that goes no further.
enum Stopped {
    /// With a problem.
    Problem(ApiError),
    /// With an answer for a browser or a program.
    Answer(HttpResponse),
}

impl From<ApiError> for Stopped {
    fn from(error: ApiError) -> Self {
        Self::Problem(error)
    }
}

impl From<ProblemCode> for Stopped {
    fn from(code: ProblemCode) -> Self {
        Self::Problem(code.into())
    }
}

impl<S, B> Service<ServiceRequest> for DoorService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B, EitherBody<Passed>>>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let service = Rc::clone(&self.service);
        let keeper = Rc::clone(&self.keeper);
        Box::pin(async move {
            if paths::is_health(request.path()) {
                return Ok(service.call(request).await?.map_into_left_body());
            }
            let from = keeper.shared.locate(request.request());
            if let Some(from) = from {
                request.extensions_mut().insert(from);
            }
            match keeper.is_people(request.request(), from).await {
                Ok(false) => {}
                Ok(true) => {
                    request.extensions_mut().insert(PeopleHost);
                    return Ok(service.call(request).await?.map_into_left_body());
                }
                Err(stopped) => return Ok(stop(request.into_parts().0, stopped)),
            }
            let mut visitor = match keeper.admit(request.request(), from).await {
                Ok(visitor) => visitor,
                Err(stopped) => return Ok(stop(request.into_parts().0, stopped)),
            };
            let renewed = keeper.renew(&mut request, &mut visitor).await;
            let mut response = let_in(&service, &keeper, request, visitor).await?;
            if let Some(renewed) = renewed {
                renewed.put_into(response.headers_mut());
            }
            Ok(response)
        })
    }
}

/// Hands a request that was admitted to who answers it.
async fn let_in<S, B>(
    service: &S,
    keeper: &Keeper,
    mut request: ServiceRequest,
    visitor: Visitor,
) -> Result<ServiceResponse<EitherBody<B, EitherBody<Passed>>>, Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    request
        .extensions_mut()
        .insert(web::Tenant(visitor.route.tenant));
    if paths::owner(request.method(), request.path()) == Owner::ControlPlane {
        // Routes answer GET; the server leaves the body of the answer to a HEAD out.
        if *request.method() == Method::HEAD {
            request.head_mut().method = Method::GET;
        }
        request.extensions_mut().insert(tenant_host(&visitor.route));
        request
            .extensions_mut()
            .insert(TenantSession(visitor.found));
        return Ok(service.call(request).await?.map_into_left_body());
    }
    let (request, payload) = request.into_parts();
    if visitor.found.is_none()
        && !paths::is_for_visitors(request.path())
        && let Some(way) = pages::to_sign_in(&request)
    {
        let way = way.map_into_right_body().map_into_right_body();
        return Ok(ServiceResponse::new(request, way));
    }
    match keeper.send(&request, payload, visitor).await {
        Ok(response) => {
            let response = response.map_into_left_body().map_into_right_body();
            Ok(ServiceResponse::new(request, response))
        }
        Err(error) => Ok(stop(request, error.into())),
    }
}

fn stop<B>(
    request: HttpRequest,
    stopped: Stopped,
) -> ServiceResponse<EitherBody<B, EitherBody<Passed>>> {
    let response = match stopped {
        Stopped::Problem(error) => HttpResponse::from_error(error),
        Stopped::Answer(response) => response,
    };
    ServiceResponse::new(
        request,
        response.map_into_right_body().map_into_right_body(),
    )
}

fn tenant_host(route: &Route) -> TenantHost {
    TenantHost {
        tenant_id: route.tenant,
        slug: route.slug.as_str().into(),
        name: route.name.as_str().into(),
    }
}

impl Keeper {
    /// Whether the request is for the host of people, which no tenant's session opens. What it
    /// changes must come from there.
    async fn is_people(
        &self,
        request: &HttpRequest,
        from: Option<ClientAddress>,
    ) -> Result<bool, Stopped> {
        let host = host_of(request)?;
        if HostName::parse(&host, &self.shared.host.base_domain) != HostName::Id {
            return Ok(false);
        }
        let shown = shown(request.headers(), self.shared.host.insecure_cookies);
        if shown.is_cookie() && !paths::is_safe(request.method()) {
            refuse_cross_site(request.headers(), &host)?;
        }
        self.count_nobody(from)?;
        if let Err(refusal) = self.shared.judge_people(from).await?
            && !paths::is_for_the_refused(request.path())
        {
            self.shared.note_refusal(request, None, &None, refusal);
            return Err(Stopped::Answer(policy::turn_away(request, refusal)));
        }
        Ok(true)
    }

    /// Finds out which tenant the request is for and who asks, and whether they may from there.
    async fn admit(
        &self,
        request: &HttpRequest,
        from: Option<ClientAddress>,
    ) -> Result<Visitor, Stopped> {
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Err(ProblemCode::MethodNotAllowed.into());
        }
        let host = host_of(request)?;
        let shown = shown(request.headers(), self.shared.host.insecure_cookies);
        self.check_guesses(&shown, from)?;
        let route = match HostName::parse(&host, &self.shared.host.base_domain) {
            HostName::Tenant(slug) => self.shared.routes.by_slug(slug).await.map_err(away)?,
            HostName::Api => self.route_of_token(&shown).await?,
            // Led away before.
            HostName::Id | HostName::Foreign => None,
        };
        let route = route.ok_or(ProblemCode::UnknownTenant)?;
        check_service(&route)?;
        let changes = !paths::is_safe(request.method());
        if shown.is_cookie() && (changes || upgrade(request.headers()).is_some()) {
            refuse_cross_site(request.headers(), &host)?;
        }
        let found = match shown.credential() {
            Some(credential) => self.found(&route, credential).await?,
            None => None,
        };
        match &found {
            Some(session) => {
                let counted = self.shared.rates.count(session.credential, route.tenant);
                counted.map_err(too_fast)?;
            }
            None => self.count_nobody(from)?,
        }
        let asking = Asking::of(&found, request.path());
        let found = match self.shared.judge(&route, asking, from).await? {
            Ok(()) => found,
            Err(_) if paths::is_sign_out(request.path()) => found,
            Err(_) if paths::is_for_the_refused(request.path()) => None,
            Err(refusal) => {
                self.shared
                    .note_refusal(request, Some(&route), &found, refusal);
                return Err(Stopped::Answer(policy::turn_away(request, refusal)));
            }
        };
        Ok(Visitor {
            route,
            host,
            shown,
            found,
            from,
        })
    }

    /// Gives the browser of a marked session another cookie when it goes to a page. The request
    /// goes on as if it had come with that one.
    async fn renew(&self, request: &mut ServiceRequest, visitor: &mut Visitor) -> Option<Renewed> {
        let session = visitor.found.as_ref().filter(|found| found.rotate_due)?;
        let PresentedCredential::Cookie(hash) = visitor.shown.credential()? else {
            return None;
        };
        if !rotation::can_take_a_cookie(request.request()) {
            return None;
        }
        let rotated = match self.shared.access.rotate(session, hash).await {
            Ok(rotated) => rotated?,
            Err(error) => {
                tracing::warn!(%error, "a session goes on with the cookie of its former role");
                return None;
            }
        };
        let insecure = self.shared.host.insecure_cookies;
        let renewed = Renewed::of(&rotated, insecure, self.shared.clock.now())?;
        renewed.put_into_request(request.headers_mut());
        visitor.shown = Shown::Credential(rotated.credential);
        visitor.found = Some(Arc::new(rotated.session));
        Some(renewed)
    }

    /// Refuses before anything is looked up when too many from there showed nothing good; whoever
    /// showed something good lately is not among them, even at the same address.
    fn check_guesses(&self, shown: &Shown, from: Option<ClientAddress>) -> Result<(), ApiError> {
        let access = &self.shared.access;
        let known = shown.credential();
        if known.is_some_and(|credential| access.was_good(credential)) {
            return Ok(());
        }
        let checked = from.map_or(Ok(()), |from| self.shared.rates.check_nobody(from.ip));
        checked.map_err(too_fast)
    }

    fn count_nobody(&self, from: Option<ClientAddress>) -> Result<(), ApiError> {
        let counted = from.map_or(Ok(()), |from| self.shared.rates.count_nobody(from.ip));
        counted.map_err(too_fast)
    }

    /// The tenant of the host without a tenant: only a token says which.
    async fn route_of_token(&self, shown: &Shown) -> Result<Option<Arc<Route>>, ApiError> {
        let unauthenticated = || ApiError::new(ProblemCode::Unauthenticated);
        let Some(PresentedCredential::Bearer(hash)) = shown.credential() else {
            return Err(unauthenticated());
        };
        let tenant = self.shared.routes.of_token(hash).await.map_err(away)?;
        let tenant = tenant.ok_or_else(unauthenticated)?;
        self.shared.routes.by_tenant(tenant).await.map_err(away)
    }

    async fn found(
        &self,
        route: &Route,
        credential: &PresentedCredential,
    ) -> Result<Found, ApiError> {
        let found = self.shared.access.resolve(route.tenant, credential).await;
        let found = found.map_err(|error| {
            ApiError::new(ProblemCode::Unavailable)
                .retry_after(RETRY_AFTER)
                .because(&*error)
        })?;
        // The directory looks under the host's tenant, so this never happens; it must not.
        Ok(found.filter(|session| session.tenant_id == route.tenant))
    }

    /// Sends the request to a node in the name of who asks.
    async fn send(
        &self,
        request: &HttpRequest,
        payload: Payload,
        visitor: Visitor,
    ) -> Result<HttpResponse<Passed>, ApiError> {
        let session = match &visitor.found {
            // Whoever is signed in is a visitor there like everybody else.
            _ if paths::is_for_visitors(request.path()) => None,
            Some(session) => Some(session),
            None => return Err(ProblemCode::Unauthenticated.into()),
        };
        let identity = self.identity(&visitor.route, session)?;
        let request_id = request.extensions().get::<RequestId>().cloned();
        let request_id = request_id.unwrap_or_else(|| self.shared.clock.new_request_id());
        let over = || -> LocalBoxFuture<'static, ()> {
            let (Some(credential), Some(session)) = (visitor.shown.credential(), session) else {
                return Box::pin(std::future::ready(()));
            };
            let opener = Opener {
                credential: *credential,
                session: Arc::clone(session),
                from: visitor.from,
            };
            Box::pin(until_ended(Arc::clone(&self.shared), opener))
        };
        let errand = Errand {
            ring: visitor.route.ring,
            identity,
            listener: Listener {
                tenant: visitor.route.tenant,
                credential: session.map(|session| session.credential),
            },
            host: &visitor.host,
            request_id: request_id.as_str(),
            over: &over,
        };
        self.proxy.forward(request, payload, errand).await
    }

    fn identity(
        &self,
        route: &Route,
        session: Option<&Arc<CachedSession>>,
    ) -> Result<http::HeaderValue, ApiError> {
        let (now, identities) = (self.shared.clock.now(), &self.shared.identities);
        let signed = match session {
            Some(session) => identities.header(route.context(), session, now),
            None => identities.visitor(route.context(), now),
        };
        signed.map_err(|error| {
            ApiError::new(ProblemCode::Unavailable)
                .retry_after(RETRY_AFTER)
                .because(&error)
        })
    }
}

/// The host that the client asks: of the request target when it has one (RFC 9112 §3.2.2), else of
/// the header, which must stand once.
fn host_of(request: &HttpRequest) -> Result<String, ApiError> {
    if let Some(authority) = request.uri().authority() {
        return Ok(authority.as_str().to_owned());
    }
    let mut hosts = request.headers().get_all(HOST);
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host
            .to_str()
            .map(str::to_owned)
            .map_err(|_| ProblemCode::UnknownTenant.into()),
        (None, _) => Err(ProblemCode::UnknownTenant.into()),
        _ => Err(ApiError::new(ProblemCode::InvalidHeader).detail("Host stands twice")),
    }
}

fn too_fast(TooFast { retry_after }: TooFast) -> ApiError {
    ApiError::new(ProblemCode::TooManyRequests)
        .detail("too many requests per second")
        .retry_after(retry_after)
}

fn check_service(route: &Route) -> Result<(), ApiError> {
    match route.service {
        Serving::Open => Ok(()),
        Serving::Suspended => Err(ProblemCode::TenantSuspended.into()),
        Serving::Gone => Err(ProblemCode::UnknownTenant.into()),
        Serving::Preparing => Err(ApiError::new(ProblemCode::Unavailable)
            .detail("the tenant is being prepared")
            .retry_after(PREPARING_RETRY)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn away(error: crate::routes::CatalogueAway) -> ApiError {
    ApiError::new(ProblemCode::Unavailable)
        .retry_after(RETRY_AFTER)
        .because(&error)
}
