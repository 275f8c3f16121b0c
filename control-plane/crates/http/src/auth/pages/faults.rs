//! How pages fail: with a page that says what happened, what still works and the number by which
//! the log knows it; towards sign-in or confirmation where that is all that is missing.

use actix_web::{
    Error, HttpMessage as _, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header::RETRY_AFTER},
    middleware::Next,
    web::Data,
};
use askama::Template;
use cp_app::{Auth, sessions::TenantHost};
use kernel::RequestId;
use ui::{Colour, Nonce, Page};
use web::{ApiError, AsIs, ProblemCode};

use super::{render, see_other};

#[derive(Template)]
#[template(path = "auth/failure.html")]
struct Failure {
    page: Page,
    what: String,
    advice: &'static str,
    reference: String,
}

/// Makes pages of the errors of a scope of pages.
pub(in crate::auth) async fn as_pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let response = next.call(request).await?;
    let meant = response.response().extensions().get::<AsIs>().is_some();
    if response.status().as_u16() < 400 || meant {
        return Ok(response.map_into_left_body());
    }
    let colour = colour_of(response.request()).await;
    let error = response.response().error();
    let page = match error.and_then(Error::as_error::<ApiError>) {
        Some(error) => answer(response.request(), error, colour),
        None => {
            let error = ApiError::new(ProblemCode::of_status(response.status()));
            answer(response.request(), &error, colour)
        }
    };
    let page = page?;
    Ok(ServiceResponse::new(response.into_parts().0, page).map_into_right_body())
}

/// What no route takes: a page for a browser that goes there, a problem for everybody else.
pub(in crate::auth) async fn unknown(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let error = web::unrouted(&request);
    if error.code() != ProblemCode::UnknownRoute || !web::navigates(&request) {
        return Err(error);
    }
    let colour = colour_of(&request).await;
    answer(&request, &error, colour)
}

/// The colour of the tenant whose host it is.
async fn colour_of(request: &HttpRequest) -> Option<Colour> {
    let tenant = request.extensions().get::<TenantHost>()?.tenant_id;
    let auth = request.app_data::<Data<Auth>>()?;
    let look = cp_app::people::look_of(auth, tenant).await;
    look.colour.as_deref().and_then(Colour::parse)
}

fn answer(
    request: &HttpRequest,
    error: &ApiError,
    colour: Option<Colour>,
) -> Result<HttpResponse, ApiError> {
    match error.code() {
        ProblemCode::Unauthenticated => {
            let back = local_target("/sign-in", &page_of(request));
            return Ok(see_other(back));
        }
        ProblemCode::StepUpRequired => {
            let back = local_target("/confirm-identity", &page_of(request));
            return Ok(see_other(back));
        }
        _ => {}
    }
    let status = error.code().status();
    let reference = request.extensions().get::<RequestId>().cloned();
    let reference = reference.map(|id| id.to_string()).unwrap_or_default();
    if status.is_server_error() {
        // The edge sees a page, so the cause is told here, under the same request id.
        tracing::error!(cause = error.cause(), "a page failed");
    }
    let (title, what, advice) = words(status, error);
    let brand = request
        .extensions()
        .get::<TenantHost>()
        .map_or_else(|| "Trellis".to_owned(), |tenant| tenant.name.to_string());
    let nonce = Nonce::new();
    let page = Page {
        narrow: true,
        failed: true,
        colour,
        ..Page::new(title, brand, &nonce)
    };
    let mut page = render(
        &Failure {
            page,
            what,
            advice,
            reference,
        },
        status,
        &nonce,
    )?;
    if let Some(wait) = actix_web::ResponseError::error_response(error)
        .headers()
        .get(RETRY_AFTER)
    {
        page.headers_mut().insert(RETRY_AFTER, wait.clone());
    }
    Ok(page)
}

fn words(status: StatusCode, error: &ApiError) -> (&'static str, String, &'static str) {
    let told = |otherwise: &str| error.detail_text().unwrap_or(otherwise).to_owned();
    match status {
        _ if error.code() == ProblemCode::CrossSiteRefused => (
            "This form is no longer good",
            "It was made for another session, or another site sent it. Nothing was changed."
                .to_owned(),
            "Open the page again and repeat the step.",
        ),
        StatusCode::NOT_FOUND => (
            "Page not found",
            "There is nothing at this address, or not for you.".to_owned(),
            "Go on from the start page.",
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            "This page is not available for a moment",
            "Nothing was changed.".to_owned(),
            "Try again in some seconds.",
        ),
        StatusCode::TOO_MANY_REQUESTS => (
            "Too many attempts",
            told("Nothing was changed."),
            "Wait a little before the next one.",
        ),
        _ if status.is_client_error() => (
            "That could not be done",
            told("The request was refused. Nothing was changed."),
            "Open the page again and look what has changed.",
        ),
        _ => (
            "This page failed",
            "Something went wrong on our side. Nothing was changed.".to_owned(),
            "Try again; with the reference below the cause can be found in the log.",
        ),
    }
}

/// The page that a request came from or is for: one that can be opened again.
fn page_of(request: &HttpRequest) -> String {
    let uri = request.uri();
    if *request.method() == actix_web::http::Method::GET {
        return uri
            .path_and_query()
            .map_or_else(|| uri.path().to_owned(), |whole| whole.as_str().to_owned());
    }
    // What changes something is below the page that has its form.
    let deep = if uri.path().starts_with("/admin/") {
        3
    } else {
        2
    };
    let segments: Vec<&str> = uri.path().split('/').skip(1).take(deep).collect();
    format!("/{}", segments.join("/"))
}

/// A page of ours that leads back to another one.
pub(in crate::auth) fn local_target(page: &str, return_to: &str) -> String {
    let back: String = form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
    format!("{page}?return_to={back}")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn one_comes_back_to_a_page_that_can_be_opened() {
        let read = TestRequest::get().uri("/security/tokens?done=made");
        assert_eq!(
            page_of(&read.to_http_request()),
            "/security/tokens?done=made"
        );
        let write = TestRequest::post().uri("/security/tokens/1/revoke");
        assert_eq!(page_of(&write.to_http_request()), "/security/tokens");
        let write = TestRequest::post().uri("/admin/security/domains/1/check");
        assert_eq!(page_of(&write.to_http_request()), "/admin/security/domains");
        assert_eq!(
            local_target("/sign-in", "/security/tokens?done=made"),
            "/sign-in?return_to=%2Fsecurity%2Ftokens%3Fdone%3Dmade"
        );
    }
}
