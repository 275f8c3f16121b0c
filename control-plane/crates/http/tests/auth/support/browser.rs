//! A browser without scripts: keeps cookies per host, fills forms in, follows what it is told.

use std::{cell::RefCell, collections::BTreeMap};

use actix_web::{
    cookie::Cookie,
    http::header::{COOKIE, SET_COOKIE},
    test::TestRequest,
};

use super::{Answer, Site};

/// Cookies by host and name.
#[derive(Default)]
pub struct Browser(RefCell<BTreeMap<(String, String), String>>);

impl Browser {
    pub fn new() -> Self {
        Self::default()
    }

    /// The cookies that a host gets.
    pub fn cookies(&self, site: &Site) -> String {
        let jar = self.0.borrow();
        let own = jar.iter().filter(|((host, _), _)| host == site.host());
        let pairs: Vec<String> = own
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    pub fn cookie(&self, site: &Site, name: &str) -> Option<String> {
        let jar = self.0.borrow();
        jar.get(&(site.host().to_owned(), name.to_owned())).cloned()
    }

    pub fn set(&self, site: &Site, name: &str, value: &str) {
        let key = (site.host().to_owned(), name.to_owned());
        self.0.borrow_mut().insert(key, value.to_owned());
    }

    fn keep(&self, site: &Site, answer: &Answer) {
        for line in answer.headers.get_all(SET_COOKIE) {
            let cookie = Cookie::parse(line.to_str().unwrap().to_owned()).unwrap();
            let key = (site.host().to_owned(), cookie.name().to_owned());
            assert!(cookie.http_only().unwrap_or_default(), "{cookie}");
            assert!(cookie.domain().is_none(), "{cookie}");
            if cookie.value().is_empty() {
                self.0.borrow_mut().remove(&key);
            } else {
                self.0.borrow_mut().insert(key, cookie.value().to_owned());
            }
        }
    }

    pub async fn get(&self, site: &Site, path: &str) -> Answer {
        let request = TestRequest::get()
            .uri(path)
            .insert_header((COOKIE, self.cookies(site)))
            .insert_header(("accept", "text/html"));
        let answer = site.send(request).await;
        self.keep(site, &answer);
        answer
    }

    pub async fn post(&self, site: &Site, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = TestRequest::post()
            .uri(path)
            .insert_header((COOKIE, self.cookies(site)))
            .set_form(fields);
        let answer = site.send(request).await;
        self.keep(site, &answer);
        answer
    }

    /// Opens a page and sends its form with these fields added or replaced.
    pub async fn fill(&self, site: &Site, page: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(site, page).await.expect(200);
        self.send(site, &shown, fields).await
    }

    /// Sends the form of a page with these fields added or replaced.
    pub async fn send(&self, site: &Site, shown: &Answer, fields: &[(&str, &str)]) -> Answer {
        let form = shown.text.split_once("<main").unwrap().1;
        let action = between(form, "action=\"", "\"").unwrap();
        let token = hidden(shown, "form_token").unwrap();
        let return_to = hidden(shown, "return_to");
        let mut all = vec![("form_token", token.as_str())];
        if let Some(return_to) = &return_to {
            all.push(("return_to", return_to));
        }
        all.extend_from_slice(fields);
        self.post(site, action, &all).await
    }

    /// Goes through both pages of a sign-in; answers what the second one answered.
    pub async fn sign_in(&self, site: &Site, email: &str, password: &str, path: &str) -> Answer {
        let page = format!("/sign-in?return_to={path}");
        let second = self.fill(site, &page, &[("email", email)]).await;
        let second = second.expect(303).header("location").unwrap().to_owned();
        let fields = [("email", email), ("password", password)];
        self.fill(site, &second, &fields).await
    }
}

/// The value of a hidden field in the page's own part.
pub fn hidden(page: &Answer, name: &str) -> Option<String> {
    let main = page.text.split_once("<main").unwrap().1;
    let start = format!("name=\"{name}\" value=\"");
    between(main, &start, "\"").map(unescape)
}

/// The address of the first link or refresh that starts like this.
pub fn the_link(page: &Answer, start: &str) -> Option<String> {
    let at = page.text.find(&format!("\"{start}"))?;
    between(&page.text[at..], "\"", "\"").map(unescape)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?
        .1
        .split_once(end)
        .map(|(found, _)| found)
}

fn unescape(text: &str) -> String {
    text.replace("&#38;", "&").replace("&#x2f;", "/")
}
