//! Finding the credential in a request.

use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap};
use cp_app::sessions::PresentedCredential;

/// The name of the session cookie. Browsers keep the prefix to https and to one host.
const COOKIE_NAME: &str = "__Host-trellis";
/// The name over plain http, where a setting allows it.
const INSECURE_COOKIE_NAME: &str = "trellis";

/// What a request shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing.
    Nothing,
    /// Something that cannot be a credential of ours.
    Unusable {
        /// Whether it came as a cookie.
        cookie: bool,
    },
    /// A credential.
    Credential(PresentedCredential),
}

impl Shown {
    /// Whether a browser sent it by itself.
    pub(crate) const fn is_cookie(self) -> bool {
        matches!(
            self,
            Self::Credential(PresentedCredential::Cookie(_) | PresentedCredential::Support(_))
                | Self::Unusable { cookie: true }
        )
    }

    /// The credential, when there is one.
    pub(crate) const fn credential(&self) -> Option<&PresentedCredential> {
        match self {
            Self::Credential(credential) => Some(credential),
            Self::Nothing | Self::Unusable { .. } => None,
        }
    }
}

/// The name of the session cookie.
pub(crate) const fn cookie_name(insecure_cookies: bool) -> &'static str {
    if insecure_cookies {
        INSECURE_COOKIE_NAME
    } else {
        COOKIE_NAME
    }
}

/// The credential of a request. A token counts before a cookie: no browser adds it by itself.
pub(crate) fn shown(headers: &HeaderMap, insecure_cookies: bool) -> Shown {
    if let Some(authorization) = headers.get(AUTHORIZATION) {
        let token = authorization.to_str().ok().and_then(bearer);
        let credential = token.and_then(PresentedCredential::from_bearer);
        return credential.map_or(Shown::Unusable { cookie: false }, Shown::Credential);
    }
    let name = cookie_name(insecure_cookies);
    let lines = headers
        .get_all(COOKIE)
        .filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';'));
    let value = pairs.find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key.trim() == name).then_some(value.trim())
    });
    let Some(value) = value else {
        return Shown::Nothing;
    };
    let credential = PresentedCredential::from_cookie(value);
    credential.map_or(Shown::Unusable { cookie: true }, Shown::Credential)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn the_cookie_is_found_among_others_under_its_whole_name() {
        let value = "A".repeat(43);
        let there = headers(&[
            (COOKIE, "a=b"),
            (COOKIE, &format!("x=y; trellis={value} ;z=")),
        ]);
        assert!(matches!(
            shown(&there, true),
            Shown::Credential(PresentedCredential::Cookie(_))
        ));
        assert_eq!(shown(&there, false), Shown::Nothing);
        let host = headers(&[(COOKIE, &format!("__Host-trellis={value}"))]);
        assert!(shown(&host, false).credential().is_some());
        assert_eq!(shown(&host, true), Shown::Nothing);
        let short = headers(&[(COOKIE, "trellis=abc")]);
        assert_eq!(shown(&short, true), Shown::Unusable { cookie: true });
    }

    #[test]
    fn an_authorization_hides_the_cookie() {
        let cookie = format!("trellis={}", "A".repeat(43));
        for value in ["Basic YTpi", "Bearer", "Bearer trl_short", "bearer  "] {
            let both = headers(&[(COOKIE, &cookie), (AUTHORIZATION, value)]);
            assert_eq!(
                shown(&both, true),
                Shown::Unusable { cookie: false },
                "{value}"
            );
        }
    }
}
