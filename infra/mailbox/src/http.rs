//! The JSON API and the pages.

use actix_web::http::header;
use actix_web::{HttpResponse, Responder, web};
use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::pages;
use crate::store::Mailbox;

/// What a message's own HTML may do: look as it was meant to, and open links beside the mailbox.
const MESSAGE_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; \
     default-src 'none'; style-src 'unsafe-inline'; img-src data:";
/// What our own pages may do.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; \
     form-action 'self'; base-uri 'none'";

#[derive(Debug, Deserialize)]
struct Filter {
    to: Option<String>,
}

#[derive(Debug, Serialize)]
struct Listing {
    data: Vec<Message>,
}

/// Every route of the mailbox.
pub fn routes(configuration: &mut web::ServiceConfig) {
    configuration
        .route("/livez", web::get().to(async || "ok"))
        .route("/readyz", web::get().to(async || "ok"))
        .route("/api/v1/messages", web::get().to(list))
        .route("/api/v1/messages", web::delete().to(clear))
        .route("/api/v1/messages/{id}", web::get().to(show))
        .route("/", web::get().to(list_page))
        .route("/messages/{id}", web::get().to(message_page))
        .route("/messages/{id}/html", web::get().to(message_html));
}

async fn list(mailbox: web::Data<Mailbox>, filter: web::Query<Filter>) -> impl Responder {
    web::Json(Listing {
        data: mailbox.list(filter.to.as_deref()),
    })
}

async fn clear(mailbox: web::Data<Mailbox>) -> impl Responder {
    mailbox.clear();
    HttpResponse::NoContent()
}

async fn show(mailbox: web::Data<Mailbox>, id: web::Path<u64>) -> HttpResponse {
    mailbox
        .find(*id)
        .map_or_else(not_found, |message| HttpResponse::Ok().json(message))
}

async fn list_page(mailbox: web::Data<Mailbox>, filter: web::Query<Filter>) -> HttpResponse {
    page(pages::list(
        &mailbox.list(filter.to.as_deref()),
        filter.to.as_deref().unwrap_or_default(),
    ))
}

async fn message_page(mailbox: web::Data<Mailbox>, id: web::Path<u64>) -> HttpResponse {
    mailbox
        .find(*id)
        .map_or_else(not_found, |message| page(pages::message(&message)))
}

async fn message_html(mailbox: web::Data<Mailbox>, id: web::Path<u64>) -> HttpResponse {
    let Some(html) = mailbox.find(*id).and_then(|message| message.html) else {
        return not_found();
    };
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, MESSAGE_POLICY))
        // Links open in a tab of their own: the frame is no place for them.
        .body(format!("<base target=\"_blank\">{html}"))
}

fn page(rendered: askama::Result<String>) -> HttpResponse {
    match rendered {
        Ok(body) => HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
            .body(body),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            HttpResponse::InternalServerError().body("The page could not be rendered.")
        }
    }
}

fn not_found() -> HttpResponse {
    HttpResponse::NotFound().body("There is no such message.")
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::{App, test};
    use clock::Clock;

    use super::*;

    async fn get(path: &str) -> (StatusCode, String) {
        let mailbox = Mailbox::new(Clock::system());
        let raw = "Subject: <b>hello</b>\r\nContent-Type: text/plain\r\n\r\n\
                   See http://acme.trellis.localhost:8080/invite?t=a&b=1 now.\r\n";
        mailbox.receive("a@b.example", &["c@d.example".into()], raw.as_bytes());
        let app = App::new()
            .app_data(web::Data::new(mailbox))
            .configure(routes);
        let app = test::init_service(app).await;
        let answer = test::call_service(&app, test::TestRequest::with_uri(path).to_request()).await;
        let status = answer.status();
        (
            status,
            String::from_utf8(test::read_body(answer).await.to_vec()).unwrap(),
        )
    }

    #[actix_web::test]
    async fn lists_by_recipient() {
        let (status, body) = get("/api/v1/messages?to=c@d.example").await;
        assert_eq!(status, StatusCode::OK);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["data"][0]["subject"], "<b>hello</b>");
        assert_eq!(body["data"][0]["to"][0], "c@d.example");
        let (_, none) = get("/api/v1/messages?to=x@d.example").await;
        assert_eq!(none, r#"{"data":[]}"#);
    }

    #[actix_web::test]
    async fn pages_escape_and_link() {
        let (_, list) = get("/").await;
        assert!(!list.contains("<b>hello"), "{list}");
        let (_, page) = get("/messages/1").await;
        let link = "<a href=\"http://acme.trellis.localhost:8080/invite?t=a&#38;b=1\"";
        assert!(page.contains(link), "{page}");
        assert_eq!(get("/messages/2").await.0, StatusCode::NOT_FOUND);
        assert_eq!(get("/messages/1/html").await.0, StatusCode::NOT_FOUND);
    }
}
