//! The API in this process, with a fixed clock, databases of its own and identities signed by a
//! key of the test.

mod answer;
mod seed;
mod tenant;

use std::{
    collections::HashMap,
    net::SocketAddr,
    rc::Rc,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use actix_web::{
    App,
    dev::Service as _,
    http::{Method, header::CONTENT_TYPE},
    test::{TestRequest, init_service},
};
use clock::Clock;
use db::{Placement, PlacementError, Placements, PoolBudget, TenantPools, async_trait};
use futures_util::future::LocalBoxFuture;
use identity::{Signer, Verifier, generate_key};
use kernel::TenantId;
use outbound::{Fetcher, Guard, Names};
use seal::{KeyRing, Sealer};
use tr_app::webhooks::Webhooks;
use tr_cache::{Cache, CacheSettings};
use tr_http::Api;
use tr_live::{Hub, HubSettings};

pub use answer::Answer;
pub use tenant::{Person, Tenant};

type Handle = Rc<dyn Fn(TestRequest) -> LocalBoxFuture<'static, Answer>>;

/// The API in this process.
#[derive(Clone)]
pub struct TestApp {
    /// The clock; it stands until a test moves it.
    pub clock: Clock,
    /// Signs the identities.
    pub signer: Arc<Signer>,
    /// The tenants' databases.
    pub pools: TenantPools,
    /// Where what happens is heard.
    pub hub: Hub,
    /// What handlers need.
    api: Api,
    places: Arc<Places>,
    handle: Handle,
}

/// Where the tenants of the test are.
#[derive(Default)]
pub struct Places(RwLock<HashMap<TenantId, Arc<Placement>>>);

impl Places {
    pub fn put(&self, placement: Placement) {
        let mut places = self.0.write().unwrap_or_else(PoisonError::into_inner);
        places.insert(placement.tenant.tenant, Arc::new(placement));
    }
}

#[async_trait]
impl Placements for Places {
    async fn placement(&self, tenant: TenantId) -> Result<Arc<Placement>, PlacementError> {
        let places = self.0.read().unwrap_or_else(PoisonError::into_inner);
        places.get(&tenant).cloned().ok_or(PlacementError::Unknown)
    }
}

impl TestApp {
    /// An app without tenants.
    pub async fn new() -> Self {
        Self::with(HubSettings::default()).await
    }

    /// An app without tenants whose hub works like this.
    pub async fn with(settings: HubSettings) -> Self {
        let clock = testkit::clock();
        let signer = Arc::new(Signer::new("test", generate_key()));
        let places = Arc::new(Places::default());
        let pools = TenantPools::new(PoolBudget::default(), places.clone());
        let verifier = Verifier::new(vec![signer.public()]).expect("the test's key");
        let cache = Cache::new(CacheSettings::default(), None);
        let hub = Hub::new(pools.clone(), settings, None);
        let api = Api::new(
            verifier,
            clock.clone(),
            pools.clone(),
            cache,
            hub.clone(),
            webhooks(),
            |_| {},
        );
        let allow = web::AllowTable::from_openapi(&tr_http::openapi());
        let app = App::new()
            .app_data(api.clone())
            .app_data(allow)
            .configure(tr_http::configure)
            .configure(web::configure_app)
            .wrap(actix_web::middleware::from_fn(tr_http::in_trace))
            .wrap(web::Edge::new(clock.clone()));
        let service = Rc::new(init_service(app).await);
        let handle: Handle = Rc::new(move |request| {
            let service = Rc::clone(&service);
            Box::pin(async move {
                match service.call(request.to_request()).await {
                    Ok(response) => Answer::read(response).await,
                    Err(error) => Answer::of_error(error).await,
                }
            })
        });
        Self {
            clock,
            signer,
            pools,
            hub,
            api,
            places,
            handle,
        }
    }

    /// Serves the API on a port of its own; gives the address.
    pub fn serve(&self) -> SocketAddr {
        let (api, clock) = (self.api.clone(), self.clock.clone());
        let listen = web::Listen {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            workers: 1,
        };
        let bound = web::bind(listen, move || {
            App::new()
                .app_data(api.clone())
                .configure(tr_http::configure)
                .configure(web::configure_app)
                .wrap(web::Edge::new(clock.clone()))
        })
        .expect("a free port");
        let address = bound.addresses()[0];
        actix_web::rt::spawn(bound.run(std::future::pending()));
        address
    }

    /// A new tenant with its own database and nobody in it.
    pub async fn tenant(&self, slug: &'static str) -> Tenant {
        Tenant::new(self.clone(), slug).await
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: TestRequest) -> Answer {
        (self.handle)(request).await
    }

    /// A request without anything.
    pub fn request(method: Method, path: &str) -> TestRequest {
        TestRequest::default()
            .method(method)
            .uri(path)
            .insert_header(("x-request-id", "test"))
    }

    /// A request with a body as it stands.
    pub fn with_body(request: TestRequest, body: impl Into<bytes::Bytes>) -> TestRequest {
        request
            .insert_header((CONTENT_TYPE, "application/json"))
            .set_payload(body)
    }
}

/// Secrets are sealed by a key of the test, and no name is known.
fn webhooks() -> Webhooks {
    let keys = KeyRing::parse(&seal::new_key_line()).expect("a new key");
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let names = Names::new(Some(nowhere));
    let fetcher = Fetcher::new(Guard::new(false), names, Duration::from_secs(1));
    Webhooks::new(Some(Sealer::new(keys)), fetcher)
}
