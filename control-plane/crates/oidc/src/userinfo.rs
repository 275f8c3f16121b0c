//! What the provider says of the user beside the ID token.

use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value};
use url::Url;

use crate::{Claims, Oidc, OidcError};

impl Oidc {
    /// Asks for it and adds what the ID token does not say. It has to be of the same user: an
    /// access token of somebody else would otherwise lend their e-mail and groups.
    pub(crate) async fn add_user_info(
        &self,
        url: &Url,
        access_token: &str,
        claims: &mut Claims,
    ) -> Result<(), OidcError> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {access_token}"))
            .map_err(|_| OidcError::UserInfo("the access token is not one"))?;
        bearer.set_sensitive(true);
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, bearer)]);
        let said: Map<String, Value> = self
            .fetcher
            .json(url, headers)
            .await
            .map_err(OidcError::fetching("user information"))?;
        if said.get("sub").and_then(Value::as_str) != Some(claims.subject()) {
            return Err(OidcError::UserInfo("it is of another user"));
        }
        claims.add(said);
        Ok(())
    }
}
