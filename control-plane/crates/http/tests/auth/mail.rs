use std::time::Duration;

use chrono::TimeDelta;
use cp_app::mail::Worker;
use kernel::Role;
use mailer::{Mailer, SmtpSettings};
use serde_json::json;
use settings::Secret;
use testkit::mailbox;

use crate::support::{Site, Stage, TestMember, TestTenant, one_tenant};

pub fn worker(stage: &Stage) -> Worker {
    to(stage, mailbox().smtp_url())
}

fn to(stage: &Stage, url: &str) -> Worker {
    let settings = SmtpSettings {
        url: Secret::new(url),
        from: "Trellis <no-reply@trellis.example>".into(),
    };
    Worker::new(stage.auth.clone(), Mailer::new(&settings).unwrap())
}

async fn invite(site: &Site, by: &TestMember, email: &str) {
    let cookie = site.sign_in(by).await;
    let body = json!({ "name": "Ivy", "email": email, "role": "user" });
    site.post("/api/v1/members", &cookie, &body)
        .await
        .expect(201);
}

/// Invites somebody through the API and takes the token out of the mail they get.
pub async fn invited(stage: &Stage, site: &Site, by: &TestMember, email: &str) -> String {
    invite(site, by, email).await;
    worker(stage).sweep().await.unwrap();
    token_in_mail(email).await
}

pub async fn token_in_mail(email: &str) -> String {
    let mail = mailbox().wait_for(email, Duration::from_secs(10)).await;
    let link = mail.link().unwrap().to_owned();
    link.rsplit_once("/invite/").unwrap().1.to_owned()
}

fn outbox(_: &TestTenant) -> &'static str {
    "SELECT COUNT(*) FROM mail_outbox WHERE state = 'sent' AND sealed IS NULL AND sent_at IS NOT NULL"
}

#[actix_web::test]
async fn an_invitation_is_mailed_once_and_then_emptied() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    invite(&site, &ada, &email).await;
    let rows = stage.rows("SELECT sealed FROM mail_outbox", []).await;
    let sealed: Vec<u8> = rows[0].try_get_by_index(0).unwrap();
    assert!(
        !String::from_utf8_lossy(&sealed).contains("invite/"),
        "the link lies open"
    );

    let worker = worker(&stage);
    assert_eq!(worker.sweep().await.unwrap(), 1);
    assert_eq!(worker.sweep().await.unwrap(), 0);
    let mail = mailbox().wait_for(&email, Duration::from_secs(10)).await;
    assert_eq!(mail.subject, "Join Acme Ltd on Trellis");
    assert!(
        mail.link()
            .unwrap()
            .starts_with("http://acme.trellis.localhost:8080/invite/")
    );
    assert_eq!(mailbox().messages_to(&email).await.len(), 1);
    assert_eq!(stage.count(outbox(&tenant)).await, 1);
}

#[actix_web::test]
async fn mail_waits_for_its_server() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    invite(&site, &ada, &email).await;
    let cut_off = to(&stage, "smtp://127.0.0.1:1");
    assert_eq!(cut_off.sweep().await.unwrap(), 1);
    let queued = "SELECT COUNT(*) FROM mail_outbox WHERE state = 'queued' AND attempts = 1 AND last_error IS NOT NULL";
    assert_eq!(stage.count(queued).await, 1);
    // Not at once again.
    assert_eq!(worker(&stage).sweep().await.unwrap(), 0);
    stage.clock.advance(TimeDelta::seconds(3));
    assert_eq!(worker(&stage).sweep().await.unwrap(), 1);
    mailbox().wait_for(&email, Duration::from_secs(10)).await;
    assert_eq!(stage.count(outbox(&tenant)).await, 1);
}

#[actix_web::test]
async fn what_a_dead_worker_took_another_sends() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let email = mailbox().new_address("ivy");
    invite(&site, &ada, &email).await;
    let tx = stage.auth.central.begin().await.unwrap();
    let taken =
        cp_store::MailOutboxStore::lease(&tx, 10, TimeDelta::seconds(60), stage.now()).await;
    tx.commit().await.unwrap();
    assert_eq!(taken.unwrap().len(), 1);
    assert_eq!(worker(&stage).sweep().await.unwrap(), 0);
    stage.clock.advance(TimeDelta::seconds(61));
    assert_eq!(worker(&stage).sweep().await.unwrap(), 1);
    mailbox().wait_for(&email, Duration::from_secs(10)).await;
    assert_eq!(stage.count(outbox(&tenant)).await, 1);
}

#[actix_web::test]
async fn two_workers_take_different_mails() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let addresses: Vec<String> = (0..6).map(|_| mailbox().new_address("ivy")).collect();
    let cookie = site.sign_in(&ada).await;
    for email in &addresses {
        let body = json!({ "name": "Ivy", "email": email, "role": Role::User });
        site.post("/api/v1/members", &cookie, &body)
            .await
            .expect(201);
    }
    let (one, other) = (worker(&stage), worker(&stage));
    let (a, b) = tokio::join!(one.sweep(), other.sweep());
    assert_eq!(a.unwrap() + b.unwrap(), 6);
    for email in &addresses {
        mailbox().wait_for(email, Duration::from_secs(10)).await;
        assert_eq!(mailbox().messages_to(email).await.len(), 1);
    }
    assert_eq!(stage.count(outbox(&tenant)).await, 6);
}
