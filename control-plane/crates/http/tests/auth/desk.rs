//! Staff help people: they need not wait any more, are out where they should not be, and lose
//! factors that were lost.

use cp_app::{
    Client,
    desk::{self, DeskError},
    staff::By,
};
use kernel::{Limit, PersonId};
use uuid::Uuid;

use crate::support::{PASSWORD, Stage, TestMember, one_tenant};

async fn person_of(stage: &Stage, member: &TestMember) -> PersonId {
    stage.person(&member.email).await.id
}

#[actix_web::test]
async fn who_failed_too_often_may_try_again_at_once() {
    let (stage, _tenant, site, ada) = one_tenant().await;
    let person = person_of(&stage, &ada).await;
    for _ in 0..7 {
        site.try_sign_in(&ada.email, "a wrong password").await;
    }
    site.try_sign_in(&ada.email, PASSWORD).await.expect(429);
    stage
        .execute("UPDATE people SET totp_failures = 50", [])
        .await;
    let page = desk::find_person(&stage.auth, person).await.unwrap();
    let lockout = page.lockout.unwrap();
    assert!(lockout.password.failures >= 5, "{lockout:?}");
    assert!(lockout.password.until.unwrap() > stage.now());
    assert_eq!(lockout.second_factor.until, None);
    desk::clear_lockout(&stage.auth, &By::system(), person)
        .await
        .unwrap();
    site.try_sign_in(&ada.email, PASSWORD).await.expect(200);
    let failures = "SELECT COUNT(*) FROM people WHERE totp_failures > 0";
    assert_eq!(stage.count(failures).await, 0);
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action = 'person.clear_lockout'";
    assert_eq!(stage.count(audited).await, 1);
    let nobody = PersonId::from_uuid(Uuid::nil());
    let missing = desk::clear_lockout(&stage.auth, &By::system(), nobody).await;
    assert!(matches!(missing, Err(DeskError::NotFound)));
}

#[actix_web::test]
async fn a_session_that_staff_end_is_over_with_the_next_request() {
    let (stage, _tenant, site, ada) = one_tenant().await;
    let person = person_of(&stage, &ada).await;
    let (first, second) = (site.sign_in(&ada).await, site.sign_in(&ada).await);
    let two = Limit::new(1).unwrap();
    let newest = desk::list_sessions(&stage.auth, person, None, two)
        .await
        .unwrap();
    // One more than the limit: another page follows.
    assert_eq!(newest.len(), 2);
    let older = desk::list_sessions(&stage.auth, person, Some(newest[0].id), two)
        .await
        .unwrap();
    assert_eq!(older.len(), 1);
    let nobody = PersonId::from_uuid(Uuid::nil());
    let of_other = desk::end_session(&stage.auth, &By::system(), nobody, older[0].id).await;
    assert!(matches!(of_other, Err(DeskError::NotFound)));
    assert!(site.is_in(&first).await);
    desk::end_session(&stage.auth, &By::system(), person, older[0].id)
        .await
        .unwrap();
    // Both began in the same instant of the test's clock: either may be the older.
    assert_ne!(site.is_in(&first).await, site.is_in(&second).await);
    desk::end_all_sessions(&stage.auth, &By::system(), person)
        .await
        .unwrap();
    assert!(!site.is_in(&first).await && !site.is_in(&second).await);
}

#[actix_web::test]
async fn lost_factors_are_taken_away_and_their_owner_hears_of_it() {
    let (stage, _tenant, site, ada) = one_tenant().await;
    let person = person_of(&stage, &ada).await;
    let cookie = site.sign_in(&ada).await;
    stage
        .execute(
            "UPDATE people SET totp_secret = 'sealed', totp_confirmed_at = NOW(6), \
             totp_last_step = 7",
            [],
        )
        .await;
    stage
        .execute(
            "INSERT INTO recovery_codes (person_id, code_hash, created_at) \
             SELECT id, REPEAT('a', 32), NOW(6) FROM people",
            [],
        )
        .await;
    stage
        .execute(
            "INSERT INTO passkeys (id, person_id, credential_hash, credential, name, created_at) \
             SELECT REPEAT('k', 16), id, REPEAT('h', 32), '{}', 'a key', NOW(6) FROM people",
            [],
        )
        .await;
    let client = Client::new(None, None, "a desk".to_owned());
    let mails = "SELECT COUNT(*) FROM mail_outbox WHERE kind = 'security_notice'";
    let before = stage.count(mails).await;
    desk::reset_factors(&stage.auth, &By::system(), person, "lost phone", &client)
        .await
        .unwrap();
    let page = desk::find_person(&stage.auth, person).await.unwrap();
    let factors = page.factors.factors;
    assert!(!factors.totp && factors.passkeys == 0 && factors.recovery_codes == 0);
    assert!(!site.is_in(&cookie).await);
    assert_eq!(stage.count(mails).await, before + 1);
    // A code that was used stays used.
    let steps = "SELECT COUNT(*) FROM people WHERE totp_last_step = 7";
    assert_eq!(stage.count(steps).await, 1);
    let audited = "SELECT COUNT(*) FROM audit_log WHERE action = 'person.reset_factors' \
                   AND detail LIKE '%lost phone%'";
    assert_eq!(stage.count(audited).await, 1);
}

#[actix_web::test]
async fn people_are_found_by_the_beginning_of_their_address() {
    let (stage, tenant, _site, _ada) = one_tenant().await;
    stage.member(&tenant, "adam", kernel::Role::User).await;
    stage.member(&tenant, "a%b", kernel::Role::User).await;
    let find = async |beginning: &str| {
        let found = desk::list_people(&stage.auth, beginning, None, None, Limit::default()).await;
        let names: Vec<String> = found.unwrap().into_iter().map(|p| p.name).collect();
        names
    };
    assert_eq!(find("ada").await, ["ada", "adam"]);
    assert_eq!(find("ADA@").await, ["ada"]);
    assert_eq!(find("a%").await, ["a%b"]);
    assert_eq!(find("da").await, [""; 0]);
    let other = kernel::TenantId::from_uuid(Uuid::nil());
    let none = desk::list_people(&stage.auth, "", Some(other), None, Limit::default()).await;
    assert!(none.unwrap().is_empty());
}
