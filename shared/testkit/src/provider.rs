//! An OpenID provider that does as a test says, well or badly: what identity providers of
//! customers do to us, and what who owns one could try.

mod answers;
mod server;
mod tokens;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use clock::Clock;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use url::Url;
use uuid::Uuid;

use crate::must;

pub use answers::Canned;
pub use tokens::{KeyId, Signature, TestKey, public_key_bytes};

/// A change of a JSON object: a member's new value, or none to take it out.
pub type Change = (&'static str, Option<Value>);

/// What a provider does. The default is what it should.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// What it says of the user, in the ID token and in the user information.
    pub user: Map<String, Value>,
    /// Changes of the ID token.
    pub id_token: Vec<Change>,
    /// Changes of the user information.
    pub user_info: Vec<Change>,
    /// Changes of its metadata.
    pub metadata: Vec<Change>,
    /// Changes of what the browser brings back.
    pub callback: Vec<Change>,
    /// How tokens are signed.
    pub signature: Signature,
    /// What tokens say of the key.
    pub key_id: KeyId,
    /// The keys that it publishes.
    pub published: Vec<TestKey>,
    /// The keys that it publishes and signs with from the moment of the next signature.
    pub rotate_before_signing: Option<TestKey>,
    /// What it answers at these paths instead.
    pub canned: HashMap<&'static str, Canned>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            user: object(&json!({ "sub": "subject-1" })),
            id_token: Vec::new(),
            user_info: Vec::new(),
            metadata: Vec::new(),
            callback: Vec::new(),
            signature: Signature::By(TestKey::Rsa1),
            key_id: KeyId::Own,
            published: vec![TestKey::Rsa1, TestKey::Ec1],
            rotate_before_signing: None,
            canned: HashMap::new(),
        }
    }
}

/// A code that was given out.
#[derive(Debug, Clone)]
struct Grant {
    nonce: Option<String>,
    challenge: String,
    redirect_uri: String,
}

#[derive(Debug, Default)]
struct State {
    behaviour: Behaviour,
    grants: HashMap<String, Grant>,
    asked: Vec<String>,
}

/// A provider on a port of its own. It lives as long as the test's runtime.
#[derive(Debug, Clone)]
pub struct TestProvider {
    address: SocketAddr,
    clock: Clock,
    state: Arc<Mutex<State>>,
}

impl TestProvider {
    /// Who we are to it.
    pub const CLIENT_ID: &'static str = "trellis client";
    /// How we prove that.
    pub const CLIENT_SECRET: &'static str = "a secret: of more & than 32 characters";

    /// A provider by this clock.
    pub async fn start(clock: Clock) -> Self {
        let listener = must(
            TcpListener::bind("127.0.0.1:0").await,
            "no port for a provider",
        );
        let address = must(listener.local_addr(), "no address of a provider");
        let provider = Self {
            address,
            clock,
            state: Arc::default(),
        };
        tokio::spawn(server::accept(provider.clone(), listener));
        provider
    }

    /// Who it says it is.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what it does.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.state().behaviour);
    }

    /// What it says of its user from now on.
    pub fn set_user(&self, user: &Value) {
        self.behave(|behaviour| behaviour.user = object(user));
    }

    /// How often this path was asked for.
    #[must_use]
    pub fn asked(&self, path: &str) -> usize {
        let state = self.state();
        state.asked.iter().filter(|asked| *asked == path).count()
    }

    /// Plays the browser at the provider: the user agrees at once. Answers the address to which
    /// the browser is sent back.
    #[must_use]
    pub fn authorize(&self, url: &str) -> String {
        let asked = must(Url::parse(url), "the authorization address is malformed");
        let parameters: HashMap<_, _> = asked.query_pairs().into_owned().collect();
        let of = |name: &str| parameters.get(name).cloned();
        let code = Uuid::now_v7().to_string();
        let redirect_uri = of("redirect_uri").unwrap_or_default();
        assert_eq!(of("client_id").as_deref(), Some(Self::CLIENT_ID));
        assert_eq!(of("response_type").as_deref(), Some("code"));
        assert_eq!(of("code_challenge_method").as_deref(), Some("S256"));
        let grant = Grant {
            nonce: of("nonce"),
            challenge: of("code_challenge").unwrap_or_default(),
            redirect_uri: redirect_uri.clone(),
        };
        let mut state = self.state();
        state.grants.insert(code.clone(), grant);
        let mut back = Map::new();
        back.insert("code".to_owned(), code.into());
        back.insert("state".to_owned(), of("state").into());
        back.insert("iss".to_owned(), self.issuer().into());
        apply(&mut back, &state.behaviour.callback);
        let mut url = must(
            Url::parse(&redirect_uri),
            "the redirect address is malformed",
        );
        for (name, value) in &back {
            let value = value.as_str().unwrap_or_default();
            url.query_pairs_mut().append_pair(name, value);
        }
        url.into()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn apply(object: &mut Map<String, Value>, changes: &[Change]) {
    for (name, value) in changes {
        match value {
            Some(value) => object.insert((*name).to_owned(), value.clone()),
            None => object.remove(*name),
        };
    }
}
