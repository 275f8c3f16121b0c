//! Browsers that go to a page with nobody signed in are led to the sign-in page; programs get a
//! problem.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, LOCATION},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use web::navigates;

/// What a query may hold of a path as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The way to the sign-in page and back, for a browser that goes to a page.
pub(crate) fn to_sign_in(request: &HttpRequest) -> Option<HttpResponse> {
    if !navigates(request) {
        return None;
    }
    let target = request.uri().path_and_query()?.as_str();
    let target = utf8_percent_encode(target, QUERY);
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((LOCATION, format!("/sign-in?return_to={target}")));
    answer.insert_header((CACHE_CONTROL, "no-store"));
    Some(answer.finish())
}

#[cfg(test)]
mod tests {
    use actix_web::{
        http::header::{ACCEPT, AUTHORIZATION, HeaderName},
        test::TestRequest,
    };

    use super::*;

    const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
    const HTML: (HeaderName, &str) = (ACCEPT, "text/html,*/*;q=0.8");

    fn led(request: TestRequest) -> Option<String> {
        let answer = to_sign_in(&request.to_http_request())?;
        let location = answer.headers().get(LOCATION)?;
        location.to_str().ok().map(str::to_owned)
    }

    #[test]
    fn a_browser_is_led_to_sign_in_and_told_the_way_back() {
        let page = TestRequest::get()
            .uri("/grids/1?q=a&b=//evil.example")
            .insert_header(HTML);
        assert_eq!(
            led(page).as_deref(),
            Some("/sign-in?return_to=/grids/1%3Fq%3Da%26b%3D//evil.example")
        );
    }

    #[test]
    fn programs_and_scripts_are_not() {
        let programs = [
            TestRequest::get(),
            TestRequest::get().insert_header((ACCEPT, "application/json")),
            TestRequest::post().insert_header(HTML),
            TestRequest::get()
                .insert_header(HTML)
                .insert_header((AUTHORIZATION, "Bearer x")),
            TestRequest::get()
                .insert_header(HTML)
                .insert_header((SEC_FETCH_MODE, "cors")),
        ];
        for request in programs {
            assert_eq!(led(request), None);
        }
    }
}
