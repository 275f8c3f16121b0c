//! The security pages, as a browser without scripts sees them.

mod access_policy;
mod administration;
mod connections;
mod directory;
mod domains;
mod enforcement;
mod factors;
mod identities;
mod person;
mod sessions;
mod support_access;
mod tokens;

use actix_web::{http::header::COOKIE, test::TestRequest};

use crate::support::{Answer, Site};

/// What the page's forms carry.
#[track_caller]
pub fn form_token(page: &Answer) -> String {
    between(&page.text, "name=\"form_token\" value=\"", "\"")
}

/// The first text between these two.
#[track_caller]
pub fn between(text: &str, start: &str, end: &str) -> String {
    let rest = text
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start} in {text}"))
        .1;
    rest.split_once(end).unwrap().0.to_owned()
}

/// A page that is there.
pub async fn open(site: &Site, path: &str, cookie: &str) -> Answer {
    let page = site.get(path, cookie).await.expect(200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(page.text.matches("<h1").count(), 1, "{}", page.text);
    assert!(!page.text.contains("style="), "{}", page.text);
    page
}

/// Sends a form with the token of the page that has it.
pub async fn submit(site: &Site, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let page = site.get("/security/sessions", cookie).await.expect(200);
    let token = form_token(&page);
    let mut all = vec![("form_token", token.as_str())];
    all.extend_from_slice(fields);
    send(site, path, cookie, &all).await
}

/// Sends a form as it is.
pub async fn send(site: &Site, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let request = TestRequest::post()
        .uri(path)
        .insert_header((COOKIE, cookie));
    site.send(request.set_form(fields)).await
}

/// That the answer leads there.
#[track_caller]
pub fn leads_to(answer: &Answer, path: &str) {
    assert_eq!(answer.status.as_u16(), 303, "{}", answer.text);
    assert_eq!(answer.header("location"), Some(path));
}

/// That a form of this path is refused without its token and from another site.
pub async fn refuses_foreign(site: &Site, path: &str, cookie: &str) {
    let forged = send(site, path, cookie, &[("form_token", "0")]).await;
    let forged = forged.expect(403);
    assert!(
        forged.text.contains("This form is no longer good"),
        "{}",
        forged.text
    );
    let bare = send(site, path, cookie, &[]).await;
    bare.expect(403);
    let page = site.get("/security/sessions", cookie).await.expect(200);
    let token = form_token(&page);
    let foreign = TestRequest::post()
        .uri(path)
        .insert_header((COOKIE, cookie))
        .insert_header(("sec-fetch-site", "same-site"))
        .set_form([("form_token", token.as_str())]);
    site.send(foreign).await.expect(403);
}
