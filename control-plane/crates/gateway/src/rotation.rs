//! The other cookie that a browser gets after its member was given another role, on the answer to
//! the page that it goes to next.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    http::{
        Method,
        header::{
            CACHE_CONTROL, COOKIE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue,
            SET_COOKIE,
        },
    },
};
use chrono::{DateTime, Utc};
use cp_app::sessions::Rotated;
use secrecy::ExposeSecret as _;

use crate::{auth::cookie_name, paths};

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Whether the answer is sure to reach the cookies of a browser: it goes to a page, in a window of
/// its own and not in a frame. Flows that set cookies themselves are left alone.
pub(crate) fn can_take_a_cookie(request: &HttpRequest) -> bool {
    let window = request
        .headers()
        .get(SEC_FETCH_DEST)
        .is_none_or(|dest| dest.as_bytes() == b"document");
    *request.method() == Method::GET
        && window
        && web::navigates(request)
        && !paths::is_flow(request.path())
}

/// A new cookie on its way to its browser.
pub(crate) struct Renewed {
    name: &'static str,
    /// `name=value`, as the browser will send it.
    pair: HeaderValue,
    /// With its attributes.
    line: HeaderValue,
}

impl Renewed {
    /// The cookie of a session that goes on, for as long as that does. None when it cannot be
    /// written as a header, which a value of ours always can.
    pub(crate) fn of(rotated: &Rotated, insecure: bool, now: DateTime<Utc>) -> Option<Self> {
        let name = cookie_name(insecure);
        let life = (rotated.session.expires_at - now).num_seconds().max(0);
        let cookie = Cookie::build(name, rotated.cookie.expose_secret())
            .path("/")
            .http_only(true)
            .secure(!insecure)
            .same_site(SameSite::Lax)
            .max_age(Duration::seconds(life))
            .finish();
        Some(Self {
            name,
            pair: secret(&format!("{name}={}", cookie.value())).ok()?,
            line: secret(&cookie.to_string()).ok()?,
        })
    }

    /// Makes the request one that came with the new cookie; others of its cookies stay.
    pub(crate) fn put_into_request(&self, headers: &mut HeaderMap) {
        let others: Vec<HeaderValue> = headers
            .get_all(COOKIE)
            .filter_map(|line| self.without(line.to_str().ok()?))
            .collect();
        headers.insert(COOKIE, self.pair.clone());
        for line in others {
            headers.append(COOKIE, line);
        }
    }

    fn without(&self, line: &str) -> Option<HeaderValue> {
        let is_other = |pair: &&str| {
            let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
            name.trim() != self.name
        };
        let others: Vec<&str> = line.split(';').filter(is_other).map(str::trim).collect();
        if others.is_empty() {
            return None;
        }
        secret(&others.join("; ")).ok()
    }

    /// Puts the cookie on the answer, unless that sets or ends the session's cookie itself. No
    /// cache keeps the answer.
    pub(crate) fn put_into(self, headers: &mut HeaderMap) {
        let set_already = headers.get_all(SET_COOKIE).any(|line| {
            let rest = line.as_bytes().strip_prefix(self.name.as_bytes());
            rest.is_some_and(|rest| rest.starts_with(b"="))
        });
        if !set_already {
            headers.append(SET_COOKIE, self.line);
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

/// A header that no log shows.
fn secret(text: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn renewed() -> Renewed {
        Renewed {
            name: "trellis",
            pair: HeaderValue::from_static("trellis=new"),
            line: HeaderValue::from_static("trellis=new; Path=/"),
        }
    }

    #[test]
    fn only_a_window_that_goes_to_a_page_takes_a_cookie() {
        let page = |path: &str, dest: &'static str| {
            let request = TestRequest::get().uri(path);
            let request = request.insert_header(("sec-fetch-mode", "navigate"));
            request.insert_header(("sec-fetch-dest", dest))
        };
        let takes = |request: TestRequest| can_take_a_cookie(&request.to_http_request());
        assert!(takes(page("/grids/1", "document")));
        assert!(takes(
            TestRequest::get().insert_header(("accept", "text/html"))
        ));
        assert!(!takes(page("/grids/1", "iframe")));
        assert!(!takes(page("/auth/sso/1/callback", "document")));
        assert!(!takes(page("/grids/1", "document").method(Method::HEAD)));
        assert!(!takes(TestRequest::get()));
    }

    #[test]
    fn the_request_keeps_its_other_cookies() {
        let request = TestRequest::get()
            .insert_header((COOKIE, "a=b; trellis=old; trellis-device=d"))
            .append_header((COOKIE, "trellis=older"))
            .to_srv_request();
        let mut headers = request.headers().clone();
        renewed().put_into_request(&mut headers);
        let lines: Vec<_> = headers.get_all(COOKIE).collect();
        assert_eq!(lines, ["trellis=new", "a=b; trellis-device=d"]);
    }

    #[test]
    fn an_answer_that_sets_the_cookie_itself_is_left_alone() {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_static("trellis-device=d"));
        renewed().put_into(&mut headers);
        assert_eq!(headers.get_all(SET_COOKIE).count(), 2);
        assert_eq!(headers.get(CACHE_CONTROL).unwrap(), "no-store");
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_static("trellis=; Max-Age=0"));
        renewed().put_into(&mut headers);
        assert_eq!(headers.get_all(SET_COOKIE).count(), 1);
    }
}
