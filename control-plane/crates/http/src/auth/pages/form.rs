//! What a form sent, once it is known to be one of ours, and what is wrong with it.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::Pin,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::StatusCode,
    web::{Data, Form},
};
use cp_app::{Auth, sessions::form_token};
use secrecy::SecretString;
use ui::{Banner, ErrorSummary};
use web::{ApiError, ProblemCode};

use crate::auth::cookies::cookie_name;

/// The fields of a form that carries the token of the session that it was made for.
pub(in crate::auth) struct Submission(Vec<(String, String)>);

impl Submission {
    /// The text of a field, without space around it; empty when it was not sent.
    pub(in crate::auth) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The text of a field, when there is some.
    pub(in crate::auth) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// A secret, as it was typed.
    pub(in crate::auth) fn secret(&self, name: &str) -> SecretString {
        SecretString::from(self.raw(name).to_owned())
    }

    /// Whether a box is on.
    pub(in crate::auth) fn ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// All that was chosen of a group.
    pub(in crate::auth) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(field, _)| field == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The fields of this name, row by row, the empty ones too.
    pub(in crate::auth) fn column(&self, name: &str) -> Vec<&str> {
        let of_name = self.0.iter().filter(|(field, _)| field == name);
        of_name.map(|(_, value)| value.trim()).collect()
    }

    fn raw(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    async fn of(request: HttpRequest, mut payload: Payload) -> Result<Self, ApiError> {
        web::csrf::guard_cookie(&request)?;
        let form = Form::<Vec<(String, String)>>::from_request(&request, &mut payload);
        let fields = form.await.map_err(|error| {
            let code = ProblemCode::of_status(error.as_response_error().status_code());
            ApiError::new(code).because(&error)
        })?;
        let submission = Self(fields.into_inner());
        let insecure = request
            .app_data::<Data<Auth>>()
            .is_some_and(|auth| auth.settings.insecure_cookies);
        let cookie = request
            .cookie(cookie_name(insecure))
            .ok_or(ProblemCode::Unauthenticated)?;
        let expected = form_token(&SecretString::from(cookie.value().to_owned()));
        if submission.raw("form_token") == expected {
            Ok(submission)
        } else {
            Err(ApiError::new(ProblemCode::CrossSiteRefused))
        }
    }
}

impl FromRequest for Submission {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        Box::pin(Self::of(request.clone(), payload.take()))
    }
}

/// What was done before one came to the page: a word of ours in the query.
pub(in crate::auth) struct Done(String);

impl Done {
    /// Whether it is this word.
    pub(in crate::auth) fn is(&self, word: &str) -> bool {
        self.0 == word
    }

    /// The banner that belongs to the word, if it is one of these.
    pub(in crate::auth) fn banner(&self, words: &[(&str, &str)]) -> Option<Banner> {
        let found = words.iter().find(|(word, _)| *word == self.0);
        found.map(|(_, text)| Banner::good(*text))
    }
}

impl FromRequest for Done {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let word = form_urlencoded::parse(request.query_string().as_bytes())
            .find(|(name, _)| name == "done")
            .map(|(_, word)| word.into_owned());
        ready(Ok(Self(word.unwrap_or_default())))
    }
}

/// What is wrong with a form: field name (empty: the whole form) and message.
#[derive(Debug, Default)]
pub(in crate::auth) struct Faults(Vec<(String, String)>);

impl Faults {
    /// One field is wrong.
    pub(in crate::auth) fn field(name: &str, message: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add(name, message);
        faults
    }

    /// One more field is wrong.
    pub(in crate::auth) fn add(&mut self, name: &str, message: impl Into<String>) {
        self.0.push((name.to_owned(), message.into()));
    }

    /// Whether nothing is wrong.
    pub(in crate::auth) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The message of a field.
    pub(in crate::auth) fn of(&self, field: &str) -> Option<String> {
        let found = self.0.iter().find(|(name, _)| name == field);
        found.map(|(_, message)| message.clone())
    }

    /// All of them, for the head of the page.
    pub(in crate::auth) fn summary(&self) -> ErrorSummary {
        ErrorSummary {
            title: "There is a problem".to_owned(),
            errors: self.0.clone(),
        }
    }

    /// The status of the page with the form.
    pub(in crate::auth) fn status(&self) -> StatusCode {
        if self.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}
