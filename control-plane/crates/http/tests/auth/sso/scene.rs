//! A tenant with a provider, and browsers.

use std::collections::BTreeMap;

use actix_web::{
    http::{
        Method,
        header::{COOKIE, SET_COOKIE},
    },
    test::TestRequest,
};
use cp_app::sso::OidcSettings;
use kernel::Role;
use serde_json::{Value, json};
use testkit::{TestNames, TestProvider};

use crate::support::{Answer, Site, Stage, TestMember, TestTenant};

/// A tenant with an architect, a verified domain and a provider.
pub struct Scene {
    pub stage: Stage,
    pub names: TestNames,
    pub tenant: TestTenant,
    pub site: Site,
    pub ada: TestMember,
    pub idp: TestProvider,
    pub connection: String,
}

/// A browser, which keeps cookies.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    jar: BTreeMap<String, String>,
}

impl Scene {
    pub async fn new() -> Self {
        Self::with(&json!({ "provisions": true })).await
    }

    /// With these particulars of the connection.
    pub async fn with(particulars: &Value) -> Self {
        Self::build(particulars, 20_000).await
    }

    /// With little patience.
    pub async fn hasty() -> Self {
        Self::build(&json!({ "provisions": true }), 2_000).await
    }

    async fn build(particulars: &Value, timeout_ms: u64) -> Self {
        let mut stage = Stage::new().await;
        let names = TestNames::start().await;
        stage.auth = stage.auth.clone().with_sso(&settings(&names, timeout_ms));
        let tenant = stage.tenant("acme").await;
        let ada = stage.member(&tenant, "ada", Role::Architect).await;
        let site = Site::of(&stage.auth, &tenant).await;
        let idp = TestProvider::start(stage.clock.clone()).await;
        let cookie = site.sign_in(&ada).await;
        verify_domain(&site, &names, &cookie, "acme.example").await;
        let connection = connect(&site, &cookie, &idp, particulars).await;
        Self {
            stage,
            names,
            tenant,
            site,
            ada,
            idp,
            connection,
        }
    }

    /// A path of the connection.
    pub fn path(&self, rest: &str) -> String {
        format!("/auth/sso/{}/{rest}", self.connection)
    }

    /// The path of the connection's own resource.
    pub fn resource(&self) -> String {
        format!("/auth/v1/security/connections/{}", self.connection)
    }

    /// Changes the connection, as the architect.
    pub async fn change(&self, change: &Value) -> Answer {
        let cookie = self.site.sign_in(&self.ada).await;
        let path = self.resource();
        self.site
            .conditional(Method::PATCH, &path, &cookie, "*", Some(change))
            .await
    }

    /// Another tenant with its own architect.
    pub async fn other(&self, slug: &str) -> (TestTenant, Site, TestMember) {
        let tenant = self.stage.tenant(slug).await;
        let architect = self.stage.member(&tenant, "gil", Role::Architect).await;
        let site = Site::of(&self.stage.auth, &tenant).await;
        (tenant, site, architect)
    }

    /// The provider's user signs in; answers what the callback did.
    pub async fn sign_in(&self, user: &Value) -> (Browser, Answer) {
        self.idp.set_user(user);
        let mut browser = Browser::default();
        let answer = browser.sign_in(self).await;
        (browser, answer)
    }

    /// Whether the browser is signed in, and as whom.
    pub async fn session(&self, browser: &Browser) -> Option<Value> {
        let answer = self.site.get("/auth/v1/session", &browser.cookies()).await;
        (answer.status.as_u16() == 200).then(|| answer.json())
    }

    pub async fn count(&self, table: &str) -> i64 {
        self.stage
            .count(&format!("SELECT COUNT(*) FROM {table}"))
            .await
    }
}

impl Browser {
    /// A browser in which this cookie (`name=value`) is.
    pub fn with(cookie: &str) -> Self {
        let mut browser = Self::default();
        if let Some((name, value)) = cookie.split_once('=') {
            browser.jar.insert(name.to_owned(), value.to_owned());
        }
        browser
    }

    pub fn cookies(&self) -> String {
        let pairs: Vec<String> = self.jar.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join("; ")
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.get(name).map(String::as_str)
    }

    pub fn forget(&mut self, name: &str) {
        self.jar.remove(name);
    }

    pub fn absorb(&mut self, answer: &Answer) {
        for line in answer.headers.get_all(SET_COOKIE) {
            let line = line.to_str().unwrap().to_owned();
            let cookie = actix_web::cookie::Cookie::parse(line).unwrap();
            if cookie.value().is_empty() {
                self.jar.remove(cookie.name());
            } else {
                self.jar
                    .insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
    }

    pub async fn get(&mut self, site: &Site, path: &str) -> Answer {
        let answer = site.get(path, &self.cookies()).await;
        self.absorb(&answer);
        answer
    }

    pub async fn post(&mut self, site: &Site, path: &str, body: &Value) -> Answer {
        let request = TestRequest::post()
            .uri(path)
            .insert_header((COOKIE, self.cookies()));
        let answer = site.send(request.set_json(body)).await;
        self.absorb(&answer);
        answer
    }

    /// Sets off; answers the provider's address.
    pub async fn set_off(&mut self, scene: &Scene, query: &str) -> String {
        let path = scene.path(&format!("start{query}"));
        let answer = self.get(&scene.site, &path).await.expect(303);
        answer.header("location").unwrap().to_owned()
    }

    /// The path that the provider sends the browser back to.
    pub fn path_back(&self, scene: &Scene, address: &str) -> String {
        path_of(&scene.idp.authorize(address))
    }

    /// There and back.
    pub async fn sign_in(&mut self, scene: &Scene) -> Answer {
        let address = self.set_off(scene, "").await;
        let back = self.path_back(scene, &address);
        self.get(&scene.site, &back).await
    }
}

/// The path of an address on a tenant's host.
pub fn path_of(address: &str) -> String {
    let (_, rest) = address.split_once("://").unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

fn settings(names: &TestNames, timeout_ms: u64) -> OidcSettings {
    OidcSettings {
        allow_loopback: true,
        nameserver: names.address().to_string(),
        timeout_ms,
        key_cooldown_ms: 0,
        ..OidcSettings::default()
    }
}

/// Registers a provider; answers the connection.
pub async fn connect(site: &Site, cookie: &str, idp: &TestProvider, particulars: &Value) -> String {
    let mut body = json!({
        "name": "Acme Login", "issuer": idp.issuer(), "client_id": TestProvider::CLIENT_ID,
        "client_secret": TestProvider::CLIENT_SECRET,
    });
    for (name, value) in particulars.as_object().unwrap() {
        body[name] = value.clone();
    }
    let path = "/auth/v1/security/connections";
    let made = site.post(path, cookie, &body).await.expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

/// Claims and proves a domain.
pub async fn verify_domain(site: &Site, names: &TestNames, cookie: &str, domain: &str) {
    let path = "/auth/v1/security/domains";
    let body = json!({ "domain": domain });
    let claim = site.post(path, cookie, &body).await.expect(201).json();
    let text = |name: &str| claim[name].as_str().unwrap().to_owned();
    names.set_texts(&text("record_name"), &["unrelated", &text("record_value")]);
    let check = format!("{path}/{}/check", text("id"));
    site.post(&check, cookie, &json!({})).await.expect(200);
}

/// A user of the provider with a verified address.
pub fn user(subject: &str, email: &str) -> Value {
    json!({ "sub": subject, "email": email, "email_verified": true, "name": "Zoë Ångström" })
}

/// That nobody came in, and that the page on which one can try again is told why.
#[track_caller]
pub fn refused(answer: &Answer, word: &str) {
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.text);
    let location = answer.header("location").unwrap();
    assert!(location.starts_with("/sign-in/sso/"), "{location}");
    let wanted = format!("?failure={word}&reference=");
    assert!(location.contains(&wanted), "{location}");
    assert!(answer.cookie("trellis").is_none());
}
