use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Answer, Enrolled, PASSWORD, Site, SoftPasskey, Stage, TestMember, cookie_of, one_tenant,
};

const BEGIN: &str = "/auth/v1/sign-in/passkey/start";
const SIGN_IN: &str = "/auth/v1/sign-in/passkey";

/// The first half of a ceremony, and the cookies with the browser's.
async fn begin(site: &Site, path: &str, cookie: &str) -> (Value, String) {
    let begun = site.post(path, cookie, &Value::Null).await.expect(200);
    let cookies = match begun.cookie("trellis-flow") {
        Some(browser) => format!("{cookie}; trellis-flow={}", browser.value()),
        None => cookie.to_owned(),
    };
    (begun.json(), cookies)
}

/// Adds a passkey to a member who is signed in; answers the answer.
pub async fn add(site: &Site, cookie: &str, passkey: &mut SoftPasskey) -> Answer {
    let (begun, cookies) = begin(site, "/auth/v1/passkeys/start", cookie).await;
    let body = json!({
        "ceremony": begun["ceremony"], "name": "Laptop",
        "credential": passkey.create(&begun["options"]),
    });
    site.post("/auth/v1/passkeys", &cookies, &body).await
}

async fn with_passkey() -> (Stage, Site, TestMember, SoftPasskey, String) {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let mut passkey = SoftPasskey::new(&site);
    let added = add(&site, &cookie, &mut passkey).await.expect(201);
    let cookie = cookie_of(&added, "trellis");
    (stage, site, ada, passkey, cookie)
}

/// Signs in with a passkey alone.
pub async fn sign_in(site: &Site, passkey: &mut SoftPasskey) -> Answer {
    let (begun, cookies) = begin(site, BEGIN, "").await;
    let body = json!({
        "ceremony": begun["ceremony"], "credential": passkey.get(&begun["options"]),
    });
    site.post(SIGN_IN, &cookies, &body).await
}

#[actix_web::test]
async fn a_passkey_signs_in_alone() {
    let (stage, site, ada, mut passkey, cookie) = with_passkey().await;
    let own = site
        .get("/auth/v1/factors", &cookie)
        .await
        .expect(200)
        .json();
    assert_eq!(own["passkeys"][0]["name"], "Laptop");
    assert_eq!(own["recovery_codes"], 10);
    let done = sign_in(&site, &mut passkey).await.expect(200);
    assert_eq!(done.json()["status"], "signed_in");
    assert_eq!(done.json()["member"]["id"], json!(ada.id));
    let kept = "SELECT COUNT(*) FROM sessions WHERE method = 'passkey' AND second_factor";
    assert_eq!(stage.count(kept).await, 1);
    let used = "SELECT COUNT(*) FROM passkeys WHERE last_used_at IS NOT NULL";
    assert_eq!(stage.count(used).await, 1);
}

#[actix_web::test]
async fn a_passkey_is_good_on_every_host_of_its_person_and_admits_to_none_by_itself() {
    let (stage, _, _, mut passkey, _) = with_passkey().await;
    let globex = stage.tenant("globex").await;
    let neighbour = Site::of(&stage.auth, &globex).await;
    passkey.origin = "http://globex.trellis.localhost:8080".to_owned();
    // The passkey is right, but ada is no member here: like any other wrong sign-in.
    let refused = sign_in(&neighbour, &mut passkey).await.expect(401);
    let wrong = neighbour
        .try_sign_in("nobody@globex.example", PASSWORD)
        .await
        .expect(401);
    assert_eq!(refused.json(), wrong.json());
}

#[actix_web::test]
async fn a_passkey_is_a_second_factor() {
    let (_stage, site, ada, mut passkey, _) = with_passkey().await;
    let half = site.try_sign_in(&ada.email, PASSWORD).await.expect(200);
    assert_eq!(
        half.json(),
        json!({ "status": "second_factor_required", "methods": ["passkey"] })
    );
    let pending = cookie_of(&half, "trellis");
    let (begun, cookies) = begin(&site, BEGIN, &pending).await;
    let body = json!({
        "ceremony": begun["ceremony"], "credential": passkey.get(&begun["options"]),
    });
    let done = site.post(SIGN_IN, &cookies, &body).await.expect(200);
    let cookie = cookie_of(&done, "trellis");
    assert!(site.is_in(&cookie).await && cookie != pending);
    // Once more: the ceremony is used, and so is the half.
    site.post(SIGN_IN, &cookies, &body).await.expect(401);
}

#[actix_web::test]
async fn an_answer_is_good_once_in_its_browser_and_for_its_purpose() {
    let (_stage, site, ada, mut passkey, cookie) = with_passkey().await;
    passkey.counts = false;
    let (begun, cookies) = begin(&site, BEGIN, "").await;
    let body = json!({
        "ceremony": begun["ceremony"], "credential": passkey.get(&begun["options"]),
    });
    // Somebody who saw it has another browser, or none.
    site.post(SIGN_IN, "", &body).await.expect(401);
    let (_, others) = begin(&site, BEGIN, "").await;
    site.post(SIGN_IN, &others, &body).await.expect(401);
    // A sign-in confirms nothing.
    let confirm = json!({ "passkey": body });
    let both = format!("{cookie}; {}", cookies.trim_start_matches("; "));
    site.post("/auth/v1/confirm-identity", &both, &confirm)
        .await
        .expect(401);
    // Nor is it the second factor of a password that somebody knows.
    let half = site.half_in(&ada).await;
    let both = format!("{half}; {}", cookies.trim_start_matches("; "));
    site.post(SIGN_IN, &both, &body).await.expect(401);
    let tries = (0..8).map(|_| site.post(SIGN_IN, &cookies, &body));
    let answers = join_all(tries).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1);
}

#[actix_web::test]
async fn answers_that_do_not_hold_are_refused() {
    let (stage, site, _, mut passkey, _) = with_passkey().await;
    // The user was not verified.
    passkey.flags = 0b001;
    sign_in(&site, &mut passkey).await.expect(401);
    passkey.flags = 0b101;
    // Another site, also one that ends alike; another party.
    let origin = passkey.origin.clone();
    for wrong in [
        "http://trellis.localhost.evil.example:8080",
        "http://eviltrellis.localhost:8080",
        "https://acme.trellis.localhost:8080",
        "http://acme.trellis.localhost:9999",
    ] {
        passkey.origin = wrong.to_owned();
        sign_in(&site, &mut passkey).await.expect(401);
    }
    passkey.origin = origin;
    passkey.party = "localhost".to_owned();
    sign_in(&site, &mut passkey).await.expect(401);
    passkey.party = "trellis.localhost".to_owned();
    // A counter that went back: a copy.
    sign_in(&site, &mut passkey).await.expect(200);
    passkey.counter = 1;
    sign_in(&site, &mut passkey).await.expect(401);
    passkey.counter = 100;
    sign_in(&site, &mut passkey).await.expect(200);
    // A key that nobody added, nonsense, and a ceremony that took too long.
    sign_in(&site, &mut SoftPasskey::new(&site))
        .await
        .expect(401);
    let (begun, cookies) = begin(&site, BEGIN, "").await;
    let nonsense = json!({ "ceremony": begun["ceremony"], "credential": { "id": 7 } });
    site.post(SIGN_IN, &cookies, &nonsense).await.expect(401);
    let body = json!({
        "ceremony": begun["ceremony"], "credential": passkey.get(&begun["options"]),
    });
    stage.clock.advance(TimeDelta::minutes(5));
    site.post(SIGN_IN, &cookies, &body).await.expect(401);
}

#[actix_web::test]
async fn adding_one_wants_a_verified_user_and_a_recent_proof() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let mut passkey = SoftPasskey::new(&site);
    passkey.flags = 0b001;
    add(&site, &cookie, &mut passkey).await.expect(401);
    let mut passkey = SoftPasskey::new(&site);
    let added = add(&site, &cookie, &mut passkey).await.expect(201);
    let cookie = cookie_of(&added, "trellis");
    // The same again, and somebody else with it.
    add(&site, &cookie, &mut passkey).await.expect(401);
    let bob = stage.member(&tenant, "bob", kernel::Role::User).await;
    let other = site.sign_in(&bob).await;
    let user = passkey.user.clone();
    add(&site, &other, &mut passkey).await.expect(409);
    passkey.user = user;
    stage.clock.advance(TimeDelta::seconds(601));
    site.post("/auth/v1/passkeys/start", &cookie, &Value::Null)
        .await
        .expect(403);
    let (begun, cookies) = begin(&site, "/auth/v1/confirm-identity/passkey/start", &cookie).await;
    let given = json!({
        "ceremony": begun["ceremony"], "credential": passkey.get(&begun["options"]),
    });
    let confirmed = site
        .post(
            "/auth/v1/confirm-identity",
            &cookies,
            &json!({ "passkey": given }),
        )
        .await
        .expect(204);
    let cookie = cookie_of(&confirmed, "trellis");
    site.post("/auth/v1/passkeys/start", &cookie, &Value::Null)
        .await
        .expect(200);
}

#[actix_web::test]
async fn passkeys_are_ones_own() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let mut passkey = SoftPasskey::new(&site);
    let added = add(&site, &cookie, &mut passkey).await.expect(201);
    let cookie = cookie_of(&added, "trellis");
    let bob = stage.member(&tenant, "bob", kernel::Role::User).await;
    let other = site.sign_in(&bob).await;
    let own = site.get("/auth/v1/factors", &cookie).await.json();
    let path = format!(
        "/auth/v1/passkeys/{}",
        own["passkeys"][0]["id"].as_str().unwrap()
    );
    let rename = |cookie: &str, name: &str| {
        let request = actix_web::test::TestRequest::patch()
            .uri(&path)
            .insert_header(("cookie", cookie));
        site.send(request.set_json(json!({ "name": name })))
    };
    rename(&other, "Mine").await.expect(404);
    site.delete(&path, &other).await.expect(404);
    rename(&cookie, "Telephone").await.expect(204);
    // Beside an authenticator app it goes without the password.
    let enrolled = Enrolled::totp_of(&stage, &site, &cookie).await;
    site.delete(&path, &enrolled.cookie).await.expect(204);
    sign_in(&site, &mut passkey).await.expect(401);
}
