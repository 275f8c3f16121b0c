//! A tenant of a test and its people.

use std::rc::Rc;

use actix_web::{http::Method, test::TestRequest};
use db::Placement;
use identity::Claims;
use kernel::{
    Actor, FolderId, Generation, MemberId, Role, Scope, SessionId, TenantContext, TenantId,
};
use serde_json::Value;
use testkit::{Account, TestDb};
use url::Url;

use super::{Answer, TestApp, seed};

/// A tenant with a database of its own.
#[derive(Clone)]
pub struct Tenant {
    pub app: TestApp,
    pub slug: &'static str,
    pub context: TenantContext,
    pub db: Rc<TestDb>,
    /// The account with which the runtime comes.
    pub account: Account,
}

/// Somebody with an identity.
#[derive(Clone)]
pub struct Person {
    pub app: TestApp,
    pub claims: Claims,
}

impl Tenant {
    pub(super) async fn new(app: TestApp, slug: &'static str) -> Self {
        let tenant = TenantId::from_uuid(testkit_uuid());
        let context = TenantContext {
            tenant,
            generation: Generation(1),
        };
        let db = TestDb::tenant(tenant, context.generation).await;
        let account = db.runtime_account().await;
        seed::defaults(db.conn(), context, slug).await;
        let this = Self {
            app,
            slug,
            context,
            db: Rc::new(db),
            account,
        };
        this.place(context);
        this
    }

    /// Tells the runtime that the tenant is here, at this generation.
    pub fn place(&self, context: TenantContext) {
        let url = Url::parse(self.db.url()).expect("a URL");
        self.app.places.put(Placement {
            tenant: context,
            host: url.host_str().expect("a host").to_owned(),
            port: url.port().expect("a port"),
            database: self.db.name().to_owned(),
            user: self.account.user.clone(),
            password: self.account.password.clone().into(),
        });
    }

    /// The number that a query gives.
    pub async fn count(&self, sql: &str) -> i64 {
        testkit::number(self.db.conn(), sql).await
    }

    /// The root folder.
    pub fn root(&self) -> FolderId {
        FolderId::from_uuid(self.context.tenant.as_uuid())
    }

    /// A new member with this role.
    pub async fn member(&self, role: Role) -> Person {
        self.person(role, false).await
    }

    /// A new external member.
    pub async fn external(&self) -> Person {
        self.person(Role::User, true).await
    }

    async fn person(&self, role: Role, external: bool) -> Person {
        let member = MemberId::from_uuid(testkit_uuid());
        seed::member(self.db.conn(), self.slug, member, role, external).await;
        let session = Some(SessionId::from_uuid(testkit_uuid()));
        let actor = Actor {
            member,
            role,
            external,
            session,
            scopes: None,
        };
        Person {
            app: self.app.clone(),
            claims: Claims {
                tenant: self.context,
                actor,
                support: None,
            },
        }
    }
}

fn testkit_uuid() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}

impl Person {
    /// The same person with a token that has these scopes only.
    pub fn with_scopes(&self, scopes: &[Scope]) -> Self {
        let mut person = self.clone();
        person.claims.actor.session = None;
        person.claims.actor.scopes = Some(scopes.iter().copied().collect());
        person
    }

    /// The member's id.
    pub fn id(&self) -> String {
        self.claims.actor.member.to_string()
    }

    /// The identity that the gateway would send now.
    pub fn identity(&self) -> String {
        self.app
            .signer
            .sign(&self.claims, self.app.clock.now())
            .token
    }

    /// A request with the identity.
    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        TestApp::request(method, path).insert_header((identity::HEADER, self.identity()))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.app.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path);
        self.app
            .send(TestApp::with_body(request, body.to_string()))
            .await
    }

    /// A POST with an idempotency key.
    pub async fn post_keyed(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self
            .request(Method::POST, path)
            .insert_header(("idempotency-key", key));
        self.app
            .send(TestApp::with_body(request, body.to_string()))
            .await
    }

    pub async fn patch(&self, path: &str, etag: &str, body: &Value) -> Answer {
        let request = self
            .request(Method::PATCH, path)
            .insert_header(("if-match", etag));
        self.app
            .send(TestApp::with_body(request, body.to_string()))
            .await
    }

    pub async fn delete(&self, path: &str, etag: &str) -> Answer {
        let request = self
            .request(Method::DELETE, path)
            .insert_header(("if-match", etag));
        self.app.send(request).await
    }

    /// Creates a thing and gives its id.
    #[track_caller]
    pub fn create<'a>(
        &'a self,
        path: &'a str,
        body: Value,
    ) -> impl Future<Output = String> + use<'a> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.post(path, &body).await;
            assert_eq!(
                answer.code(),
                201,
                "{caller}: {path} {body}: {}",
                answer.json()
            );
            answer.id()
        }
    }
}
