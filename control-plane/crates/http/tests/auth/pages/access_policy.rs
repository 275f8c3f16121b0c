use kernel::Role;

use super::{between, leads_to, open, submit};
use crate::support::{Answer, Site, one_tenant};

const PATH: &str = "/admin/security/access-policy";

async fn send(site: &Site, cookie: &str, fields: &[(&str, &str)]) -> Answer {
    let page = open(site, PATH, cookie).await;
    let revision = between(&page.text, "name=\"revision\" value=\"", "\"");
    let mut all = vec![("revision", revision.as_str())];
    all.extend_from_slice(fields);
    submit(site, PATH, cookie, &all).await
}

#[actix_web::test]
async fn who_would_be_cut_off_is_shown_before_anything_is_saved() {
    let (stage, tenant, site, ada) = one_tenant().await;
    let bob = stage.member(&tenant, "bob", Role::User).await;
    stage.member(&tenant, "cleo", Role::User).await;
    let (hers, his) = (site.sign_in(&ada).await, site.sign_in(&bob).await);
    let fields = [("everyone-networks", "192.0.2.0/24"), ("step", "check")];
    let page = send(&site, &hers, &fields).await.expect(200);
    assert!(
        page.text.contains("This cuts off 2 people, including you"),
        "{}",
        page.text
    );
    assert!(page.text.contains("Of 3 members") && page.text.contains("Never seen: 1."));
    assert!(page.text.contains("tenant.everyone.networks"));
    assert!(
        page.text.contains(">\n192.0.2.0/24</textarea>"),
        "the draft stays"
    );
    assert!(page.text.contains("Save it although it shuts me out"));
    let harmless = [("user-networks", "192.0.2.0/24"), ("step", "check")];
    let page = send(&site, &hers, &harmless).await.expect(200);
    assert!(
        page.text.contains("This cuts off 1 person"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("Save it although"));
    let nobody = [("everyone-networks", "127.0.0.0/8"), ("step", "check")];
    let page = send(&site, &hers, &nobody).await.expect(200);
    assert!(page.text.contains("This cuts off nobody"));
    assert_eq!(stage.count("SELECT COUNT(*) FROM tenant_security").await, 0);
    assert!(site.is_in(&his).await);
}

#[actix_web::test]
async fn a_policy_that_shuts_its_writer_out_is_saved_only_when_they_say_so() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let fields = [("everyone-networks", "192.0.2.0/24"), ("step", "save")];
    let page = send(&site, &cookie, &fields).await.expect(422);
    assert!(page.text.contains("would shut you out"), "{}", page.text);
    assert!(page.text.contains("href=\"#oneself\""));
    assert_eq!(stage.count("SELECT COUNT(*) FROM tenant_security").await, 0);
    let fields = [
        ("everyone-networks", "192.0.2.0/24"),
        ("oneself", "on"),
        ("step", "save"),
    ];
    leads_to(
        &send(&site, &cookie, &fields).await,
        "/admin/security/access-policy?done=saved",
    );
    assert_eq!(stage.count("SELECT COUNT(*) FROM tenant_security").await, 1);
}

#[actix_web::test]
async fn everything_that_a_policy_says_is_kept_and_shown() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    let fields = [
        ("time_zone", "Europe/Berlin"),
        ("everyone-mode", "refuse"),
        ("everyone-countries", "kp, France"),
        ("everyone-unknown", "allow"),
        ("everyone-networks", "127.0.0.1\n2001:db8::/32"),
        ("everyone-hours", "daily 00:00-24:00"),
        ("builder-networks", "10.0.0.0/8"),
        ("external-hours", "Mon-Fri 08:00-18:00\nSat 09:00-12:00"),
        ("tokens-own", "on"),
        ("step", "save"),
    ];
    leads_to(
        &send(&site, &cookie, &fields).await,
        "/admin/security/access-policy?done=saved",
    );
    let page = open(&site, PATH, &cookie).await;
    for kept in [
        "value=\"Europe/Berlin\"",
        "value=\"refuse\" selected",
        "FR, KP",
        "127.0.0.1/32\n2001:db8::/32",
        "Daily 00:00-24:00",
        "10.0.0.0/8",
        "Mon-Fri 08:00-18:00\nSat 09:00-12:00",
        "No restrictions of their own",
    ] {
        assert!(page.text.contains(kept), "{kept}: {}", page.text);
    }
    assert!(
        page.text.contains("no data on the countries"),
        "{}",
        page.text
    );
    // Saved again as it is shown, it is the same policy.
    let before = policy(&stage).await;
    leads_to(
        &send(&site, &cookie, &fields).await,
        "/admin/security/access-policy?done=saved",
    );
    assert_eq!(policy(&stage).await, before);
}

async fn policy(stage: &crate::support::Stage) -> String {
    let rows = stage
        .rows("SELECT access_policy FROM tenant_security", [])
        .await;
    rows[0].try_get_by_index(0).unwrap()
}

#[actix_web::test]
async fn what_is_no_policy_comes_back_as_it_was_typed() {
    let (stage, _, site, ada) = one_tenant().await;
    let cookie = site.sign_in(&ada).await;
    for (field, value, fault) in [
        ("everyone-networks", "10.0.0.0/99", "“10.0.0.0/99” is none"),
        ("user-hours", "Mon 8-18", "is not like"),
        ("tokens-countries", "Atlantis", "is no country"),
        ("external-countries", "", "Name at least one country."),
        ("time_zone", "Mars/Base", "There is no such time zone."),
    ] {
        let mode = field.replace("countries", "mode");
        let mut fields = vec![(field, value), ("step", "save")];
        if mode != field {
            fields.push((mode.as_str(), "allow"));
        }
        let page = send(&site, &cookie, &fields).await.expect(422);
        assert!(page.text.contains(fault), "{field}: {}", page.text);
        assert!(page.text.contains(&format!("href=\"#{field}\"")));
        assert!(page.text.contains(value));
    }
    let page = open(&site, PATH, &cookie).await;
    let late = [("revision", "7"), ("step", "save")];
    let late = submit(&site, PATH, &cookie, &late).await.expect(422);
    assert!(late.text.contains("Somebody else has changed"));
    assert!(page.text.contains("name=\"revision\" value=\"0\""));
    assert_eq!(stage.count("SELECT COUNT(*) FROM tenant_security").await, 0);
}
