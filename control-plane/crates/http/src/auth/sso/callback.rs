//! A browser comes back from a provider.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use cp_app::{
    Auth,
    sessions::hash_link_token,
    sso::{self, Outcome, Returned},
};
use cp_oidc::Callback;
use kernel::ConnectionId;
use secrecy::ExposeSecret as _;
use web::{ApiError, Path, RequestIdExt};

use super::{departure::carried, failures};
use crate::auth::{
    come_in::{come_in, signed_in_to},
    context::{ClientInfo, Tenant, Visitor},
    pages::see_other,
};

/// The longest that a provider may have written.
const MAX_QUERY: usize = 8 * 1024;

pub(super) async fn callback(
    request: HttpRequest,
    auth: Data<Auth>,
    Tenant(tenant): Tenant,
    visitor: Visitor,
    ClientInfo(client): ClientInfo,
    Path(connection): Path<ConnectionId>,
    RequestIdExt(request_id): RequestIdExt,
) -> Result<HttpResponse, ApiError> {
    // What is doubled has two meanings, and so none.
    let mut pairs = single_pairs(request.query_string()).unwrap_or_default();
    let browser = carried(&request, &auth);
    let state = pairs.remove("state").unwrap_or_default();
    let returned = Returned {
        tenant: &tenant,
        connection,
        browser: browser.and_then(|secret| hash_link_token(secret.expose_secret())),
        state: &state,
        callback: Callback {
            code: pairs.remove("code"),
            iss: pairs.remove("iss"),
            error: pairs.remove("error"),
        },
        client,
        visitor: visitor.0.as_deref(),
        request_id: &request_id,
    };
    Ok(match sso::finish(&auth, returned).await {
        Ok(Outcome::Admitted(admission, return_to)) => {
            come_in(&auth, &admission, &return_to).finish()
        }
        Ok(Outcome::Confirmed(signed_in, return_to)) => {
            signed_in_to(&auth, &signed_in, &return_to).finish()
        }
        Ok(Outcome::Linked(return_to)) => see_other(return_to.as_str()),
        Ok(Outcome::Tested(connection)) => {
            see_other(format!("/admin/security/connections/{connection}/test"))
        }
        Err(failure) => {
            let (purpose, error) = (failure.purpose, &failure.error);
            return failures::page(&tenant, connection, purpose, error, &request_id);
        }
    })
}

/// The parameters of a query, each there once; none when one is there twice, or it is too long.
pub(super) fn single_pairs(query: &str) -> Option<HashMap<String, String>> {
    if query.len() > MAX_QUERY {
        return None;
    }
    let mut pairs = HashMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
        if pairs.insert(name, value).is_some() {
            return None;
        }
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_doubled_means_nothing() {
        assert_eq!(single_pairs("a=1&b=2").unwrap().len(), 2);
        assert_eq!(single_pairs("a=1&b=2&a=1"), None);
        assert_eq!(single_pairs("state=x&st%61te=y"), None);
        assert_eq!(single_pairs(&"a".repeat(MAX_QUERY + 1)), None);
        assert!(single_pairs("").unwrap().is_empty());
    }
}
