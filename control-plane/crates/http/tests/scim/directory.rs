//! A tenant's directory, as these tests play it.

use actix_web::{
    http::{
        Method,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
    test::TestRequest,
};
use kernel::{MemberId, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Site, Stage, TestMember, TestTenant};

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A tenant with an architect, a verified domain and a directory.
pub struct World {
    pub stage: Stage,
    pub tenant: TestTenant,
    pub site: Site,
    pub ada: TestMember,
    pub directory: Directory,
}

impl World {
    pub async fn new() -> Self {
        let stage = Stage::new().await;
        let (tenant, site, ada, directory) = tenant_with_directory(&stage, "acme").await;
        Self {
            stage,
            tenant,
            site,
            ada,
            directory,
        }
    }

    /// Another tenant of the same platform.
    pub async fn other(&self) -> (TestTenant, Site, TestMember, Directory) {
        tenant_with_directory(&self.stage, "globex").await
    }
}

async fn tenant_with_directory(
    stage: &Stage,
    slug: &str,
) -> (TestTenant, Site, TestMember, Directory) {
    let tenant = stage.tenant(slug).await;
    let ada = stage.member(&tenant, "ada", Role::Architect).await;
    let site = Site::of(&stage.auth, &tenant).await;
    verify(stage, &tenant, &format!("{slug}.example")).await;
    let cookie = site.sign_in(&ada).await;
    let directory = Directory::made_by(&site, &cookie).await;
    (tenant, site, ada, directory)
}

/// Makes a mail domain the tenant's own.
pub async fn verify(stage: &Stage, tenant: &TestTenant, domain: &str) {
    let sql = "INSERT INTO verified_domains (id, tenant_id, domain, challenge, created_at, \
               verified_at) VALUES (?, ?, ?, 'x', ?, ?)";
    let (id, now) = (Uuid::now_v7(), stage.now());
    let tenant = tenant.host.tenant_id.as_uuid();
    let values = [
        id.into(),
        tenant.into(),
        domain.into(),
        now.into(),
        now.into(),
    ];
    stage.execute(sql, values).await;
}

/// Who speaks SCIM with a token.
#[derive(Clone)]
pub struct Directory {
    pub site: Site,
    pub token: String,
}

impl Directory {
    pub async fn made_by(site: &Site, cookie: &str) -> Self {
        let body = json!({ "name": "Okta" });
        let made = site
            .post("/auth/v1/security/scim-tokens", cookie, &body)
            .await;
        let token = made.expect(201).json()["token"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            site: site.clone(),
            token,
        }
    }

    fn request(&self, method: Method, path: &str) -> TestRequest {
        TestRequest::default()
            .method(method)
            .uri(&format!("/scim/v2{path}"))
            .insert_header((AUTHORIZATION, format!("Bearer {}", self.token)))
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.request(method, path);
        self.site
            .send(match body {
                Some(body) => request
                    .insert_header((CONTENT_TYPE, "application/scim+json"))
                    .set_payload(body.to_string()),
                None => request,
            })
            .await
    }

    /// With a condition on the version.
    pub async fn send_if(
        &self,
        method: Method,
        path: &str,
        header: (&str, &str),
        body: Option<&Value>,
    ) -> Answer {
        let request = self.request(method, path).insert_header(header);
        self.site
            .send(match body {
                Some(body) => request.set_json(body),
                None => request,
            })
            .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.send(Method::PATCH, path, Some(&body)).await
    }

    /// Makes a user; answers the id.
    pub async fn user(&self, email: &str, name: &str) -> MemberId {
        let body = json!({ "schemas": [USER], "userName": email, "displayName": name });
        id_of(&self.post("/Users", &body).await.expect(201))
    }

    /// Makes a group; answers the id.
    pub async fn group(&self, name: &str, members: &[MemberId]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
        let body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
        let made = self.post("/Groups", &body).await.expect(201).json();
        made["id"].as_str().unwrap().to_owned()
    }

    /// Says whether a user is active.
    pub async fn set_active(&self, id: MemberId, active: bool) -> Answer {
        let operations = json!([{ "op": "replace", "value": { "active": active } }]);
        self.patch(&format!("/Users/{id}"), operations).await
    }
}

/// The id in an answer.
#[track_caller]
pub fn id_of(answer: &Answer) -> MemberId {
    answer.json()["id"].as_str().unwrap().parse().unwrap()
}
