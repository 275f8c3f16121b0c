//! Single sign-on through a real provider: in, around, and out again when the provider says so.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::{
    Browser, People, Provider, Stack, TenantClient, Theme, Wishes,
    client::text,
    provider::{Addresses, Known},
};
use serde_json::{Value, json};
use testkit::TestNames;

use super::{
    PASSWORD, accept, central,
    look::{look, quiet, visit},
    page, status, tenant,
};

const SLUG: &str = "acme";
const COOKIE: &str = "trellis";
const DOMAIN: &str = "acme.example";
const NORA: &str = "nora@acme.example";
const SECRET: &str = "a secret between us and the provider";
/// An ended session is refused within this, on every node.
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn people_come_in_through_their_own_provider_and_leave_with_it() -> Result<()> {
    let names = TestNames::start().await;
    let stack = Stack::with(Wishes {
        settings: vec![
            ("CP__SSO__ALLOW_LOOPBACK", "true".to_owned()),
            ("CP__SSO__NAMESERVER", names.address().to_string()),
            // What a provider says of itself is asked for each time, so that it is missed at once.
            ("CP__SSO__CACHE_SECONDS", "0".to_owned()),
        ],
        ..Wishes::default()
    })
    .await?;
    let provider = Provider::start()?;
    let ada = tenant(&stack, SLUG)?;
    let browser = Browser::start(Theme::Light, true).await?;
    accept(&browser, &ada).await?;

    let architect = TenantClient::new(&stack, SLUG)?;
    architect.sign_in(&ada, PASSWORD).await?;
    own_domain(&architect, &names).await?;
    let connection = connect(&stack, &architect, &provider).await?;
    test_connection(&stack, &browser, &connection).await?;
    browser.delete_all_cookies().await?;
    // Trying out made the provider know who sits there.
    provider.log_out("nora-1").await?;

    comes_in(&stack, &browser, &provider, &connection).await?;
    stays_out_elsewhere(&stack, &browser).await?;
    goes_with_the_provider(&stack, &browser, &provider).await?;
    turns_away(&stack, &browser, &connection).await?;
    finds_nobody(&stack, &browser, provider, &connection).await?;
    quiet(&browser, "single sign-on").await
}

/// The architect claims a domain and proves it by a record.
async fn own_domain(architect: &TenantClient, names: &TestNames) -> Result<()> {
    let claim = json!({ "domain": DOMAIN });
    let claim = architect
        .post("/auth/v1/security/domains", &claim)
        .await?
        .expect(201)?;
    names.set_texts(
        text(&claim, "/record_name"),
        &[text(&claim, "/record_value")],
    );
    let check = format!("/auth/v1/security/domains/{}/check", text(&claim, "/id"));
    let verified = architect.post(&check, &json!({})).await?.expect(200)?;
    ensure!(!text(&verified, "/verified_at").is_empty(), "{verified}");
    Ok(())
}

/// Registers the provider with the tenant, and the tenant with the provider.
async fn connect(stack: &Stack, architect: &TenantClient, provider: &Provider) -> Result<String> {
    let connection = json!({
        "name": "Acme ID",
        "issuer": provider.issuer(),
        "client_id": "trellis",
        "client_secret": SECRET,
        "scopes": ["openid", "email", "profile", "groups"],
        "group_claim": "groups",
        "group_roles": [{ "group": "planners", "role": "builder" }],
        "provisions": true,
        "default_role": "user",
    });
    let made = architect
        .post("/auth/v1/security/connections", &connection)
        .await?
        .expect(201)?;
    let id = text(&made, "/id").to_owned();
    ensure!(
        !made.to_string().contains(SECRET),
        "the secret is shown: {made}"
    );
    let addresses = Addresses {
        callback: text(&made, "/redirect_uri").to_owned(),
        after_logout: page(stack, SLUG, "/sign-in"),
        backchannel: text(&made, "/backchannel_logout_uri").to_owned(),
    };
    provider.admit_client("trellis", SECRET, &addresses).await?;
    let mut nora = Known::new("nora-1", NORA);
    nora.groups = vec!["planners".to_owned()];
    provider.know(&nora).await?;
    Ok(id)
}

async fn at_the_provider(browser: &Browser, email: &str) -> Result<()> {
    browser.see("input[name=login]").await?;
    browser.fill("input[name=login]", email).await?;
    browser
        .fill("input[name=password]", Provider::PASSWORD)
        .await?;
    browser.press("#enter").await
}

/// The architect tries the connection out and sees what the provider tells, without being signed
/// in as somebody else.
async fn test_connection(stack: &Stack, browser: &Browser, connection: &str) -> Result<()> {
    let path = format!("/admin/security/connections/{connection}");
    visit(browser, &page(stack, SLUG, &path), "connection").await?;
    browser.press("form[action$='/test'] button").await?;
    at_the_provider(browser, NORA).await?;
    browser.read("nora-1").await?;
    browser.read("planners").await?;
    look(browser, "connection-tested").await?;
    let who = session(browser).await?;
    ensure!(text(&who, "/member/name") == "Ada Farrow", "{who}");
    Ok(())
}

/// The session of the page that the browser shows.
async fn session(browser: &Browser) -> Result<Value> {
    let script = "const done = arguments[arguments.length - 1]; \
                  fetch('/auth/v1/session').then(answer => answer.json()).then(done, done)";
    Ok(browser.execute_async(script, vec![]).await?)
}

/// The address leads to the provider, and what the provider says of groups is a role.
async fn comes_in(
    stack: &Stack,
    browser: &Browser,
    provider: &Provider,
    connection: &str,
) -> Result<()> {
    let path = format!("/sign-in/sso/{connection}?return_to=/security");
    browser
        .goto(&page(stack, SLUG, "/sign-in?return_to=/security"))
        .await?;
    look(browser, "sign-in-with-provider").await?;
    browser.fill("#email", NORA).await?;
    browser
        .press("form[action='/sign-in'] button[type=submit]")
        .await?;
    at_the_provider(browser, NORA).await?;
    browser.see("a[href='/security/sessions']").await?;
    let at = browser.current_url().await?;
    ensure!(
        at.path() == "/security",
        "{at}, not where {path} was to lead"
    );
    let who = session(browser).await?;
    ensure!(text(&who, "/member/role") == "builder", "{who}");
    ensure!(text(&who, "/member/email") == NORA, "{who}");
    ensure!(!provider.issuer().is_empty(), "it has an issuer");
    visit(browser, &page(stack, SLUG, "/security"), "security-sso").await
}

/// The tenant's provider speaks for its tenant only.
async fn stays_out_elsewhere(stack: &Stack, browser: &Browser) -> Result<()> {
    tenant(stack, "globex")?;
    let central = central(stack).await?;
    People::of(&central, "globex")
        .await?
        .enter(NORA, "user")
        .await?;
    let cookie = browser.get_named_cookie(COOKIE).await?;
    for (slug, expected) in [(SLUG, 200), ("globex", 401)] {
        let got = status(stack, slug, "/api/v1/folders", cookie.value()).await?;
        ensure!(got == expected, "{slug}: {got}");
    }
    browser.goto(&page(stack, "globex", "/")).await?;
    browser.see("#email").await?;
    browser.press("a[href^='/auth/handoff']").await?;
    // The host of people knows nobody here: no session of a tenant is one of the person.
    browser.see("form[action='/sign-in'] #email").await?;
    let at = browser.current_url().await?;
    ensure!(at.host_str() == Some("id.trellis.localhost"), "{at}");
    Ok(())
}

/// The provider tells that somebody has left: the next request is refused.
async fn goes_with_the_provider(
    stack: &Stack,
    browser: &Browser,
    provider: &Provider,
) -> Result<()> {
    browser.goto(&page(stack, SLUG, "/security")).await?;
    browser.see("a[href='/security/sessions']").await?;
    let cookie = browser.get_named_cookie(COOKIE).await?;
    let told = provider.log_out("nora-1").await?;
    let outcomes = told
        .pointer("/told")
        .and_then(Value::as_array)
        .context("a list")?;
    ensure!(
        !outcomes.is_empty() && outcomes.iter().all(|one| text(one, "/outcome") == "told"),
        "{told}"
    );
    let since = Instant::now();
    while status(stack, SLUG, "/api/v1/folders", cookie.value()).await? != 401 {
        ensure!(since.elapsed() < AT_ONCE, "the session goes on");
    }
    browser.goto(&page(stack, SLUG, "/security")).await?;
    browser.see("#email").await?;
    Ok(())
}

/// Somebody who turns back at the provider is told so, with a reference, and may go another way.
async fn turns_away(stack: &Stack, browser: &Browser, connection: &str) -> Result<()> {
    let start = page(stack, SLUG, &format!("/sign-in/sso/{connection}"));
    browser.goto(&start).await?;
    browser.see("input[name=login]").await?;
    browser.press("#cancel").await?;
    browser.see(".error-summary").await?;
    look(browser, "sso-refused").await?;
    let said = browser.text().await?;
    ensure!(said.contains("not signed in"), "{said}");
    browser.press("a[href^='/sign-in']").await?;
    browser.see("#email").await?;
    Ok(())
}

/// A provider that is gone is a page that says so; the password is another way in.
async fn finds_nobody(
    stack: &Stack,
    browser: &Browser,
    provider: Provider,
    connection: &str,
) -> Result<()> {
    drop(provider);
    let start = page(stack, SLUG, &format!("/auth/sso/{connection}/start"));
    browser.goto(&start).await?;
    browser.see(".error-summary").await?;
    browser.read("Reference:").await?;
    look(browser, "sso-unreachable").await?;
    browser
        .press("main a[href^='/sign-in?'], main a[href='/sign-in']")
        .await?;
    browser.see("#email").await?;
    Ok(())
}
