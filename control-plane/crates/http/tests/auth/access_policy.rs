//! The access policy of a tenant: laying it down, trying it out, and signing in under it.

use std::fs;

use actix_web::{
    http::{
        Method,
        header::{AUTHORIZATION, COOKIE},
    },
    test::TestRequest,
};
use cp_app::{
    Auth,
    access::{Access, AccessSettings},
};
use kernel::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Answer, PASSWORD, Site, Stage, TestMember, TestTenant, cookie_of, one_tenant,
};

const POLICY: &str = "/auth/v1/security/access-policy";
const DRY_RUN: &str = "/auth/v1/security/access-policy/dry-run";

async fn put(site: &Site, cookie: &str, tag: &str, policy: &Value) -> Answer {
    site.conditional(Method::PUT, POLICY, cookie, tag, Some(policy))
        .await
}

/// Signs in from another machine.
async fn sign_in_from(
    site: &Site,
    member: &TestMember,
    password: &str,
    address: [u8; 4],
) -> Answer {
    let body = json!({ "email": member.email, "password": password });
    let request = TestRequest::post().uri("/auth/v1/sign-in").set_json(&body);
    site.send_from(request, address).await
}

/// The same process with countries.
fn with_countries(stage: &Stage, networks: &[(&str, &str)]) -> Auth {
    let path = std::env::temp_dir().join(format!("countries-{}.mmdb", Uuid::now_v7()));
    fs::write(&path, testkit::mmdb(networks)).unwrap();
    let settings = AccessSettings {
        country_database: path.to_string_lossy().into_owned(),
        ..AccessSettings::default()
    };
    let auth = stage.auth.clone();
    let access = Access::new(&settings, auth.central.clone(), auth.clock.clone()).unwrap();
    let pushes = auth.pushes.clone();
    auth.with_access(access, pushes)
}

async fn refusals(stage: &Stage) -> Vec<(String, String)> {
    let sql = "SELECT JSON_VALUE(detail, '$.rule'), JSON_VALUE(detail, '$.at') FROM audit_log \
               WHERE action = 'access.refused' ORDER BY id";
    let rows = stage.rows(sql, []).await;
    rows.iter()
        .map(|row| {
            (
                row.try_get_by_index(0).unwrap(),
                row.try_get_by_index(1).unwrap(),
            )
        })
        .collect()
}

#[actix_web::test]
async fn architects_lay_down_a_policy_under_its_revision() {
    let (stage, tenant, site, architect) = one_tenant().await;
    let cookie = site.sign_in(&architect).await;
    let before = site.get(POLICY, &cookie).await.expect(200);
    assert_eq!(before.header("etag"), Some("\"0\""));
    let shown = before.json();
    assert_eq!(shown["policy"], json!({"everyone": {}}));
    assert_eq!(shown["unreadable"], false);
    assert_eq!(shown["time_zone"], "UTC");
    assert_eq!(shown["country_data"]["available"], false);
    assert_eq!(shown["country_data"]["unknown_country"], "allow");

    let policy = json!({
        "everyone": {"networks": ["127.0.0.1", "192.0.2.77/24"]},
        "roles": {"builder": {"countries": {"allow": ["de", "FR"]}}},
        "external": {"hours": [{"days": ["monday"], "from": "08:00", "until": "18:00"}]},
        "tokens": {"networks": ["2001:db8::/32"], "unknown_country": "refuse"},
    });
    let missing = site.send(
        TestRequest::put()
            .uri(POLICY)
            .insert_header((COOKIE, cookie.as_str()))
            .set_json(&policy),
    );
    assert_eq!(
        missing.await.expect(428).json()["code"],
        "precondition_required"
    );
    put(&site, &cookie, "\"7\"", &policy).await.expect(412);
    let put_once = put(&site, &cookie, "\"0\"", &policy).await.expect(200);
    assert_eq!(put_once.header("etag"), Some("\"1\""));
    let kept = site.get(POLICY, &cookie).await.expect(200).json();
    assert_eq!(
        kept["policy"]["everyone"]["networks"],
        json!(["127.0.0.1/32", "192.0.2.0/24"])
    );
    assert_eq!(
        kept["policy"]["roles"]["builder"]["countries"],
        json!({"allow": ["DE", "FR"]})
    );
    put(&site, &cookie, "\"0\"", &policy).await.expect(412);

    // An empty one is none.
    put(&site, &cookie, "\"1\"", &json!({})).await.expect(200);
    let rows = stage
        .rows(
            "SELECT access_policy IS NULL, revision FROM tenant_security",
            [],
        )
        .await;
    assert!(rows[0].try_get_by_index::<bool>(0).unwrap());
    assert_eq!(rows[0].try_get_by_index::<u32>(1).unwrap(), 2);
    // Gateways hear of it by the catalogue.
    let catalogue = stage
        .count("SELECT CAST(value AS SIGNED) FROM catalogue_revision")
        .await;
    let revision = stage
        .rows(
            "SELECT CAST(revision AS SIGNED) FROM tenants WHERE id = ?",
            [tenant.host.tenant_id.as_uuid().into()],
        )
        .await;
    assert_eq!(revision[0].try_get_by_index::<i64>(0).unwrap(), catalogue);
    let audited =
        stage.count("SELECT COUNT(*) FROM audit_log WHERE action = 'access_policy.change'");
    assert_eq!(audited.await, 2);
}

#[actix_web::test]
async fn nobody_else_sees_changes_or_tries_it() {
    let (stage, tenant, site, architect) = one_tenant().await;
    let builder = stage.member(&tenant, "bob", Role::Builder).await;
    let cookie = site.sign_in(&builder).await;
    site.get(POLICY, &cookie).await.expect(403);
    put(&site, &cookie, "*", &json!({})).await.expect(403);
    site.post(DRY_RUN, &cookie, &json!({})).await.expect(403);
    site.get(POLICY, "").await.expect(401);
    put(&site, "", "*", &json!({})).await.expect(401);
    site.post(DRY_RUN, "", &json!({})).await.expect(401);
    // A token, even of an architect, is not enough.
    let token = token_of(&stage, &site, &architect).await;
    let bearer = (AUTHORIZATION, format!("Bearer {token}"));
    site.get_with_token(POLICY, &token).await.expect(401);
    let request = TestRequest::put()
        .uri(POLICY)
        .insert_header(("if-match", "*"));
    site.send(request.insert_header(bearer).set_json(json!({})))
        .await
        .expect(401);
    // An architect who is one no more writes nothing with a session that says otherwise.
    let cookie = site.sign_in(&architect).await;
    let sql = "UPDATE memberships SET role = 'builder' WHERE member_id = ?";
    stage.execute(sql, [architect.id.as_uuid().into()]).await;
    put(&site, &cookie, "*", &json!({})).await.expect(403);
}

async fn token_of(stage: &Stage, site: &Site, member: &TestMember) -> String {
    let cookie = site.sign_in(member).await;
    let expires = (stage.now() + chrono::TimeDelta::days(1)).to_rfc3339();
    let body = json!({ "name": "ci", "scopes": ["admin"], "expires_at": expires });
    let made = site
        .post("/auth/v1/tokens", &cookie, &body)
        .await
        .expect(201);
    made.json()["token"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn what_is_wrong_with_a_policy_is_said_at_its_place() {
    let (_stage, _tenant, site, architect) = one_tenant().await;
    let cookie = site.sign_in(&architect).await;
    for (policy, pointer) in [
        (
            json!({"everyone": {"networks": ["192.0.2.0/24", "office"]}}),
            "/everyone/networks/1",
        ),
        (
            json!({"everyone": {"countries": {"allow": ["Germany"]}}}),
            "/everyone/countries/allow/0",
        ),
        (json!({"time_zone": "Berlin"}), "/time_zone"),
        (
            json!({"tokens": {"hours": [{"days": ["monday"], "from": "8", "until": "9"}]}}),
            "/tokens/hours/0/from",
        ),
        (json!({"rules": []}), "/rules"),
    ] {
        for (answer, what) in [
            (put(&site, &cookie, "*", &policy).await, "put"),
            (site.post(DRY_RUN, &cookie, &policy).await, "dry run"),
        ] {
            let problem = answer.expect(422).json();
            assert_eq!(
                problem["errors"][0]["pointer"], pointer,
                "{what}: {problem}"
            );
        }
    }
    let nothing = json!({"everyone": {"countries": {"allow": []}}});
    let problem = put(&site, &cookie, "*", &nothing).await.expect(422).json();
    assert_eq!(problem["code"], "rule_broken");
}

#[actix_web::test]
async fn one_does_not_lock_oneself_out_by_accident() {
    let (stage, _tenant, site, architect) = one_tenant().await;
    let cookie = site.sign_in(&architect).await;
    let elsewhere = json!({"everyone": {"networks": ["198.51.100.0/24"]}});
    let problem = put(&site, &cookie, "*", &elsewhere)
        .await
        .expect(422)
        .json();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("tenant.everyone.networks"), "{detail}");
    assert_eq!(stage.count("SELECT COUNT(*) FROM tenant_security").await, 0);
    let meant = format!("{POLICY}?including_me=true");
    let put = site.conditional(Method::PUT, &meant, &cookie, "*", Some(&elsewhere));
    put.await.expect(200);
}

#[actix_web::test]
async fn a_dry_run_tells_who_would_be_cut_off_oneself_included_and_changes_nothing() {
    let (stage, tenant, _, architect) = one_tenant().await;
    let auth = with_countries(&stage, &[("192.0.2.0/24", "DE"), ("198.51.100.0/24", "US")]);
    let site = Site::of(&auth, &tenant).await;
    let near = stage.member(&tenant, "nina", Role::Builder).await;
    let far = stage.member(&tenant, "frida", Role::Builder).await;
    stage.member(&tenant, "never", Role::User).await;
    sign_in_from(&site, &near, PASSWORD, [192, 0, 2, 9])
        .await
        .expect(200);
    sign_in_from(&site, &far, PASSWORD, [192, 0, 2, 10])
        .await
        .expect(200);
    stage.clock.advance(chrono::TimeDelta::minutes(5));
    // Only where they were last counts.
    sign_in_from(&site, &far, PASSWORD, [198, 51, 100, 9])
        .await
        .expect(200);
    let signed_in = sign_in_from(&site, &architect, PASSWORD, [198, 51, 100, 10])
        .await
        .expect(200);
    let cookie = cookie_of(&signed_in, "trellis");
    token_of(&stage, &site, &architect).await;
    let draft = json!({"everyone": {"countries": {"allow": ["DE"]}}});
    let request = TestRequest::post()
        .uri(DRY_RUN)
        .insert_header((COOKIE, cookie.as_str()));
    let run = site
        .send_from(request.set_json(&draft), [198, 51, 100, 10])
        .await
        .expect(200)
        .json();
    assert_eq!(run["checked"], 4);
    assert_eq!(run["never_came"], 1);
    assert_eq!(run["tokens"], 1);
    assert_eq!(
        run["me"],
        json!({"refused": true, "rule": "tenant.everyone.countries"})
    );
    let named: Vec<_> = run["first"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(run["refused"], json!(named.len()));
    assert!(
        named.contains(&&json!("frida")) && !named.contains(&&json!("nina")),
        "{run}"
    );
    let frida = run["first"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "frida");
    let frida = frida.unwrap();
    assert_eq!(
        (&frida["address"], &frida["country"]),
        (&json!("198.51.100.9"), &json!("US"))
    );
    assert_eq!(frida["tenant"], "acme");
    assert_eq!(stage.count("SELECT COUNT(*) FROM tenant_security").await, 0);
    // From where it is allowed, oneself is not among them.
    let request = TestRequest::post()
        .uri(DRY_RUN)
        .insert_header((COOKIE, cookie.as_str()));
    let run = site
        .send_from(request.set_json(&draft), [192, 0, 2, 11])
        .await
        .expect(200)
        .json();
    assert_eq!(run["me"], json!({"refused": false, "rule": null}));
}

async fn lay_down(stage: &Stage, tenant: &TestTenant, policy: &Value) {
    let sql = "INSERT INTO tenant_security (tenant_id, access_policy, updated_at) VALUES (?, ?, ?)";
    let id = tenant.host.tenant_id.as_uuid();
    stage
        .execute(
            sql,
            [id.into(), policy.to_string().into(), stage.now().into()],
        )
        .await;
}

#[actix_web::test]
async fn who_is_refused_does_not_sign_in_and_only_who_knows_the_password_learns_why() {
    let (stage, tenant, site, architect) = one_tenant().await;
    let builder = stage.member(&tenant, "bob", Role::Builder).await;
    lay_down(
        &stage,
        &tenant,
        &json!({"roles": {"builder": {"networks": ["192.0.2.0/24"]}}}),
    )
    .await;
    let refused = sign_in_from(&site, &builder, PASSWORD, [198, 51, 100, 9])
        .await
        .expect(403);
    assert_eq!(refused.json()["code"], "policy_refused");
    assert_eq!(
        refused.json()["detail"],
        "Access from your network is not allowed."
    );
    assert!(refused.cookie("trellis").is_none());
    let wrong = sign_in_from(&site, &builder, "not the password", [198, 51, 100, 9]).await;
    assert_eq!(wrong.expect(401).json()["code"], "invalid_credentials");
    sign_in_from(&site, &builder, PASSWORD, [192, 0, 2, 9])
        .await
        .expect(200);
    sign_in_from(&site, &architect, PASSWORD, [198, 51, 100, 9])
        .await
        .expect(200);
    let written = refusals(&stage).await;
    assert_eq!(
        written,
        [(
            "tenant.roles.builder.networks".to_owned(),
            "sign_in".to_owned()
        )]
    );
    let sql =
        "SELECT COUNT(*) FROM audit_log WHERE action = 'access.refused' AND actor_kind = 'member'";
    assert_eq!(stage.count(sql).await, 1);
}

#[actix_web::test]
async fn from_an_unsafe_country_nobody_signs_in_whatever_the_tenant_allows() {
    let (stage, tenant, _, architect) = one_tenant().await;
    let auth = with_countries(&stage, &[("192.0.2.0/24", "DE"), ("203.0.113.0/24", "KP")]);
    let site = Site::of(&auth, &tenant).await;
    lay_down(
        &stage,
        &tenant,
        &json!({"everyone": {"countries": {"allow": ["KP", "DE"]}}}),
    )
    .await;
    sign_in_from(&site, &architect, PASSWORD, [203, 0, 113, 9])
        .await
        .expect(200);
    let staff = Uuid::now_v7();
    let sql = "INSERT INTO staff (id, email, name, password_hash, totp_secret, role, created_at) \
               VALUES (?, 'sam@trellis.example', 'Sam', '', '', 'owner', ?)";
    stage.execute(sql, [staff.into(), stage.now().into()]).await;
    let sql = "INSERT INTO unsafe_countries VALUES ('KP', 'sanctions', ?, ?)";
    stage.execute(sql, [stage.now().into(), staff.into()]).await;
    let refused = sign_in_from(&site, &architect, PASSWORD, [203, 0, 113, 9])
        .await
        .expect(403);
    assert_eq!(
        refused.json()["detail"],
        "Access from your country is not allowed."
    );
    sign_in_from(&site, &architect, PASSWORD, [192, 0, 2, 9])
        .await
        .expect(200);
    let written = refusals(&stage).await;
    assert_eq!(
        written,
        [("platform.unsafe.countries".to_owned(), "sign_in".to_owned())]
    );
}

#[actix_web::test]
async fn a_session_tells_the_country_that_it_was_begun_in() {
    let (stage, tenant, _, architect) = one_tenant().await;
    let auth = with_countries(&stage, &[("192.0.2.0/24", "DE")]);
    let site = Site::of(&auth, &tenant).await;
    let signed_in = sign_in_from(&site, &architect, PASSWORD, [192, 0, 2, 9])
        .await
        .expect(200);
    let sessions = site
        .get("/auth/v1/sessions", &cookie_of(&signed_in, "trellis"))
        .await;
    let sessions = sessions.expect(200).json();
    assert_eq!(sessions["data"][0]["country"], "DE");
    assert_eq!(sessions["data"][0]["address"], "192.0.2.9");
}
