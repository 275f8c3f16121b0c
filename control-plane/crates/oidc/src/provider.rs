//! What a tenant says of its provider.

use openidconnect::core::CoreJwsSigningAlgorithm as Jws;
use secrecy::SecretString;
use url::Url;

use crate::ForbiddenAddress;

/// The signatures that a tenant may allow. `none` is not among them, nor is anything with SHA-1.
pub const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

/// The signatures that are allowed unless the tenant says otherwise.
pub const DEFAULT_ALGORITHMS: &str = "RS256 PS256 ES256 EdDSA";

/// Symmetric signatures: only alone, and only with a secret that is long enough to be a key.
const SYMMETRIC: &str = "HS256";
const MIN_KEY: usize = 32;

/// Why a connection cannot be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProviderRuleError {
    /// The issuer is no address of the form that issuers have.
    #[error("The issuer must be an https address without a query.")]
    Issuer,
    /// An algorithm is unknown, or there is none.
    #[error("Unknown signature algorithm.")]
    Algorithm,
    /// HS256 stands beside others, or its key is short.
    #[error("HS256 may only be allowed alone, with a client secret of at least 32 characters.")]
    Symmetric,
}

/// Which signatures ID tokens may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Algorithms(Vec<Jws>);

impl Algorithms {
    /// From words separated by spaces.
    ///
    /// # Errors
    /// When a word is unknown, or symmetric ones stand beside others.
    pub fn parse(words: &str) -> Result<Self, ProviderRuleError> {
        let words: Vec<&str> = words.split_whitespace().collect();
        if words == [SYMMETRIC] {
            return Ok(Self(vec![Jws::HmacSha256]));
        }
        if words.contains(&SYMMETRIC) {
            return Err(ProviderRuleError::Symmetric);
        }
        let found: Option<Vec<Jws>> = words.into_iter().map(algorithm).collect();
        match found {
            Some(found) if !found.is_empty() => Ok(Self(found)),
            _ => Err(ProviderRuleError::Algorithm),
        }
    }

    /// Checks that a client with this secret can verify them.
    ///
    /// # Errors
    /// When they are symmetric and the secret is none or short.
    pub fn check_secret(&self, secret_length: Option<usize>) -> Result<(), ProviderRuleError> {
        let long = secret_length.is_some_and(|length| length >= MIN_KEY);
        if self.is_symmetric() && !long {
            return Err(ProviderRuleError::Symmetric);
        }
        Ok(())
    }

    pub(crate) fn is_symmetric(&self) -> bool {
        self.0.contains(&Jws::HmacSha256)
    }

    pub(crate) fn allowed(&self) -> &[Jws] {
        &self.0
    }
}

/// The algorithm of a word that [`ALGORITHMS`] has, or the symmetric one.
pub(crate) fn algorithm(word: &str) -> Option<Jws> {
    Some(match word {
        "RS256" => Jws::RsaSsaPkcs1V15Sha256,
        "RS384" => Jws::RsaSsaPkcs1V15Sha384,
        "RS512" => Jws::RsaSsaPkcs1V15Sha512,
        "PS256" => Jws::RsaSsaPssSha256,
        "PS384" => Jws::RsaSsaPssSha384,
        "PS512" => Jws::RsaSsaPssSha512,
        "ES256" => Jws::EcdsaP256Sha256,
        "ES384" => Jws::EcdsaP384Sha384,
        "EdDSA" => Jws::EdDsa,
        SYMMETRIC => Jws::HmacSha256,
        _ => return None,
    })
}

/// An issuer as its provider spells it: compared by its text, never as a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Issuer(String);

impl Issuer {
    /// The issuer of this text.
    ///
    /// # Errors
    /// When it is no address, or has a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, ProviderRuleError> {
        let url = Url::parse(text).map_err(|_| ProviderRuleError::Issuer)?;
        let plain = matches!(url.scheme(), "https" | "http")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && text.len() <= 500
            && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        if plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProviderRuleError::Issuer)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn url(&self) -> Result<Url, ForbiddenAddress> {
        Url::parse(&self.0).map_err(|_| ForbiddenAddress::NotPlain)
    }
}

/// A provider, and who we are to it.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Who it is.
    pub issuer: Issuer,
    /// Who we are to it.
    pub client_id: String,
    /// How we prove that; none for a public client.
    pub client_secret: Option<SecretString>,
    /// What we ask for, words separated by spaces; `openid` is always asked for.
    pub scopes: String,
    /// Which signatures its tokens may have.
    pub algorithms: Algorithms,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_are_named_and_symmetric_ones_stand_alone() {
        assert!(Algorithms::parse(DEFAULT_ALGORITHMS).is_ok());
        assert!(
            ALGORITHMS
                .iter()
                .all(|word| Algorithms::parse(word).is_ok())
        );
        for bad in ["", "none", "RS256 none", "rs256", "RS1", "HS512"] {
            assert_eq!(
                Algorithms::parse(bad),
                Err(ProviderRuleError::Algorithm),
                "{bad}"
            );
        }
        assert_eq!(
            Algorithms::parse("RS256 HS256"),
            Err(ProviderRuleError::Symmetric)
        );
        let symmetric = Algorithms::parse("HS256").unwrap();
        assert!(symmetric.check_secret(None).is_err());
        assert!(symmetric.check_secret(Some(31)).is_err());
        assert!(symmetric.check_secret(Some(32)).is_ok());
    }

    #[test]
    fn an_issuer_is_a_plain_address() {
        for good in [
            "https://idp.example",
            "https://idp.example/",
            "https://idp.example:8443/realms/a",
        ] {
            assert_eq!(Issuer::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "idp.example",
            "https://idp.example?x",
            "https://idp.example/#a",
            "https://u@idp.example",
            "file:///etc/passwd",
            " https://idp.example",
            "https://idp.example/\n",
        ] {
            assert!(Issuer::parse(bad).is_err(), "{bad:?}");
        }
    }
}
