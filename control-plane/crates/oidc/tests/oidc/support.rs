//! A provider and who signs in by it.

use clock::Clock;
use cp_oidc::{
    Algorithms, Begun, Callback, DEFAULT_ALGORITHMS, Expected, Hints, Issuer, Oidc, OidcError,
    OidcSettings, ProvenIdentity, Provider,
};
use testkit::{TestProvider, provider::Behaviour};
use url::Url;

pub const REDIRECT: &str = "http://acme.trellis.localhost:8080/auth/sso/1/callback";

/// Settings of tests: this machine is open, and keys may be fetched again at once.
pub fn settings() -> OidcSettings {
    OidcSettings {
        allow_loopback: true,
        timeout_ms: 20_000,
        key_cooldown_ms: 0,
        ..OidcSettings::default()
    }
}

/// A provider, and us as its client.
pub struct Stage {
    pub clock: Clock,
    pub idp: TestProvider,
    pub oidc: Oidc,
    pub provider: Provider,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(&settings()).await
    }

    pub async fn with(settings: &OidcSettings) -> Self {
        let clock = testkit::clock();
        let idp = TestProvider::start(clock.clone()).await;
        let provider = Provider {
            issuer: Issuer::parse(&idp.issuer()).unwrap(),
            client_id: TestProvider::CLIENT_ID.to_owned(),
            client_secret: Some(TestProvider::CLIENT_SECRET.into()),
            scopes: "email profile".to_owned(),
            algorithms: Algorithms::parse(DEFAULT_ALGORITHMS).unwrap(),
        };
        let oidc = Oidc::new(settings);
        Self {
            clock,
            idp,
            oidc,
            provider,
        }
    }

    /// A sign-in from begin to end at a provider that behaves so.
    pub async fn sign_in_at(
        &self,
        change: impl FnOnce(&mut Behaviour),
    ) -> Result<ProvenIdentity, OidcError> {
        self.idp.behave(change);
        self.sign_in().await
    }

    pub async fn sign_in(&self) -> Result<ProvenIdentity, OidcError> {
        let begun = self.begin().await?;
        let back = self.idp.authorize(begun.url.as_str());
        self.finish(&begun, &back).await
    }

    pub async fn begin(&self) -> Result<Begun, OidcError> {
        let hints = Hints::default();
        self.oidc.begin(&self.provider, REDIRECT, hints).await
    }

    pub async fn finish(&self, begun: &Begun, back: &str) -> Result<ProvenIdentity, OidcError> {
        let expected = Expected {
            nonce: begun.nonce.clone(),
            verifier: begun.verifier.clone(),
            fresh_since: None,
        };
        self.finish_with(&callback(back), &expected).await
    }

    pub async fn finish_with(
        &self,
        callback: &Callback,
        expected: &Expected,
    ) -> Result<ProvenIdentity, OidcError> {
        let now = self.clock.now();
        self.oidc
            .finish(&self.provider, REDIRECT, callback, expected, now)
            .await
    }
}

/// What an address brings back.
pub fn callback(back: &str) -> Callback {
    let back = Url::parse(back).unwrap();
    let of = |name: &str| {
        let mut pairs = back.query_pairs();
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    Callback {
        code: of("code"),
        iss: of("iss"),
        error: of("error"),
    }
}

/// Why it was refused, as text.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(outcome: Result<T, OidcError>) -> String {
    outcome.unwrap_err().to_string()
}
