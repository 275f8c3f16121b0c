use actix_web::{http::header::AUTHORIZATION, test::TestRequest};
use chrono::TimeDelta;
use cp_app::{
    Auth,
    staff::{NewStaff, StaffAccountError, create_staff, reset_second_factor},
};
use cp_domain::{Email, StaffRole};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use totp_rs::{Builder, Secret, Totp};

use crate::support::{Answer, Site, Stage, cookie_of};

const EMAIL: &str = "sam@trellis.example";
const PASSWORD: &str = "copper kite 41";

struct Desk {
    stage: Stage,
    site: Site,
    authenticator: Totp,
}

fn authenticator(base32: &SecretString) -> Totp {
    let secret = Secret::try_from_base32(base32.expose_secret()).unwrap();
    Builder::new().with_secret(secret).build().unwrap()
}

async fn open_account(auth: &Auth) -> Totp {
    let new = NewStaff {
        email: Email::parse(EMAIL).unwrap(),
        name: "Sam".into(),
        role: StaffRole::Owner,
        password: SecretString::from(PASSWORD),
        totp_secret: None,
    };
    let created = create_staff(auth, new).await.unwrap();
    let url = created.second_factor.otpauth_url.expose_secret();
    assert!(url.starts_with("otpauth://totp/Trellis:"), "{url}");
    authenticator(&created.second_factor.secret_base32)
}

impl Desk {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let authenticator = open_account(&stage.auth).await;
        let site = Site::of_staff(&stage.auth).await;
        Self {
            stage,
            site,
            authenticator,
        }
    }

    fn code_at(&self, offset: i64) -> String {
        let seconds = u64::try_from(self.stage.now().timestamp() + offset).unwrap();
        self.authenticator.generate(seconds).to_string()
    }

    async fn password(&self) -> String {
        let body = json!({ "email": EMAIL, "password": PASSWORD });
        let answer = self
            .site
            .post("/staff/v1/sign-in", "", &body)
            .await
            .expect(200);
        cookie_of(&answer, "trellis-staff")
    }

    async fn code(&self, pending: &str, code: &str) -> Answer {
        self.site
            .post("/staff/v1/sign-in/totp", pending, &json!({ "code": code }))
            .await
    }

    async fn sign_in(&self) -> String {
        let pending = self.password().await;
        let answer = self.code(&pending, &self.code_at(0)).await.expect(200);
        cookie_of(&answer, "trellis-staff")
    }

    async fn is_in(&self, cookie: &str) -> bool {
        self.site.get("/staff/v1/session", cookie).await.status == 200
    }
}

#[actix_web::test]
async fn staff_give_a_password_and_a_code() {
    let desk = Desk::new().await;
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let first = desk
        .site
        .post("/staff/v1/sign-in", "", &body)
        .await
        .expect(200);
    insta::assert_json_snapshot!("staff_code_due", first.json());
    let pending = cookie_of(&first, "trellis-staff");
    assert!(
        first
            .cookie("trellis-staff")
            .unwrap()
            .http_only()
            .unwrap_or_default()
    );
    // Half a sign-in opens nothing.
    assert!(!desk.is_in(&pending).await);
    let second = desk.code(&pending, &desk.code_at(0)).await.expect(200);
    let mut signed_in = second.json();
    signed_in["staff"]["id"] = json!("[id]");
    insta::assert_json_snapshot!("staff_signed_in", signed_in);
    let cookie = cookie_of(&second, "trellis-staff");
    assert_ne!(cookie, pending);
    assert!(desk.is_in(&cookie).await && !desk.is_in(&pending).await);
    let value = cookie.strip_prefix("trellis-staff=").unwrap();
    let session = desk
        .site
        .get_with_token("/staff/v1/session", value)
        .await
        .expect(200)
        .json();
    assert_eq!(session["staff"]["role"], "owner");
    desk.site
        .post("/staff/v1/sign-out", &cookie, &json!({}))
        .await
        .expect(204);
    assert!(!desk.is_in(&cookie).await);
    let actions =
        "SELECT COUNT(*) FROM audit_log WHERE action IN ('staff.create', 'staff.sign_in')";
    assert_eq!(desk.stage.count(actions).await, 2);
}

#[actix_web::test]
async fn of_many_requests_with_one_code_one_is_let_in() {
    let desk = Desk::new().await;
    let mut pendings = Vec::new();
    for _ in 0..4 {
        pendings.push(desk.password().await);
    }
    let code = desk.code_at(0);
    let tries = pendings.iter().map(|pending| desk.code(pending, &code));
    let answers = futures_util::future::join_all(tries).await;
    let let_in = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(let_in, 1);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer.status.as_u16(), 200 | 401))
    );
}

#[actix_web::test]
async fn a_code_is_good_once_and_for_one_past_step() {
    let desk = Desk::new().await;
    let code = desk.code_at(0);
    let pending = desk.password().await;
    desk.code(&pending, &code).await.expect(200);
    let pending = desk.password().await;
    let replayed = desk.code(&pending, &code).await.expect(401);
    insta::assert_json_snapshot!("staff_code_wrong", replayed.json());
    // Nor an older one, now that a newer was used.
    desk.code(&pending, &desk.code_at(-30)).await.expect(401);
    desk.code(&pending, &desk.code_at(30)).await.expect(401);
    desk.stage.clock.advance(TimeDelta::seconds(90));
    desk.code(&pending, &desk.code_at(-60)).await.expect(401);
    desk.code(&pending, &desk.code_at(-30)).await.expect(200);
}

#[actix_web::test]
async fn guessing_codes_gets_slower_and_stops() {
    let desk = Desk::new().await;
    let pending = desk.password().await;
    for wrong in ["000000", "12345a", "abcdef", "0000000"] {
        desk.code(&pending, wrong).await.expect(401);
    }
    desk.code(&pending, "000000").await.expect(401);
    let slow = desk.code(&pending, &desk.code_at(0)).await.expect(429);
    assert_eq!(slow.header("retry-after"), Some("2"));
    desk.stage.clock.advance(TimeDelta::seconds(2));
    desk.stage
        .execute("UPDATE staff SET totp_failures = 50", [])
        .await;
    let closed = desk.code(&pending, &desk.code_at(0)).await.expect(403);
    insta::assert_json_snapshot!("staff_code_closed", closed.json());
    let fresh = reset_second_factor(&desk.stage.auth, &Email::parse(EMAIL).unwrap())
        .await
        .unwrap();
    desk.stage.clock.advance(TimeDelta::minutes(20));
    let pending = desk.password().await;
    desk.code(&pending, &desk.code_at(0)).await.expect(401);
    let fresh = authenticator(&fresh.secret_base32);
    desk.stage.clock.advance(TimeDelta::minutes(5));
    let seconds = u64::try_from(desk.stage.now().timestamp()).unwrap();
    desk.code(&pending, &fresh.generate(seconds).to_string())
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_code_without_a_password_is_worth_nothing() {
    let desk = Desk::new().await;
    let refused = desk.code("", &desk.code_at(0)).await.expect(401);
    insta::assert_json_snapshot!("staff_password_first", refused.json());
    let pending = desk.password().await;
    desk.stage.clock.advance(TimeDelta::minutes(10));
    desk.code(&pending, &desk.code_at(0)).await.expect(401);
    // A session that is open is not a pending one.
    let cookie = desk.sign_in().await;
    desk.stage.clock.advance(TimeDelta::seconds(30));
    desk.code(&cookie, &desk.code_at(0)).await.expect(401);
    assert!(desk.is_in(&cookie).await);
}

#[actix_web::test]
async fn whatever_of_the_password_is_wrong_the_answer_is_one() {
    let desk = Desk::new().await;
    let try_with = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        desk.site
            .post("/staff/v1/sign-in", "", &body)
            .await
            .expect(401)
            .json()
    };
    let wrong = try_with(EMAIL, "copper kite 42").await;
    assert_eq!(try_with("nobody@trellis.example", PASSWORD).await, wrong);
    desk.stage
        .execute("UPDATE staff SET disabled_at = NOW(6)", [])
        .await;
    assert_eq!(try_with(EMAIL, PASSWORD).await, wrong);
}

#[actix_web::test]
async fn who_is_disabled_is_out_at_once() {
    let desk = Desk::new().await;
    let cookie = desk.sign_in().await;
    assert!(desk.is_in(&cookie).await);
    desk.stage
        .execute("UPDATE staff SET disabled_at = NOW(6)", [])
        .await;
    assert!(!desk.is_in(&cookie).await);
}

#[actix_web::test]
async fn another_origin_may_not_use_the_staff_cookie() {
    let desk = Desk::new().await;
    let cookie = desk.sign_in().await;
    let out = TestRequest::post()
        .uri("/staff/v1/sign-out")
        .insert_header(("cookie", cookie.as_str()))
        .insert_header(("sec-fetch-site", "same-site"));
    desk.site.send(out).await.expect(403);
    assert!(desk.is_in(&cookie).await);
    let bearer = cookie.strip_prefix("trellis-staff=").unwrap();
    let out = TestRequest::post()
        .uri("/staff/v1/sign-out")
        .insert_header((AUTHORIZATION, format!("Bearer {bearer}")))
        .insert_header(("sec-fetch-site", "cross-site"));
    desk.site.send(out).await.expect(204);
    assert!(!desk.is_in(&cookie).await);
}

#[actix_web::test]
async fn an_account_is_made_once_and_with_a_fair_password() {
    let desk = Desk::new().await;
    let with = |password: &str, email: &str| NewStaff {
        email: Email::parse(email).unwrap(),
        name: "Kim".into(),
        role: StaffRole::Support,
        password: SecretString::from(password),
        totp_secret: None,
    };
    let auth = &desk.stage.auth;
    let twice = create_staff(auth, with(PASSWORD, EMAIL)).await;
    assert!(matches!(twice, Err(StaffAccountError::Exists)));
    for weak in ["kite", "password", "kim@trellis"] {
        let made = create_staff(auth, with(weak, "kim@trellis.example")).await;
        assert!(matches!(made, Err(StaffAccountError::Weak(_))), "{weak}");
    }
    assert_eq!(desk.stage.count("SELECT COUNT(*) FROM staff").await, 1);
}
