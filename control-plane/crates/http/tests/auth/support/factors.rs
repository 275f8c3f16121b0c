//! People with second factors: an authenticator app, recovery codes, and a passkey in software.

use actix_web::{http::header::COOKIE, test::TestRequest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use totp_rs::{Builder, Secret};

use super::{Answer, PASSWORD, Site, Stage, TestMember, cookie_of};

/// A member with an authenticator app.
pub struct Enrolled {
    pub secret: String,
    pub codes: Vec<String>,
    /// The session that it was set up with, under its cookie after that.
    pub cookie: String,
}

/// The code of a secret at the stage's time, some steps later or earlier.
pub fn code_at(stage: &Stage, secret: &str, steps: i64) -> String {
    let seconds = (stage.now() + TimeDelta::seconds(30 * steps)).timestamp();
    let totp = Builder::new()
        .with_secret(Secret::try_from_base32(secret).unwrap())
        .with_account_name("someone")
        .build()
        .unwrap();
    totp.generate(u64::try_from(seconds).unwrap()).to_string()
}

impl Enrolled {
    /// Sets an authenticator up for a member who signs in with the password, and lets its first
    /// code grow old.
    pub async fn totp(stage: &Stage, site: &Site, member: &TestMember) -> Self {
        let cookie = site.sign_in(member).await;
        Self::totp_of(stage, site, &cookie).await
    }

    /// The same, for who is signed in.
    pub async fn totp_of(stage: &Stage, site: &Site, cookie: &str) -> Self {
        let new = site
            .post("/auth/v1/factors/totp", cookie, &Value::Null)
            .await
            .expect(200)
            .json();
        let secret = new["secret"].as_str().unwrap().to_owned();
        let code = code_at(stage, &secret, 0);
        let answer = site
            .post(
                "/auth/v1/factors/totp/confirm",
                cookie,
                &json!({ "code": code }),
            )
            .await
            .expect(200);
        stage.clock.advance(TimeDelta::seconds(60));
        let codes = answer.json()["recovery_codes"].clone();
        Self {
            secret,
            codes: serde_json::from_value(codes).unwrap_or_default(),
            cookie: cookie_of(&answer, "trellis"),
        }
    }
}

impl Site {
    /// The password's half of a sign-in; answers the pending cookie.
    pub async fn half_in(&self, member: &TestMember) -> String {
        let answer = self.try_sign_in(&member.email, PASSWORD).await.expect(200);
        assert_eq!(answer.json()["status"], "second_factor_required");
        cookie_of(&answer, "trellis")
    }

    pub async fn give_code(&self, pending: &str, code: &str) -> Answer {
        self.post("/auth/v1/sign-in/totp", pending, &json!({ "code": code }))
            .await
    }

    /// The same, from another machine.
    pub async fn give_code_from(&self, path: &str, pending: &str, code: &str, n: u8) -> Answer {
        let request = TestRequest::post()
            .uri(path)
            .insert_header((COOKIE, pending))
            .set_json(json!({ "code": code }));
        self.send_from(request, [10, 0, 1, n]).await
    }
}

/// A passkey in software, with the faults that a test wants.
pub struct SoftPasskey {
    key: SigningKey,
    id: Vec<u8>,
    pub user: String,
    pub counter: u32,
    /// Many passkeys never count.
    pub counts: bool,
    pub origin: String,
    pub party: String,
    /// User present, user verified.
    pub flags: u8,
}

const PRESENT_AND_VERIFIED: u8 = 0b101;
const ATTESTED: u8 = 0b100_0000;

impl SoftPasskey {
    /// A key that nobody knows yet, in a browser on this host.
    pub fn new(site: &Site) -> Self {
        let random: [u8; 32] = std::array::from_fn(|_| rand::random());
        Self {
            key: SigningKey::from_slice(&random).unwrap(),
            id: (0..32).map(|_| rand::random()).collect(),
            user: String::new(),
            counter: 0,
            counts: true,
            origin: format!("http://{}", site.host()),
            party: "trellis.localhost".to_owned(),
            flags: PRESENT_AND_VERIFIED,
        }
    }

    /// What `navigator.credentials.create` gives.
    pub fn create(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        options["user"]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.user);
        let client = self.client_data("webauthn.create", &options["challenge"]);
        let mut data = self.authenticator_data(ATTESTED);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend_from_slice(&self.id);
        data.extend_from_slice(&self.cose_key());
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend_from_slice(&data);
        json!({
            "id": self.credential(), "rawId": self.credential(), "type": "public-key",
            "response": { "attestationObject": text(&object), "clientDataJSON": text(&client) },
            "extensions": {},
        })
    }

    /// What `navigator.credentials.get` gives.
    pub fn get(&mut self, options: &Value) -> Value {
        self.counter += u32::from(self.counts);
        let client = self.client_data("webauthn.get", &options["publicKey"]["challenge"]);
        let data = self.authenticator_data(0);
        let mut signed = data.clone();
        signed.extend_from_slice(&Sha256::digest(&client));
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": self.credential(), "rawId": self.credential(), "type": "public-key",
            "response": {
                "authenticatorData": text(&data), "clientDataJSON": text(&client),
                "signature": text(signature.to_der().as_bytes()), "userHandle": self.user,
            },
            "extensions": {},
        })
    }

    fn credential(&self) -> String {
        text(&self.id)
    }

    fn client_data(&self, kind: &str, challenge: &Value) -> Vec<u8> {
        let data = json!({
            "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.party.as_bytes()).to_vec();
        data.push(self.flags | flags);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }

    fn cose_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_encoded_point(false);
        let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        key.extend_from_slice(point.x().unwrap());
        key.extend_from_slice(&[0x22, 0x58, 0x20]);
        key.extend_from_slice(point.y().unwrap());
        key
    }
}

fn text(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
