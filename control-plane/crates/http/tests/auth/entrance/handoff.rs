//! From the host of people into a tenant.

use chrono::TimeDelta;

use super::world::World;
use crate::support::{Answer, Browser, PASSWORD, Site, the_link};

/// The path and query of a whole address on this site.
#[track_caller]
fn path_on(site: &Site, address: &str) -> String {
    let start = format!("http://{}", site.host());
    address
        .strip_prefix(&start)
        .unwrap_or_else(|| panic!("{address} is not on {start}"))
        .to_owned()
}

/// From the tenant's host to the one of people; answers where to.
async fn depart(world: &World, browser: &Browser, site: &Site) -> String {
    let sent = browser
        .get(site, "/auth/handoff?return_to=/security")
        .await
        .expect(303);
    path_on(&world.people, sent.header("location").unwrap())
}

/// Back with a code; answers where to.
async fn code_for(world: &World, browser: &Browser, site: &Site) -> String {
    let there = depart(world, browser, site).await;
    let page = browser.get(&world.people, &there).await.expect(200);
    let link = the_link(&page, "http://").unwrap();
    // It leads on by itself, and can be followed by hand.
    assert!(
        page.text
            .contains("http-equiv=\"refresh\" content=\"0; url=http://"),
        "{}",
        page.text
    );
    path_on(site, &link)
}

async fn session(site: &Site, browser: &Browser) -> Option<serde_json::Value> {
    let answer: Answer = site.get("/auth/v1/session", &browser.cookies(site)).await;
    (answer.status == 200).then(|| answer.json())
}

#[actix_web::test]
async fn a_person_goes_on_into_their_tenants_without_a_password() {
    let world = World::new().await;
    let browser = Browser::new();
    world.sign_in_at_home(&browser).await.expect(303);
    for site in [&world.at_acme, &world.at_globex] {
        let back = code_for(&world, &browser, site).await;
        let done = browser.get(site, &back).await.expect(303);
        assert_eq!(done.header("location"), Some("/security"));
        let session = session(site, &browser).await.unwrap();
        assert_eq!(session["member"]["email"], world.ada.email.as_str());
        assert_eq!(browser.cookie(site, "trellis-handoff"), None);
        // Who is in goes straight on.
        let again = browser
            .get(site, "/auth/handoff?return_to=/x")
            .await
            .expect(303);
        assert_eq!(again.header("location"), Some("/x"));
    }
    let methods = "SELECT COUNT(*) FROM sessions WHERE method = 'handoff' AND state = 'active'";
    assert_eq!(world.stage.count(methods).await, 2);
}

#[actix_web::test]
async fn who_is_not_signed_in_at_home_signs_in_there_on_the_way() {
    let world = World::new().await;
    let browser = Browser::new();
    let there = depart(&world, &browser, &world.at_globex).await;
    let led = browser.get(&world.people, &there).await.expect(303);
    let sign_in = led.header("location").unwrap().to_owned();
    let second = browser
        .fill(&world.people, &sign_in, &[("email", &world.ada.email)])
        .await;
    let second = second.expect(303).header("location").unwrap().to_owned();
    let fields = [("email", world.ada.email.as_str()), ("password", PASSWORD)];
    let done = browser
        .fill(&world.people, &second, &fields)
        .await
        .expect(303);
    assert_eq!(done.header("location"), Some(there.as_str()));
    let page = browser.get(&world.people, &there).await.expect(200);
    let back = path_on(&world.at_globex, &the_link(&page, "http://").unwrap());
    browser.get(&world.at_globex, &back).await.expect(303);
    assert!(session(&world.at_globex, &browser).await.is_some());
}

#[actix_web::test]
async fn a_code_is_good_once_soon_here_and_in_this_browser() {
    let world = World::new().await;
    let browser = Browser::new();
    world.sign_in_at_home(&browser).await.expect(303);
    let site = &world.at_acme;
    let refused = |answer: Answer| {
        assert!(answer.expect(410).text.contains("That did not work"));
    };

    // Another browser, without and with a cookie of its own.
    let back = code_for(&world, &browser, site).await;
    let thief = Browser::new();
    refused(thief.get(site, &back).await);
    depart(&world, &thief, site).await;
    refused(thief.get(site, &back).await);
    assert!(session(site, &thief).await.is_none());

    // Another host, even with the right cookie.
    let cookie = browser.cookie(site, "trellis-handoff").unwrap();
    browser.set(&world.at_globex, "trellis-handoff", &cookie);
    refused(browser.get(&world.at_globex, &back).await);
    assert!(session(&world.at_globex, &browser).await.is_none());

    // Here it is good, and never again.
    browser.get(site, &back).await.expect(303);
    assert!(session(site, &browser).await.is_some());
    let replay = Browser::new();
    replay.set(site, "trellis-handoff", &cookie);
    refused(replay.get(site, &back).await);
    assert!(session(site, &replay).await.is_none());

    // Half a minute is too late.
    let late = Browser::new();
    world.sign_in_at_home(&late).await.expect(303);
    let back = code_for(&world, &late, site).await;
    world.stage.clock.advance(TimeDelta::seconds(30));
    refused(late.get(site, &back).await);
    assert!(session(site, &late).await.is_none());

    // Truncated, doubled, nonsense.
    for code in [
        "",
        "A",
        &"A".repeat(43),
        "%00",
        &back.replace("/auth/handoff?code=", "")[..20],
    ] {
        let odd = Browser::new();
        depart(&world, &odd, site).await;
        refused(odd.get(site, &format!("/auth/handoff?code={code}")).await);
    }
}

#[actix_web::test]
async fn one_of_thirty_two_uses_of_a_code_wins() {
    let world = World::new().await;
    let browser = Browser::new();
    world.sign_in_at_home(&browser).await.expect(303);
    let site = &world.at_acme;
    let back = code_for(&world, &browser, site).await;
    let cookie = browser.cookie(site, "trellis-handoff").unwrap();
    let tries = (0..32).map(|_| {
        let (back, cookie) = (&back, &cookie);
        async move {
            let other = Browser::new();
            other.set(site, "trellis-handoff", cookie);
            other.get(site, back).await.status.as_u16()
        }
    });
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(
        answers.iter().filter(|status| **status == 303).count(),
        1,
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|status| **status == 410).count(),
        31,
        "{answers:?}"
    );
    assert_eq!(world.stage.count("SELECT COUNT(*) FROM sessions").await, 1);
}

#[actix_web::test]
async fn a_code_ends_with_the_session_that_asked_for_it() {
    let world = World::new().await;
    let browser = Browser::new();
    world.sign_in_at_home(&browser).await.expect(303);
    let back = code_for(&world, &browser, &world.at_acme).await;
    let sql = "UPDATE person_sessions SET revoked_at = ?";
    world.stage.execute(sql, [world.stage.now().into()]).await;
    browser.get(&world.at_acme, &back).await.expect(410);
    assert!(session(&world.at_acme, &browser).await.is_none());
}

#[actix_web::test]
async fn the_tenants_own_policy_decides_who_comes_in() {
    let world = World::new().await;
    let browser = Browser::new();
    world.sign_in_at_home(&browser).await.expect(303);
    let site = &world.at_globex;

    // Single sign-on is enforced.
    world.decide(&world.globex, "sso_enforced", "1").await;
    let back = code_for(&world, &browser, site).await;
    let led = browser.get(site, &back).await.expect(303);
    assert_eq!(
        led.header("location"),
        Some("/sign-in?return_to=%2Fsecurity&notice=sso")
    );
    assert!(session(site, &browser).await.is_none());
    world.decide(&world.globex, "sso_enforced", "0").await;

    // A second factor is required, and there is none.
    world
        .decide(&world.globex, "second_factor_required", "1")
        .await;
    let back = code_for(&world, &browser, site).await;
    let led = browser.get(site, &back).await.expect(303);
    assert_eq!(
        led.header("location"),
        Some("/sign-in/second-factor?return_to=%2Fsecurity")
    );
    assert!(session(site, &browser).await.is_none());

    // There is one, which was not asked for at home before it was set up.
    world.give_totp().await;
    let back = code_for(&world, &browser, site).await;
    let led = browser.get(site, &back).await.expect(303);
    assert_eq!(
        led.header("location"),
        Some("/sign-in/code?return_to=%2Fsecurity")
    );
    assert!(session(site, &browser).await.is_none());

    // Given at home, it counts.
    let fresh = Browser::new();
    let due = world.sign_in_at_home(&fresh).await.expect(303);
    let page = due.header("location").unwrap().to_owned();
    let code = world.code();
    fresh
        .fill(&world.people, &page, &[("code", &code)])
        .await
        .expect(303);
    let back = code_for(&world, &fresh, site).await;
    let done = fresh.get(site, &back).await.expect(303);
    assert_eq!(done.header("location"), Some("/security"));
    assert!(session(site, &fresh).await.is_some());
}

#[actix_web::test]
async fn who_was_archived_since_stays_outside() {
    let world = World::new().await;
    let browser = Browser::new();
    world.sign_in_at_home(&browser).await.expect(303);
    let back = code_for(&world, &browser, &world.at_globex).await;
    let sql =
        "UPDATE memberships SET state = 'archived', version = version + 1 WHERE tenant_id = ?";
    world
        .stage
        .execute(sql, [world.globex.host.tenant_id.as_uuid().into()])
        .await;
    let led = browser.get(&world.at_globex, &back).await.expect(303);
    assert_eq!(
        led.header("location"),
        Some("/sign-in?return_to=%2Fsecurity&notice=no-account")
    );
    assert!(session(&world.at_globex, &browser).await.is_none());
    let there = depart(&world, &browser, &world.at_globex).await;
    browser.get(&world.people, &there).await.expect(404);
}

#[actix_web::test]
async fn a_session_of_one_tenant_opens_no_other() {
    let world = World::new().await;
    let browser = Browser::new();
    // As after single sign-on: a session of acme and none at home.
    browser
        .sign_in(&world.at_acme, &world.ada.email, PASSWORD, "/")
        .await
        .expect(303);
    let sql = "UPDATE sessions SET method = 'sso'";
    world.stage.execute(sql, []).await;
    let cookie = browser.cookie(&world.at_acme, "trellis").unwrap();
    // As a cookie of the other tenant, of the host of people, and as a handoff.
    browser.set(&world.at_globex, "trellis", &cookie);
    assert!(session(&world.at_globex, &browser).await.is_none());
    browser.set(&world.people, "trellis", &cookie);
    let led = browser.get(&world.people, "/accounts").await.expect(303);
    assert_eq!(
        led.header("location"),
        Some("/sign-in?return_to=%2Faccounts")
    );
    let there = depart(&world, &browser, &world.at_globex).await;
    let led = browser.get(&world.people, &there).await.expect(303);
    assert!(
        led.header("location")
            .unwrap()
            .starts_with("/sign-in?return_to=")
    );
    let forged = Browser::new();
    forged.set(&world.at_globex, "trellis-handoff", &cookie);
    let path = format!("/auth/handoff?code={cookie}");
    forged.get(&world.at_globex, &path).await.expect(410);
    assert!(session(&world.at_globex, &forged).await.is_none());
    // Nor does a person's cookie open a tenant.
    let person = Browser::new();
    world.sign_in_at_home(&person).await.expect(303);
    let cookie = person.cookie(&world.people, "trellis").unwrap();
    person.set(&world.at_acme, "trellis", &cookie);
    assert!(session(&world.at_acme, &person).await.is_none());
}

#[actix_web::test]
async fn a_handoff_is_no_fresher_than_the_proof_at_home() {
    let world = World::new().await;
    let browser = Browser::new();
    world.sign_in_at_home(&browser).await.expect(303);
    world.stage.clock.advance(TimeDelta::minutes(20));
    let back = code_for(&world, &browser, &world.at_acme).await;
    browser.get(&world.at_acme, &back).await.expect(303);
    let stale =
        "SELECT COUNT(*) FROM sessions WHERE confirmed_at < created_at - INTERVAL 19 MINUTE";
    assert_eq!(world.stage.count(stale).await, 1);
}
