//! Database servers and how full they are.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use cp_staff_api::ServerView;
use ui::{Nonce, Page};

use crate::{
    Office,
    failure::Failure,
    frame::{answer, frame},
    session,
};

#[derive(Template)]
#[template(path = "servers.html")]
struct ServersPage {
    page: Page,
    servers: Vec<ServerView>,
}

pub(crate) async fn show(
    request: HttpRequest,
    office: Data<Office>,
) -> Result<HttpResponse, Failure> {
    let signed_in = session::signed_in(&request, &office).await?;
    let servers = signed_in.calls.servers().await?.data;
    let nonce = Nonce::new();
    let page = ServersPage {
        page: frame("Servers", "/servers", &[], &signed_in, &nonce),
        servers,
    };
    answer(StatusCode::OK, &nonce, &page)
}
