//! A message arrives, over SMTP, with both bodies.

use std::time::Duration;

use chrono::DateTime;
use mailer::{Invitation, MailError, Mailer, SmtpSettings};
use settings::Secret;

fn settings(url: &str) -> SmtpSettings {
    SmtpSettings {
        url: Secret::new(url),
        from: "Trellis <no-reply@trellis.example>".into(),
    }
}

#[tokio::test]
async fn an_invitation_arrives_with_its_link() {
    let mailbox = testkit::mailbox();
    let address = mailbox.new_address("zoe");
    let link = "http://acme.trellis.localhost:8080/invite/abc-123";
    let invitation = Invitation {
        tenant: "Äcme".into(),
        name: "Zoë".into(),
        link: link.into(),
        expires_at: DateTime::UNIX_EPOCH,
    };
    let mail = invitation.mail(&address, "one@trellis.example").unwrap();
    let mailer = Mailer::new(&settings(mailbox.smtp_url())).unwrap();
    mailer.send(&mail).await.unwrap();
    let arrived = mailbox.wait_for(&address, Duration::from_secs(10)).await;
    assert_eq!(arrived.link(), Some(link));
}

#[tokio::test]
async fn a_server_that_is_away_is_worth_another_try() {
    // Port 9 is discard: nothing listens there.
    let mailer = Mailer::new(&settings("smtp://a:hunter2@127.0.0.1:9")).unwrap();
    let invitation = Invitation {
        tenant: "Acme".into(),
        name: "Zoë".into(),
        link: "http://x".into(),
        expires_at: DateTime::UNIX_EPOCH,
    };
    let mail = invitation
        .mail("zoe@acme.example", "two@trellis.example")
        .unwrap();
    let error = mailer.send(&mail).await.unwrap_err();
    assert!(
        !error.is_permanent() && !error.to_string().contains("hunter2"),
        "{error}"
    );
    let wrong = Mailer::new(&settings("hunter2")).unwrap_err();
    assert!(matches!(wrong, MailError::Url));
}
