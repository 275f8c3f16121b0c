//! Staff in a tenant: only with its consent, only to read, only until it is taken back.

use actix_web::{http::header::COOKIE, test::TestRequest};
use chrono::TimeDelta;
use cp_app::{
    Client,
    fleet::Requester,
    members::Administrator,
    sessions::{CachedSession, PresentedCredential},
    staff::{By, NewStaff, create_staff},
    support::{self, NewRequest, SupportAccess, SupportError},
};
use cp_domain::{Email, StaffRole, SupportState};
use kernel::{MemberId, RequestId, Scope, StaffId, SupportAccessId};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Answer, Site, Stage, TestMember, TestTenant, cookie_of, one_tenant};

struct Scene {
    stage: Stage,
    tenant: TestTenant,
    site: Site,
    /// The architect's cookie.
    ada: String,
    ada_id: MemberId,
    staff: StaffId,
    by: By,
}

fn client() -> Client {
    Client::new(None, None, "a desk".to_owned())
}

fn request_id() -> RequestId {
    RequestId::from_uuid(Uuid::now_v7())
}

fn by(staff: StaffId) -> By {
    By {
        requester: Requester {
            staff: Some(staff),
            request_id: Some(request_id()),
        },
        keyed: None,
    }
}

async fn staff(stage: &Stage, name: &str, role: StaffRole) -> StaffId {
    let new = NewStaff {
        email: Email::parse(&format!("{name}@trellis.example")).unwrap(),
        name: name.to_owned(),
        role,
        password: SecretString::from("copper kite 41"),
        totp_secret: None,
    };
    create_staff(&stage.auth, new).await.unwrap().id
}

impl Scene {
    async fn new() -> Self {
        let (stage, tenant, site, ada) = one_tenant().await;
        let ada_id = ada.id;
        let ada = site.sign_in(&ada).await;
        let sam = staff(&stage, "sam", StaffRole::Support).await;
        Self {
            by: by(sam),
            staff: sam,
            stage,
            tenant,
            site,
            ada,
            ada_id,
        }
    }

    async fn session(&self, cookie: &str) -> CachedSession {
        let value = cookie.split_once('=').unwrap().1;
        let presented = PresentedCredential::from_cookie(value).unwrap();
        let found = self
            .stage
            .auth
            .directory
            .resolve(self.tenant.host.tenant_id, &presented)
            .await;
        found.unwrap().unwrap()
    }

    async fn request(&self) -> SupportAccess {
        let new = NewRequest {
            tenant: self.tenant.host.tenant_id,
            reason: "The Gantt is empty".to_owned(),
            minutes: 30,
        };
        support::request(&self.stage.auth, &self.by, new)
            .await
            .unwrap()
    }

    /// An architect answers.
    async fn answer(
        &self,
        what: &str,
        id: SupportAccessId,
        cookie: &str,
    ) -> Result<SupportAccess, SupportError> {
        let session = self.session(cookie).await;
        let request_id = request_id();
        let architect = Administrator {
            tenant: &self.tenant.host,
            session: &session,
            request_id: &request_id,
        };
        let auth = &self.stage.auth;
        match what {
            "grant" => support::grant(auth, &architect, id, None).await,
            "decline" => support::decline(auth, &architect, id).await,
            _ => support::withdraw(auth, &architect, id).await,
        }
    }

    async fn granted(&self) -> SupportAccessId {
        let id = self.request().await.id;
        self.answer("grant", id, &self.ada).await.unwrap();
        id
    }

    async fn code(&self, id: SupportAccessId) -> String {
        let entrance = support::enter(&self.stage.auth, &self.by, id, &client())
            .await
            .unwrap();
        assert_eq!(
            entrance.url,
            "http://acme.trellis.localhost:8080/auth/support"
        );
        entrance.code.expose_secret().to_owned()
    }

    async fn post_code(&self, code: &str) -> Answer {
        self.site
            .post("/auth/v1/support/enter", "", &json!({ "code": code }))
            .await
    }

    /// The cookie of a member of staff inside.
    async fn inside(&self, id: SupportAccessId) -> String {
        let code = self.code(id).await;
        cookie_of(&self.post_code(&code).await.expect(200), "trellis")
    }

    async fn is_inside(&self, cookie: &str) -> bool {
        self.site.get("/auth/v1/support", cookie).await.status == 200
    }

    async fn actions(&self) -> Vec<String> {
        let rows = self
            .stage
            .rows(
                "SELECT action FROM audit_log WHERE action LIKE 'support.%' AND tenant_id = ?",
                [self.tenant.host.tenant_id.as_uuid().into()],
            )
            .await;
        let mut actions: Vec<String> = rows
            .iter()
            .map(|row| row.try_get_by_index(0).unwrap())
            .collect();
        actions.sort();
        actions
    }
}

#[actix_web::test]
async fn staff_come_in_with_consent_only_and_both_sides_write_it_down() {
    let scene = Scene::new().await;
    let id = scene.request().await.id;
    let mails = "SELECT COUNT(*) FROM mail_outbox WHERE kind = 'support_request'";
    assert_eq!(scene.stage.count(mails).await, 1);
    // Nobody has consented.
    let early = support::enter(&scene.stage.auth, &scene.by, id, &client()).await;
    assert!(matches!(
        early,
        Err(SupportError::State(SupportState::Requested))
    ));
    let again = NewRequest {
        tenant: scene.tenant.host.tenant_id,
        reason: "once more".to_owned(),
        minutes: 5,
    };
    let twice = support::request(&scene.stage.auth, &scene.by, again).await;
    assert!(matches!(twice, Err(SupportError::Open)));
    let granted = scene.answer("grant", id, &scene.ada).await.unwrap();
    assert_eq!(granted.state, SupportState::Granted);
    let rows = scene
        .tenant
        .rows("SELECT 1 FROM support_consents", [])
        .await;
    assert_eq!(rows.len(), 1);
    let cookie = scene.inside(id).await;
    let guest = scene
        .site
        .get("/auth/v1/support", &cookie)
        .await
        .expect(200);
    assert_eq!(guest.json()["staff_name"], "sam");
    let rows = scene
        .tenant
        .rows(
            "SELECT staff_name FROM support_visits WHERE ended_at IS NULL",
            [],
        )
        .await;
    assert_eq!(rows[0].try_get_by_index::<String>(0).unwrap(), "sam");
    assert_eq!(
        scene.actions().await,
        ["support.enter", "support.grant", "support.request"]
    );
}

#[actix_web::test]
async fn staff_read_and_do_nothing_else() {
    let scene = Scene::new().await;
    let cookie = scene.inside(scene.granted().await).await;
    let session = scene.session(&cookie).await;
    let actor = session.actor();
    assert!(actor.may_use(Scope::WorkItemsRead) && actor.may_use(Scope::MembersRead));
    for scope in [Scope::WorkItemsWrite, Scope::MembersWrite, Scope::Admin] {
        assert!(!actor.may_use(scope));
    }
    assert_eq!(session.support.unwrap().staff_name, "sam");
    let body = json!({ "name": "x", "email": "x@acme.example", "role": "user" });
    let invited = scene.site.post("/api/v1/members", &cookie, &body).await;
    assert_eq!(invited.status, 403, "{}", invited.text);
    let body = json!({ "name": "x", "scopes": ["admin"], "expires_at": "2027-02-01T00:00:00Z" });
    let token = scene.site.post("/auth/v1/tokens", &cookie, &body).await;
    assert_eq!(token.status, 401, "{}", token.text);
    let sessions = scene.site.get("/auth/v1/sessions", &cookie).await;
    assert_eq!(sessions.status, 401);
    // Nor can it consent to itself.
    let id = session.credential;
    let cp_app::sessions::Credential::Support(id) = id else {
        panic!("{id:?}")
    };
    let own = scene.answer("withdraw", id, &cookie).await;
    assert!(matches!(own, Err(SupportError::Forbidden)));
}

#[actix_web::test]
async fn a_consent_that_is_taken_back_ends_it_at_once() {
    let scene = Scene::new().await;
    let id = scene.granted().await;
    let (cookie, code) = (scene.inside(id).await, scene.code(id).await);
    assert!(scene.is_inside(&cookie).await);
    let withdrawn = scene.answer("withdraw", id, &scene.ada).await.unwrap();
    assert_eq!(withdrawn.state, SupportState::Withdrawn);
    assert!(!scene.is_inside(&cookie).await);
    scene.post_code(&code).await.expect(404);
    let open = "SELECT 1 FROM support_visits WHERE ended_at IS NULL";
    assert!(scene.tenant.rows(open, []).await.is_empty());
    let after = support::enter(&scene.stage.auth, &scene.by, id, &client()).await;
    assert!(matches!(
        after,
        Err(SupportError::State(SupportState::Withdrawn))
    ));
    assert!(
        scene
            .actions()
            .await
            .contains(&"support.withdraw".to_owned())
    );
}

#[actix_web::test]
async fn neither_database_alone_lets_anybody_in() {
    let scene = Scene::new().await;
    let id = scene.granted().await;
    let cookie = scene.inside(id).await;
    // Who has the central database only cannot make a consent of it.
    scene
        .tenant
        .execute("UPDATE support_consents SET withdrawn_at = NOW(6)", [])
        .await;
    assert!(!scene.is_inside(&cookie).await);
    scene
        .tenant
        .execute("UPDATE support_consents SET withdrawn_at = NULL", [])
        .await;
    assert!(scene.is_inside(&cookie).await);
    scene
        .tenant
        .execute("DELETE FROM support_consents", [])
        .await;
    assert!(!scene.is_inside(&cookie).await);
    // Nor does a consent let in whom the control plane does not.
    let other = Scene::new().await;
    let id = other.granted().await;
    let cookie = other.inside(id).await;
    let disabled = "UPDATE staff SET disabled_at = NOW(6)";
    other.stage.execute(disabled, []).await;
    assert!(!other.is_inside(&cookie).await);
    let demoted = "UPDATE staff SET disabled_at = NULL, role = 'operator'";
    other.stage.execute(demoted, []).await;
    assert!(!other.is_inside(&cookie).await);
}

#[actix_web::test]
async fn access_ends_by_itself_and_so_does_a_request() {
    let scene = Scene::new().await;
    let id = scene.granted().await;
    let cookie = scene.inside(id).await;
    scene.stage.clock.advance(TimeDelta::minutes(29));
    assert!(scene.is_inside(&cookie).await);
    scene.stage.clock.advance(TimeDelta::minutes(1));
    assert!(!scene.is_inside(&cookie).await);
    let over = support::find(&scene.stage.auth, id).await.unwrap().unwrap();
    assert_eq!(over.state_at(scene.stage.now()), SupportState::Ended);
    // Another request may follow; nobody answers it for days.
    let late = scene.request().await.id;
    scene.stage.clock.advance(TimeDelta::days(3));
    let ada = TestMember {
        id: scene.ada_id,
        email: "ada@acme.example".to_owned(),
    };
    let fresh = scene.site.sign_in(&ada).await;
    let granted = scene.answer("grant", late, &fresh).await;
    let over = matches!(granted, Err(SupportError::State(SupportState::Ended)));
    assert!(over, "{granted:?}");
}

#[actix_web::test]
async fn a_code_is_good_once_for_half_a_minute_and_for_one_tenant() {
    let scene = Scene::new().await;
    let id = scene.granted().await;
    let code = scene.code(id).await;
    let tries = (0..32).map(|_| scene.post_code(&code));
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 1);
    assert!(
        answers
            .iter()
            .all(|a| matches!(a.status.as_u16(), 200 | 404))
    );
    let late = scene.code(id).await;
    scene.stage.clock.advance(TimeDelta::seconds(30));
    scene.post_code(&late).await.expect(404);
    let globex = scene.stage.tenant("globex").await;
    let there = Site::of(&scene.stage.auth, &globex).await;
    let code = scene.code(id).await;
    let body = json!({ "code": code });
    there
        .post("/auth/v1/support/enter", "", &body)
        .await
        .expect(404);
    let cookie = cookie_of(&scene.post_code(&code).await.expect(200), "trellis");
    assert_eq!(there.get("/auth/v1/support", &cookie).await.status, 401);
}

#[actix_web::test]
async fn others_of_the_staff_and_of_the_tenant_have_no_part_in_it() {
    let scene = Scene::new().await;
    let id = scene.granted().await;
    let olga = staff(&scene.stage, "olga", StaffRole::Owner).await;
    assert_ne!(olga, scene.staff);
    let entered = support::enter(&scene.stage.auth, &by(olga), id, &client()).await;
    assert!(matches!(entered, Err(SupportError::NotFound)));
    // A builder does not answer, nor the architect of another tenant.
    let ben: TestMember = scene
        .stage
        .member(&scene.tenant, "ben", kernel::Role::Builder)
        .await;
    let ben = scene.site.sign_in(&ben).await;
    let builder = scene.answer("withdraw", id, &ben).await;
    assert!(matches!(builder, Err(SupportError::Forbidden)));
    let globex = scene.stage.tenant("globex").await;
    let gus = scene
        .stage
        .member(&globex, "gus", kernel::Role::Architect)
        .await;
    let there = Site::of(&scene.stage.auth, &globex).await;
    let gus = there.sign_in(&gus).await;
    let other = Scene {
        ada: gus,
        tenant: globex,
        site: there,
        ..scene
    };
    let foreign = other.answer("withdraw", id, &other.ada).await;
    assert!(matches!(foreign, Err(SupportError::NotFound)));
}

#[actix_web::test]
async fn an_answer_needs_a_recent_proof_and_taking_back_does_not() {
    let scene = Scene::new().await;
    let id = scene.request().await.id;
    scene.stage.clock.advance(TimeDelta::minutes(11));
    let late = scene.answer("grant", id, &scene.ada).await;
    assert!(matches!(late, Err(SupportError::StepUp(_))));
    let late = scene.answer("decline", id, &scene.ada).await;
    assert!(matches!(late, Err(SupportError::StepUp(_))));
    let ada = TestMember {
        id: scene.ada_id,
        email: "ada@acme.example".to_owned(),
    };
    let fresh = scene.site.sign_in(&ada).await;
    scene.answer("grant", id, &fresh).await.unwrap();
    scene.stage.clock.advance(TimeDelta::minutes(11));
    scene.answer("withdraw", id, &fresh).await.unwrap();
}

#[actix_web::test]
async fn staff_leave_and_the_access_stays_until_it_is_given_back() {
    let scene = Scene::new().await;
    let id = scene.granted().await;
    let cookie = scene.inside(id).await;
    // A page of another site cannot do it.
    let foreign = TestRequest::post()
        .uri("/auth/v1/support/leave")
        .insert_header((COOKIE, cookie.as_str()))
        .insert_header(("sec-fetch-site", "same-site"));
    scene.site.send(foreign).await.expect(403);
    scene
        .site
        .post("/auth/v1/support/leave", &cookie, &json!({}))
        .await
        .expect(204);
    assert!(!scene.is_inside(&cookie).await);
    // Signing out as everybody does, too.
    let cookie = scene.inside(id).await;
    scene
        .site
        .post("/auth/v1/sign-out", &cookie, &json!({}))
        .await
        .expect(204);
    assert!(!scene.is_inside(&cookie).await);
    let cookie = scene.inside(id).await;
    let ended = support::end(&scene.stage.auth, &scene.by, id)
        .await
        .unwrap();
    assert_eq!(ended.state, SupportState::Ended);
    assert!(!scene.is_inside(&cookie).await);
    let again = support::end(&scene.stage.auth, &scene.by, id).await;
    assert!(matches!(
        again,
        Err(SupportError::State(SupportState::Ended))
    ));
}
