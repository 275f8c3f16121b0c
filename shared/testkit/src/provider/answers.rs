//! What the provider answers at its addresses.

use std::{collections::HashMap, time::Duration};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::{TestProvider, apply, object};

/// An answer that is not what the provider should give.
#[derive(Debug, Clone)]
pub enum Canned {
    /// This status and body.
    Text(u16, String),
    /// Elsewhere.
    Redirect(String),
    /// So many bytes.
    Huge(usize),
    /// The right answer, after a while.
    After(Duration),
    /// The connection is cut.
    Cut,
}

/// A request, as far as it is read.
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    pub(super) body: String,
}

/// What goes back; none to cut the connection.
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: Vec<u8>,
}

fn ok(value: &Value) -> Answered {
    Answered {
        status: 200,
        location: None,
        body: value.to_string().into_bytes(),
    }
}

fn refuse(error: &str) -> Answered {
    Answered {
        status: 400,
        ..ok(&json!({ "error": error }))
    }
}

impl TestProvider {
    pub(super) async fn answer(&self, asked: &Asked) -> Option<Answered> {
        let canned = {
            let mut state = self.state();
            state.asked.push(asked.path.clone());
            state.behaviour.canned.get(asked.path.as_str()).cloned()
        };
        match canned {
            None => {}
            Some(Canned::Cut) => return None,
            Some(Canned::After(while_)) => tokio::time::sleep(while_).await,
            Some(Canned::Text(status, text)) => {
                return Some(Answered {
                    status,
                    location: None,
                    body: text.into_bytes(),
                });
            }
            Some(Canned::Redirect(to)) => {
                return Some(Answered {
                    status: 302,
                    location: Some(to),
                    body: Vec::new(),
                });
            }
            Some(Canned::Huge(bytes)) => {
                return Some(Answered {
                    status: 200,
                    location: None,
                    body: vec![b' '; bytes],
                });
            }
        }
        Some(match asked.path.as_str() {
            "/.well-known/openid-configuration" => ok(&self.metadata()),
            "/jwks" => {
                let published = self.state().behaviour.published.clone();
                let keys: Vec<Value> = published.into_iter().map(super::TestKey::public).collect();
                ok(&json!({ "keys": keys }))
            }
            "/token" => self.token(asked),
            "/userinfo" => self.user_info(),
            _ => Answered {
                status: 404,
                ..ok(&json!({}))
            },
        })
    }

    fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer());
        let mut metadata = object(&json!({
            "issuer": self.issuer(),
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/jwks"),
            "userinfo_endpoint": at("/userinfo"),
            "end_session_endpoint": at("/end"),
            "authorization_response_iss_parameter_supported": true,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        }));
        apply(&mut metadata, &self.state().behaviour.metadata);
        Value::Object(metadata)
    }

    /// Exchanges a code, once, for who asked for it.
    fn token(&self, asked: &Asked) -> Answered {
        let form: HashMap<_, _> = form_urlencoded::parse(asked.body.as_bytes())
            .into_owned()
            .collect();
        let of = |name: &str| form.get(name).map(String::as_str);
        if !is_client(asked.authorization.as_deref(), &form) {
            return refuse("invalid_client");
        }
        let grant = self.state().grants.remove(of("code").unwrap_or_default());
        let Some(grant) = grant else {
            return refuse("invalid_grant");
        };
        let verifier = of("code_verifier").unwrap_or_default();
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        if grant.challenge != challenge || of("redirect_uri") != Some(&grant.redirect_uri) {
            return refuse("invalid_grant");
        }
        ok(&json!({
            "access_token": "an-access-token", "token_type": "Bearer", "expires_in": 300,
            "id_token": self.id_token(grant.nonce),
        }))
    }

    fn user_info(&self) -> Answered {
        let state = self.state();
        let mut user = state.behaviour.user.clone();
        apply(&mut user, &state.behaviour.user_info);
        ok(&Value::Object(user))
    }
}

fn is_client(authorization: Option<&str>, form: &HashMap<String, String>) -> bool {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!(
        "{}:{}",
        encode(TestProvider::CLIENT_ID),
        encode(TestProvider::CLIENT_SECRET)
    );
    let header = format!("Basic {}", BASE64_STANDARD.encode(pair));
    match authorization {
        Some(authorization) => authorization == header,
        None => {
            form.get("client_id").map(String::as_str) == Some(TestProvider::CLIENT_ID)
                && form.get("client_secret").map(String::as_str)
                    == Some(TestProvider::CLIENT_SECRET)
        }
    }
}
