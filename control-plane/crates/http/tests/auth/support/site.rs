//! The routes in an app, with a gateway's part played by a few lines.

use std::rc::Rc;

use actix_http::Request;
use actix_web::{
    App, Error, HttpMessage as _,
    body::MessageBody,
    cookie::Cookie,
    dev::{Service, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, SET_COOKIE},
    },
    middleware::{Next, from_fn},
    test::{self, TestRequest},
    web::Data,
};
use cp_app::{
    Auth,
    fleet::Fleet,
    sessions::{PeopleHost, PresentedCredential, TenantHost, TenantSession},
};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};
use utoipa_actix_web::AppExt as _;

use super::{PASSWORD, Stage, TestMember, TestTenant};

type Handler = Rc<dyn Fn(Request) -> LocalBoxFuture<'static, Answer>>;

/// A tenant's host, or the staff API's listener.
#[derive(Clone)]
pub struct Site {
    handler: Handler,
    host: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON, with what differs from run to run taken out.
    #[track_caller]
    pub fn json(&self) -> Value {
        let mut body: Value = serde_json::from_str(&self.text).unwrap();
        if let Some(id) = body.get_mut("request_id") {
            assert!(id.as_str().is_some_and(|id| !id.is_empty()));
            *id = json!("[request id]");
        }
        sorted(body)
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A cookie that it sets.
    pub fn cookie(&self, name: &str) -> Option<Cookie<'static>> {
        self.headers
            .get_all(SET_COOKIE)
            .filter_map(|line| Cookie::parse(line.to_str().ok()?.to_owned()).ok())
            .find(|cookie| cookie.name() == name)
    }
}

/// With the members of objects by name: which crates a build has decides about their order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let members: std::collections::BTreeMap<_, _> = members.into_iter().collect();
            members
                .into_iter()
                .map(|(name, value)| (name, sorted(value)))
                .collect()
        }
        other => other,
    }
}

/// `name=value` of a cookie that an answer sets.
#[track_caller]
pub fn cookie_of(answer: &Answer, name: &str) -> String {
    let cookie = answer.cookie(name).unwrap();
    format!("{name}={}", cookie.value())
}

impl Site {
    /// The host of a tenant, served by this process.
    pub async fn of(auth: &Auth, tenant: &TestTenant) -> Self {
        let host = tenant.host.clone();
        let gateway = auth.clone();
        let app = App::new()
            .app_data(Data::new(auth.clone()))
            .wrap(from_fn(move |request, next| {
                resolve(gateway.clone(), host.clone(), request, next)
            }))
            .wrap(web::Edge::new(auth.clock.clone()))
            .configure(web::configure_app)
            .configure(cp_http::auth::configure);
        let host = format!("{}.trellis.localhost:8080", tenant.host.slug);
        Self {
            handler: handler(test::init_service(app).await),
            host,
        }
    }

    /// The host of people, served by this process.
    pub async fn of_people(auth: &Auth) -> Self {
        let app = App::new()
            .app_data(Data::new(auth.clone()))
            .wrap(from_fn(people))
            .wrap(web::Edge::new(auth.clock.clone()))
            .configure(web::configure_app)
            .configure(cp_http::auth::configure);
        Self {
            handler: handler(test::init_service(app).await),
            host: "id.trellis.localhost:8080".to_owned(),
        }
    }

    /// Its host name, with the port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The listener of the staff API.
    pub async fn of_staff(auth: &Auth) -> Self {
        let (app, _) = App::new()
            .into_utoipa_app()
            .configure(cp_http::staff_auth::documented_routes)
            .split_for_parts();
        let app = app
            .app_data(Data::new(auth.clone()))
            .wrap(web::Edge::new(auth.clock.clone()))
            .configure(web::configure_app);
        let host = "127.0.0.1:8081".to_owned();
        Self {
            handler: handler(test::init_service(app).await),
            host,
        }
    }

    /// The listener of the staff API with all its routes.
    pub async fn of_staff_api(auth: &Auth) -> Self {
        let fleet = Fleet {
            central: auth.central.clone(),
            clock: auth.clock.clone(),
            sealer: auth.sealer.clone(),
            pushes: auth.pushes.clone(),
            links: auth.links.clone(),
            nudge: std::sync::Arc::default(),
        };
        let app = App::new()
            .app_data(Data::new(auth.clone()))
            .app_data(Data::new(fleet))
            .wrap(web::Edge::new(auth.clock.clone()))
            .configure(web::configure_app)
            .configure(cp_http::staff::configure);
        Self {
            handler: handler(test::init_service(app).await),
            host: "127.0.0.1:8081".to_owned(),
        }
    }

    pub async fn send(&self, request: TestRequest) -> Answer {
        let request = request
            .peer_addr(([127, 0, 0, 1], 40_000).into())
            .insert_header((HOST, self.host.as_str()));
        (self.handler)(request.to_request()).await
    }

    /// A request that says another host.
    pub async fn send_to_host(&self, request: TestRequest, host: &str) -> Answer {
        let request = request
            .peer_addr(([127, 0, 0, 1], 40_000).into())
            .insert_header((HOST, host));
        (self.handler)(request.to_request()).await
    }

    /// A request from another machine.
    pub async fn send_from(&self, request: TestRequest, address: [u8; 4]) -> Answer {
        let request = request
            .peer_addr((address, 40_000).into())
            .insert_header((HOST, self.host.as_str()));
        (self.handler)(request.to_request()).await
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send(TestRequest::get().uri(path).insert_header((COOKIE, cookie)))
            .await
    }

    pub async fn post(&self, path: &str, cookie: &str, body: &Value) -> Answer {
        let request = TestRequest::post()
            .uri(path)
            .insert_header((COOKIE, cookie));
        self.send(request.set_json(body)).await
    }

    pub async fn delete(&self, path: &str, cookie: &str) -> Answer {
        self.send(
            TestRequest::delete()
                .uri(path)
                .insert_header((COOKIE, cookie)),
        )
        .await
    }

    /// A request with `If-Match`.
    pub async fn conditional(
        &self,
        method: Method,
        path: &str,
        cookie: &str,
        tag: &str,
        body: Option<&Value>,
    ) -> Answer {
        let request = TestRequest::default()
            .method(method)
            .uri(path)
            .insert_header((COOKIE, cookie))
            .insert_header(("if-match", tag));
        self.send(match body {
            Some(body) => request.set_json(body),
            None => request,
        })
        .await
    }

    pub async fn get_with_token(&self, path: &str, token: &str) -> Answer {
        let header = (AUTHORIZATION, format!("Bearer {token}"));
        self.send(TestRequest::get().uri(path).insert_header(header))
            .await
    }

    pub async fn try_sign_in(&self, email: &str, password: &str) -> Answer {
        let body = json!({ "email": email, "password": password });
        self.send(TestRequest::post().uri("/auth/v1/sign-in").set_json(&body))
            .await
    }

    /// Signs a member in; answers the cookie.
    pub async fn sign_in(&self, member: &TestMember) -> String {
        let answer = self.try_sign_in(&member.email, PASSWORD).await.expect(200);
        cookie_of(&answer, "trellis")
    }

    /// Whether the cookie still signs somebody in.
    pub async fn is_in(&self, cookie: &str) -> bool {
        self.get("/auth/v1/session", cookie).await.status == StatusCode::OK
    }
}

/// A stage with one tenant, an architect in it, and its host.
pub async fn one_tenant() -> (Stage, TestTenant, Site, TestMember) {
    let stage = Stage::new().await;
    let tenant = stage.tenant("acme").await;
    let architect = stage.member(&tenant, "ada", kernel::Role::Architect).await;
    let site = Site::of(&stage.auth, &tenant).await;
    (stage, tenant, site, architect)
}

fn handler<S, B>(service: S) -> Handler
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    let service = Rc::new(service);
    Rc::new(move |request| {
        let service = Rc::clone(&service);
        Box::pin(async move {
            let response = test::call_service(&*service, request).await;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = test::read_body(response).await;
            Answer {
                status,
                headers,
                text: String::from_utf8(body.to_vec()).unwrap(),
            }
        })
    })
}

/// What the gateway does on the host of people.
async fn people(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    request.extensions_mut().insert(PeopleHost);
    next.call(request).await
}

/// What the gateway does before it hands a request over.
async fn resolve(
    auth: Auth,
    host: TenantHost,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let bearer = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let presented = match bearer {
        Some(value) => value
            .strip_prefix("Bearer ")
            .and_then(PresentedCredential::from_bearer),
        None => {
            let cookie = request.cookie("trellis");
            cookie.and_then(|cookie| PresentedCredential::from_cookie(cookie.value()))
        }
    };
    let session = match presented {
        Some(presented) => auth
            .directory
            .resolve(host.tenant_id, &presented)
            .await
            .unwrap(),
        None => None,
    };
    request.extensions_mut().insert(host);
    request
        .extensions_mut()
        .insert(TenantSession(session.map(std::sync::Arc::new)));
    next.call(request).await
}
