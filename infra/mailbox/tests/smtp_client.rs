//! The mailbox as the programs meet it: over TCP, with the SMTP client they use.

use std::sync::Arc;

use clock::Clock;
use lettre::message::MultiPart;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use mailbox::{smtp, store::Mailbox};
use tokio::net::TcpListener;

#[tokio::test]
async fn takes_what_lettre_sends() {
    let mailbox = Arc::new(Mailbox::new(Clock::system()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let intake = tokio::spawn(smtp::listen(listener, Arc::clone(&mailbox)));

    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(port)
        .build();
    for number in 1..=2 {
        let mail = Message::builder()
            .from("Trellis <no-reply@trellis.localhost>".parse().unwrap())
            .to("Ann <ann@acme.example>".parse().unwrap())
            .subject(format!("Welcome № {number}"))
            .multipart(MultiPart::alternative_plain_html(
                "Follow https://acme.example/invite?token=abc=def".to_owned(),
                "<p>Follow <a href=\"https://acme.example/invite\">this</a>, Zoë</p>".to_owned(),
            ))
            .unwrap();
        transport.send(mail).await.unwrap();
    }

    let newest = &mailbox.list(Some("ann@acme.example"))[0];
    assert_eq!(newest.subject, "Welcome № 2");
    assert_eq!(newest.from, "no-reply@trellis.localhost");
    assert!(newest.text.as_deref().unwrap().contains("token=abc=def"));
    assert!(newest.html.as_deref().unwrap().contains("Zoë"));
    intake.abort();
}
