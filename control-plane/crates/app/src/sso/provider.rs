//! A connection as the provider's client knows it.

use cp_oidc::{Algorithms, Issuer, OidcError, Provider};
use cp_store::{Connection, seal::Purpose};
use kernel::ConnectionId;

use super::SsoError;
use crate::Auth;

/// Where the provider sends browsers back to: one address per connection, so that an answer of
/// one provider is never taken for another's.
#[must_use]
pub fn redirect_uri(auth: &Auth, slug: &str, connection: ConnectionId) -> String {
    format!("{}/auth/sso/{connection}/callback", auth.links.tenant(slug))
}

/// Where the provider says that somebody's session ended.
#[must_use]
pub fn logout_uri(auth: &Auth, slug: &str, connection: ConnectionId) -> String {
    format!(
        "{}/auth/sso/{connection}/backchannel-logout",
        auth.links.tenant(slug)
    )
}

/// The provider of a connection, with our secret opened.
pub(super) fn provider_of(auth: &Auth, connection: &Connection) -> Result<Provider, SsoError> {
    // A row that was written by rules of another release is no reason to go on without them.
    let unreadable = |_| OidcError::Setup;
    let client_secret = connection
        .client_secret
        .as_deref()
        .map(|sealed| {
            auth.sealer
                .open_text(Purpose::SsoClient, connection.id, sealed)
        })
        .transpose()?;
    Ok(Provider {
        issuer: Issuer::parse(&connection.issuer).map_err(unreadable)?,
        client_id: connection.client_id.clone(),
        client_secret,
        scopes: connection.scopes.clone(),
        algorithms: Algorithms::parse(&connection.algorithms).map_err(unreadable)?,
    })
}
