//! What a page can end with other than well, and the page that says so.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use askama::Template;
use cp_staff_api::StaffApiError;
use ui::{Nonce, Page};

use crate::frame::BRAND;

/// A page could not be given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("not signed in")]
    SignInNeeded,
    #[error("the form came from elsewhere")]
    Foreign,
    #[error("no such page")]
    NotFound,
    #[error(transparent)]
    Api(#[from] StaffApiError),
    #[error("the page cannot be written: {0}")]
    Broken(String),
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    page: Page,
    what: &'static str,
    works: &'static str,
    detail: Option<String>,
    request_id: String,
}

impl Failure {
    fn words(&self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Self::SignInNeeded => (StatusCode::SEE_OTHER, "Sign in", "", ""),
            Self::Foreign => (
                StatusCode::FORBIDDEN,
                "This form is no longer good",
                "It was made for another session, or another site sent it. Nothing was changed.",
                "Open the page again and repeat the step.",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Page not found",
                "There is nothing at this address.",
                "Look for it under Tenants or Operations.",
            ),
            Self::Api(error) => Self::of_api(error),
            Self::Broken(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "This page failed",
                "Something went wrong on our side. Nothing was changed.",
                "Try again; with the number below the cause can be found in the log.",
            ),
        }
    }

    fn of_api(error: &StaffApiError) -> (StatusCode, &'static str, &'static str, &'static str) {
        match error.problem().map(|problem| problem.status) {
            Some(404) => Self::NotFound.words(),
            Some(403) => (
                StatusCode::FORBIDDEN,
                "Not allowed",
                "Your role does not allow this.",
                "Ask an owner, or go on with what your role allows.",
            ),
            Some(status @ 400..500) => (
                StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
                "That could not be done",
                "The control plane refused it. Nothing was changed.",
                "Go back and look at the page again.",
            ),
            _ => (
                StatusCode::BAD_GATEWAY,
                "The control plane does not answer",
                "Pages of the back office need it. Tenants are served all the same.",
                "Try again in a moment.",
            ),
        }
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.words().0
    }

    fn error_response(&self) -> HttpResponse {
        let signed_out = matches!(self, Self::SignInNeeded)
            || matches!(self, Self::Api(error) if error.is_unauthenticated());
        if signed_out {
            return HttpResponse::SeeOther()
                .insert_header((header::LOCATION, "/sign-in"))
                .finish();
        }
        let (status, title, what, works) = self.words();
        if status.is_server_error() {
            tracing::error!(error = %self, "a page failed");
        }
        let problem = match self {
            Self::Api(error) => error.problem(),
            _ => None,
        };
        let nonce = Nonce::new();
        let page = FailurePage {
            page: Page {
                narrow: true,
                failed: true,
                ..Page::new(title, BRAND, &nonce)
            },
            what,
            works,
            detail: problem.and_then(|problem| problem.detail.clone()),
            request_id: problem
                .map(|problem| problem.request_id.clone())
                .unwrap_or_default(),
        };
        let mut response = ui::html(status, &nonce).body(page.render().unwrap_or_default());
        response.extensions_mut().insert(web::AsIs);
        response
    }
}

/// The page for an address that nothing has.
pub(crate) async fn no_page(_request: HttpRequest) -> Result<HttpResponse, Failure> {
    Err(Failure::NotFound)
}
