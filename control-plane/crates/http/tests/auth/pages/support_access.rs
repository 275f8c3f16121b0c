use chrono::TimeDelta;
use uuid::Uuid;

use super::{leads_to, open, submit};
use crate::support::{Stage, TestTenant, one_tenant};

const PATH: &str = "/admin/security/support-access";

/// A request of a member of staff.
pub async fn requested(stage: &Stage, tenant: &TestTenant, name: &str) -> Uuid {
    let (staff, id) = (Uuid::now_v7(), Uuid::now_v7());
    let now = stage.now();
    stage
        .execute(
            "INSERT INTO staff (id, email, name, role, password_hash, totp_secret, created_at) \
             VALUES (?, ?, ?, 'support', '', '', ?)",
            [
                staff.into(),
                format!("{name}@staff.example").into(),
                name.into(),
                now.into(),
            ],
        )
        .await;
    stage
        .execute(
            "INSERT INTO support_access (id, tenant_id, staff_id, reason, minutes, state, \
             requested_at) VALUES (?, ?, ?, 'Ticket <4711>', 120, 'requested', ?)",
            [
                id.into(),
                tenant.host.tenant_id.as_uuid().into(),
                staff.into(),
                now.into(),
            ],
        )
        .await;
    id
}

#[actix_web::test]
async fn a_request_is_consented_to_and_taken_back() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let empty = open(&site, PATH, &cookie).await;
    assert!(empty.text.contains("Nobody has asked for access."));
    let (first, second) = (
        requested(&stage, &tenant, "Sam").await,
        requested(&stage, &tenant, "Tom").await,
    );
    let page = open(&site, PATH, &cookie).await;
    for text in [
        "Sam",
        "Tom",
        "Ticket &#60;4711&#62;",
        "Waits for your answer",
        "2 h",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    let granted = submit(&site, &format!("{PATH}/{first}/grant"), &cookie, &[]).await;
    leads_to(&granted, "/admin/security/support-access?done=granted");
    let declined = submit(&site, &format!("{PATH}/{second}/decline"), &cookie, &[]).await;
    leads_to(&declined, "/admin/security/support-access?done=declined");
    let overview = open(&site, "/admin/security", &cookie).await;
    assert!(overview.text.contains("Staff may look in now"));
    // Taking back needs no confirmation, giving does.
    stage.clock.advance(TimeDelta::minutes(11));
    let third = requested(&stage, &tenant, "Uma").await;
    let old = submit(&site, &format!("{PATH}/{third}/grant"), &cookie, &[]).await;
    assert!(
        old.header("location")
            .unwrap()
            .starts_with("/confirm-identity?")
    );
    let withdrawn = submit(&site, &format!("{PATH}/{first}/withdraw"), &cookie, &[]).await;
    leads_to(&withdrawn, "/admin/security/support-access?done=withdrawn");
    let again = submit(&site, &format!("{PATH}/{first}/withdraw"), &cookie, &[]).await;
    leads_to(&again, "/admin/security/support-access?done=answered");
    let page = open(&site, PATH, &cookie).await;
    assert!(page.text.contains("Withdrawn") && page.text.contains("Declined"));
    submit(&site, &format!("{PATH}/{first}/seize"), &cookie, &[])
        .await
        .expect(404);
    let foreign = Uuid::now_v7();
    submit(&site, &format!("{PATH}/{foreign}/withdraw"), &cookie, &[])
        .await
        .expect(404);
}
