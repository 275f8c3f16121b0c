//! Cross-site requests that a browser sends with a cookie are refused.

use actix_web::http::header::{HeaderMap, HeaderName, ORIGIN};
use web::{ApiError, ProblemCode};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request with a cookie that comes from another origin. Tenants share the base domain,
/// so the same site is not enough; a client that says nothing of either is no browser.
///
/// # Errors
/// [`ProblemCode::CrossSiteRefused`].
pub(crate) fn refuse_cross_site(headers: &HeaderMap, host: &str) -> Result<(), ApiError> {
    let own = match (headers.get(SEC_FETCH_SITE), headers.get(ORIGIN)) {
        (Some(site), _) => site.as_bytes() == b"same-origin",
        (None, Some(origin)) => origin
            .to_str()
            .is_ok_and(|origin| is_origin_of(origin, host)),
        (None, None) => true,
    };
    if own {
        Ok(())
    } else {
        Err(ApiError::new(ProblemCode::CrossSiteRefused))
    }
}

fn is_origin_of(origin: &str, host: &str) -> bool {
    let after_scheme = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    after_scheme.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn only_the_same_origin_may_use_a_cookie() {
        let host = "acme.trellis.localhost:8080";
        let cases: [(Option<&'static str>, Option<&'static str>, bool); 9] = [
            (None, None, true),
            (Some("same-origin"), None, true),
            (
                Some("same-origin"),
                Some("http://acme.trellis.localhost:8080"),
                true,
            ),
            (
                Some("same-site"),
                Some("http://acme.trellis.localhost:8080"),
                false,
            ),
            (Some("cross-site"), None, false),
            (Some("none"), None, false),
            (None, Some("http://Acme.trellis.localhost:8080"), true),
            (None, Some("http://globex.trellis.localhost:8080"), false),
            (None, Some("null"), false),
        ];
        for (site, origin, good) in cases {
            let mut headers = HeaderMap::new();
            if let Some(site) = site {
                headers.insert(SEC_FETCH_SITE, HeaderValue::from_static(site));
            }
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            assert_eq!(
                refuse_cross_site(&headers, host).is_ok(),
                good,
                "{site:?} {origin:?}"
            );
        }
    }
}
