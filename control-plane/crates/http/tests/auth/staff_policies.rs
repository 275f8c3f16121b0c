//! What the platform lays down, by staff, and staff under it.

use std::fs;

use actix_web::{
    http::{Method, header::COOKIE},
    test::TestRequest,
};
use chrono::TimeDelta;
use cp_app::{
    Auth,
    access::{Access, AccessSettings},
    staff::{NewStaff, create_staff},
};
use cp_domain::{Email, StaffRole};
use kernel::Role;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};
use uuid::Uuid;

use crate::support::{Answer, PASSWORD, Site, Stage, cookie_of};

const COUNTRIES: &str = "/staff/v1/access-policies/countries";
const PEOPLE: &str = "/staff/v1/access-policies/people";
const STAFF: &str = "/staff/v1/access-policies/staff";
const DRY_RUN: &str = "/staff/v1/access-policies/dry-run";
const STAFF_PASSWORD: &str = "copper kite 41";
const HOME: [u8; 4] = [192, 0, 2, 9];
const ABROAD: [u8; 4] = [203, 0, 113, 9];
const NOWHERE: [u8; 4] = [198, 51, 100, 9];

/// A staff API in a world with countries, and somebody of staff.
struct Desk {
    stage: Stage,
    auth: Auth,
    site: Site,
    authenticator: Totp,
    email: &'static str,
}

impl Desk {
    async fn new(role: StaffRole) -> Self {
        let stage = Box::pin(Stage::new()).await;
        let path = std::env::temp_dir().join(format!("countries-{}.mmdb", Uuid::now_v7()));
        let countries = [("192.0.2.0/24", "DE"), ("203.0.113.0/24", "KP")];
        fs::write(&path, testkit::mmdb(&countries)).unwrap();
        let settings = AccessSettings {
            country_database: path.to_string_lossy().into_owned(),
            staff_proxies: vec!["127.0.0.1".to_owned()],
            ..AccessSettings::default()
        };
        let auth = stage.auth.clone();
        let access = Access::new(&settings, auth.central.clone(), auth.clock.clone()).unwrap();
        let pushes = auth.pushes.clone();
        let auth = auth.with_access(access, pushes);
        let email = "sam@trellis.example";
        let new = NewStaff {
            email: Email::parse(email).unwrap(),
            name: "Sam".into(),
            role,
            password: SecretString::from(STAFF_PASSWORD),
            totp_secret: None,
        };
        let created = create_staff(&auth, new).await.unwrap();
        let secret = created.second_factor.secret_base32;
        let secret = Secret::try_from_base32(secret.expose_secret()).unwrap();
        Self {
            site: Site::of_staff_api(&auth).await,
            authenticator: Builder::new().with_secret(secret).build().unwrap(),
            stage,
            auth,
            email,
        }
    }

    async fn password(&self, from: [u8; 4]) -> Answer {
        let body = json!({ "email": self.email, "password": STAFF_PASSWORD });
        let request = TestRequest::post().uri("/staff/v1/sign-in").set_json(&body);
        self.site.send_from(request, from).await
    }

    async fn code(&self, pending: &str, from: [u8; 4]) -> Answer {
        let seconds = u64::try_from(self.stage.now().timestamp()).unwrap();
        let body = json!({ "code": self.authenticator.generate(seconds).to_string() });
        let request = TestRequest::post()
            .uri("/staff/v1/sign-in/totp")
            .insert_header((COOKIE, pending));
        self.site.send_from(request.set_json(&body), from).await
    }

    async fn sign_in(&self, from: [u8; 4]) -> String {
        let pending = cookie_of(&self.password(from).await.expect(200), "trellis-staff");
        let signed_in = self.code(&pending, from).await.expect(200);
        self.stage.clock.advance(TimeDelta::seconds(31));
        cookie_of(&signed_in, "trellis-staff")
    }

    async fn send(&self, method: Method, path: &str, cookie: &str, body: Option<&Value>) -> Answer {
        let request = TestRequest::default()
            .method(method)
            .uri(path)
            .insert_header((COOKIE, cookie))
            .insert_header(("if-match", "*"));
        let request = match body {
            Some(body) => request.set_json(body),
            None => request,
        };
        self.site.send_from(request, HOME).await
    }

    async fn get_from(&self, path: &str, cookie: &str, from: [u8; 4]) -> Answer {
        let request = TestRequest::get().uri(path).insert_header((COOKIE, cookie));
        self.site.send_from(request, from).await
    }
}

#[actix_web::test]
async fn unsafe_countries_have_a_reason_a_date_and_somebody_who_listed_them() {
    let desk = Desk::new(StaffRole::Security).await;
    let cookie = desk.sign_in(HOME).await;
    let reason = json!({ "reason": " sanctions " });
    let country = format!("{COUNTRIES}/kp");
    let listed = desk
        .send(Method::PUT, &country, &cookie, Some(&reason))
        .await
        .expect(201);
    assert_eq!(listed.json()["country"], "KP");
    let again = json!({ "reason": "still sanctions" });
    desk.send(Method::PUT, &country, &cookie, Some(&again))
        .await
        .expect(200);
    let list = desk
        .send(Method::GET, COUNTRIES, &cookie, None)
        .await
        .expect(200)
        .json();
    let one = &list["data"][0];
    assert_eq!(
        (&one["name"], &one["reason"]),
        (&json!("Korea (North)"), &json!("still sanctions"))
    );
    assert_eq!(one["staff_name"], "Sam");
    for (path, body) in [
        (format!("{COUNTRIES}/XX"), reason.clone()),
        (format!("{COUNTRIES}/DEU"), reason.clone()),
        (format!("{COUNTRIES}/FR"), json!({ "reason": "" })),
        (format!("{COUNTRIES}/FR"), json!({})),
    ] {
        desk.send(Method::PUT, &path, &cookie, Some(&body))
            .await
            .expect(422);
    }
    // Nobody shuts themselves out by accident.
    let home = format!("{COUNTRIES}/DE");
    let problem = desk
        .send(Method::PUT, &home, &cookie, Some(&reason))
        .await
        .expect(422)
        .json();
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("platform.unsafe.countries")
    );
    desk.send(Method::DELETE, &country, &cookie, None)
        .await
        .expect(204);
    desk.send(Method::DELETE, &country, &cookie, None)
        .await
        .expect(404);
    let sql = "SELECT COUNT(*) FROM audit_log WHERE action LIKE 'unsafe_country.%' AND actor_kind = 'staff'";
    assert_eq!(desk.stage.count(sql).await, 3);
}

#[actix_web::test]
async fn staff_are_refused_from_unsafe_and_from_unknown_countries_at_every_step() {
    let desk = Desk::new(StaffRole::Owner).await;
    let cookie = desk.sign_in(HOME).await;
    // No rule by country yet.
    desk.get_from("/staff/v1/session", &cookie, NOWHERE)
        .await
        .expect(200);
    let body = json!({ "reason": "sanctions" });
    let country = format!("{COUNTRIES}/KP");
    desk.send(Method::PUT, &country, &cookie, Some(&body))
        .await
        .expect(201);
    for from in [ABROAD, NOWHERE] {
        let refused = desk
            .get_from("/staff/v1/session", &cookie, from)
            .await
            .expect(403);
        assert_eq!(refused.json()["code"], "policy_refused", "{from:?}");
        let refused = desk.password(from).await.expect(403);
        assert!(refused.cookie("trellis-staff").is_none());
        let pending = cookie_of(&desk.password(HOME).await.expect(200), "trellis-staff");
        let refused = desk.code(&pending, from).await.expect(403);
        assert!(refused.cookie("trellis-staff").is_none());
    }
    desk.get_from("/staff/v1/session", &cookie, HOME)
        .await
        .expect(200);
    let rules = desk
        .stage
        .rows("SELECT DISTINCT JSON_VALUE(detail, '$.rule') FROM audit_log WHERE action = 'access.refused'", [])
        .await;
    assert_eq!(rules.len(), 2);
}

#[actix_web::test]
async fn the_back_office_says_where_staff_are_and_nobody_else_does() {
    let desk = Desk::new(StaffRole::Owner).await;
    let cookie = desk.sign_in(HOME).await;
    let policy = json!({"everyone": {"networks": ["192.0.2.0/24"]}});
    desk.send(Method::PUT, STAFF, &cookie, Some(&policy))
        .await
        .expect(200);
    let told = |told: &'static str| {
        TestRequest::get()
            .uri("/staff/v1/session")
            .insert_header((COOKIE, cookie.as_str()))
            .insert_header(("x-forwarded-for", told))
    };
    let back_office = [127, 0, 0, 1];
    desk.site
        .send_from(told("192.0.2.77"), back_office)
        .await
        .expect(200);
    desk.site
        .send_from(told("203.0.113.9"), back_office)
        .await
        .expect(403);
    desk.site
        .send_from(told("192.0.2.77"), NOWHERE)
        .await
        .expect(403);
}

#[actix_web::test]
async fn policies_have_revisions_and_may_be_changed_by_few() {
    let desk = Desk::new(StaffRole::Security).await;
    let cookie = desk.sign_in(HOME).await;
    for (path, policy) in [
        (PEOPLE, json!({"everyone": {"networks": ["192.0.2.0/24"]}})),
        (
            STAFF,
            json!({"roles": {"support": {"networks": ["192.0.2.0/24"]}}}),
        ),
    ] {
        let before = desk
            .send(Method::GET, path, &cookie, None)
            .await
            .expect(200);
        assert_eq!(before.header("etag"), Some("\"0\""));
        assert_eq!(before.json()["country_data"]["available"], true);
        let put = desk
            .send(Method::PUT, path, &cookie, Some(&policy))
            .await
            .expect(200);
        assert_eq!(put.header("etag"), Some("\"1\""));
        let stale = desk
            .site
            .conditional(Method::PUT, path, &cookie, "\"0\"", Some(&policy));
        assert!(matches!(stale.await.status.as_u16(), 403 | 412));
        let kept = desk
            .send(Method::GET, path, &cookie, None)
            .await
            .expect(200)
            .json();
        let section = if path == STAFF {
            &kept["policy"]["roles"]["support"]
        } else {
            &kept["policy"]["everyone"]
        };
        assert_eq!(section["networks"], json!(["192.0.2.0/24"]));
    }
    let shut = json!({"everyone": {"networks": ["10.0.0.0/8"]}});
    desk.send(Method::PUT, STAFF, &cookie, Some(&shut))
        .await
        .expect(422);
    let wrong = json!({"roles": {"architect": {}}});
    desk.send(Method::PUT, STAFF, &cookie, Some(&wrong))
        .await
        .expect(422);

    let desk = Desk::new(StaffRole::Operator).await;
    let cookie = desk.sign_in(HOME).await;
    desk.send(Method::GET, COUNTRIES, &cookie, None)
        .await
        .expect(200);
    desk.send(Method::GET, PEOPLE, &cookie, None)
        .await
        .expect(200);
    for (method, path) in [
        (Method::PUT, PEOPLE.to_owned()),
        (Method::PUT, STAFF.to_owned()),
        (Method::POST, DRY_RUN.to_owned()),
        (Method::PUT, format!("{COUNTRIES}/KP")),
        (Method::DELETE, format!("{COUNTRIES}/KP")),
    ] {
        let body = if path.contains("countries") {
            json!({"reason": "x"})
        } else {
            json!({})
        };
        let body = (method != Method::DELETE).then_some(&body);
        desk.send(method.clone(), &path, &cookie, body)
            .await
            .expect(403);
    }
    desk.send(Method::GET, COUNTRIES, "", None)
        .await
        .expect(401);
}

#[actix_web::test]
async fn a_dry_run_tells_whom_of_all_tenants_and_of_staff_a_draft_would_refuse() {
    let desk = Desk::new(StaffRole::Security).await;
    let cookie = desk.sign_in(HOME).await;
    for (slug, from) in [("acme", HOME), ("globex", ABROAD)] {
        let tenant = desk.stage.tenant(slug).await;
        let member = desk.stage.member(&tenant, "ada", Role::Architect).await;
        let site = Site::of(&desk.auth, &tenant).await;
        let body = json!({ "email": member.email, "password": PASSWORD });
        let request = TestRequest::post().uri("/auth/v1/sign-in").set_json(&body);
        site.send_from(request, from).await.expect(200);
    }
    let draft = json!({
        "unsafe_countries": ["KP"],
        "staff": {"roles": {"security": {"networks": ["10.0.0.0/8"]}}},
    });
    let run = desk
        .send(Method::POST, DRY_RUN, &cookie, Some(&draft))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&run["people"]["checked"], &run["people"]["refused"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(run["people"]["first"][0]["tenant"], "globex");
    assert_eq!(
        run["people"]["first"][0]["rule"],
        "platform.unsafe.countries"
    );
    assert_eq!(run["staff"]["refused"], 1);
    assert_eq!(
        run["staff"]["me"],
        json!({"refused": true, "rule": "platform.roles.security.networks"})
    );
    let nothing = desk
        .send(Method::GET, COUNTRIES, &cookie, None)
        .await
        .expect(200)
        .json();
    assert_eq!(nothing["data"], json!([]));
    let wrong = json!({"unsafe_countries": ["KPX"]});
    let problem = desk
        .send(Method::POST, DRY_RUN, &cookie, Some(&wrong))
        .await
        .expect(422)
        .json();
    assert_eq!(problem["errors"][0]["pointer"], "/unsafe_countries/0");
}
