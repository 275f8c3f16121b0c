//! Starts the SMTP and the HTTP listener of the development mailbox.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::{App, HttpServer, web};
use anyhow::{Context, Result};
use clap::Parser;
use clock::Clock;
use mailbox::{http, smtp, store::Mailbox};
use tokio::net::TcpListener;

/// Takes mail over SMTP and shows it over HTTP. For development and tests.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address that takes mail.
    #[arg(long, default_value = "127.0.0.1:8025")]
    smtp: SocketAddr,
    /// Address of the pages and the API.
    #[arg(long, default_value = "127.0.0.1:8026")]
    http: SocketAddr,
}

#[actix_web::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_target(false)
        .with_ansi(false)
        .init();
    let mailbox = Arc::new(Mailbox::new(Clock::system()));
    let listener = TcpListener::bind(arguments.smtp)
        .await
        .with_context(|| format!("cannot take mail on {}", arguments.smtp))?;
    let pages = web::Data::from(Arc::clone(&mailbox));
    let server =
        HttpServer::new(move || App::new().app_data(pages.clone()).configure(http::routes))
            .workers(1)
            .shutdown_timeout(2)
            .bind(arguments.http)
            .with_context(|| format!("cannot serve pages on {}", arguments.http))?
            .run();
    tracing::info!(smtp = %arguments.smtp, http = %arguments.http, "ready");
    let intake = tokio::spawn(smtp::listen(listener, mailbox));
    let outcome = server.await.context("the HTTP listener failed");
    intake.abort();
    outcome
}
