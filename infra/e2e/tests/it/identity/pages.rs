//! Every page of one's own security and of a tenant's, with nothing on it and with something, for
//! everybody: in both themes, on a telephone, to those who do not see it.

use anyhow::Result;
use e2e::{Browser, Stack, TenantClient, Theme};
use serde_json::json;

use super::{
    PASSWORD, accept,
    look::{complains, look, quiet, visit},
    page, tenant,
};

const SLUG: &str = "acme";

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_security_is_for_everybody() -> Result<()> {
    let stack = Stack::start().await?;
    let ada = tenant(&stack, SLUG)?;
    let browser = Browser::start(Theme::Light, true).await?;
    accept(&browser, &ada).await?;
    for path in [
        "/security/tokens",
        "/security/identities",
        "/security/password",
        "/security/email",
        "/admin/security",
        "/admin/security/connections",
        "/admin/security/connections/new",
        "/admin/security/domains",
        "/admin/security/enforcement",
        "/admin/security/rules",
        "/admin/security/directory",
        "/admin/security/access-policy",
        "/admin/security/support-access",
    ] {
        let name = format!("empty{}", path.replace('/', "-"));
        visit(&browser, &page(&stack, SLUG, path), &name).await?;
    }
    mistakes(&stack, &browser).await?;
    full(&stack, &browser, &ada).await?;
    quiet(&browser, "security").await
}

/// Forms that are sent with nothing in them come back with what is missing.
async fn mistakes(stack: &Stack, browser: &Browser) -> Result<()> {
    for path in [
        "/security/tokens/new",
        "/security/password",
        "/security/email",
        "/admin/security/connections/new",
        "/admin/security/domains",
    ] {
        browser.goto(&page(stack, SLUG, path)).await?;
        browser.press("main form .button.primary").await?;
        complains(browser, &format!("refused{}", path.replace('/', "-"))).await?;
    }
    Ok(())
}

/// With something to show.
async fn full(stack: &Stack, browser: &Browser, ada: &str) -> Result<()> {
    let client = TenantClient::new(stack, SLUG)?;
    client.sign_in(ada, PASSWORD).await?;
    let connection = json!({
        "name": "Acme ID",
        "issuer": "https://id.acme.example",
        "client_id": "trellis",
        "group_claim": "groups",
        "group_roles": [{ "group": "planners", "role": "builder" }],
        "provisions": true,
        "default_role": "user",
    });
    let posts = [
        (
            "/auth/v1/tokens",
            json!({ "name": "Report", "scopes": ["members:read"], "expires_at": "2027-01-01T00:00:00Z" }),
        ),
        (
            "/auth/v1/security/domains",
            json!({ "domain": "acme.example" }),
        ),
        ("/auth/v1/security/connections", connection),
    ];
    for (path, body) in posts {
        client.post(path, &body).await?.expect(201)?;
    }
    for path in [
        "/security/tokens",
        "/security/sessions",
        "/admin/security",
        "/admin/security/connections",
        "/admin/security/domains",
    ] {
        let name = format!("full{}", path.replace('/', "-"));
        visit(browser, &page(stack, SLUG, path), &name).await?;
    }
    browser
        .goto(&page(stack, SLUG, "/admin/security/connections"))
        .await?;
    browser.press("main table th a, main .rows a").await?;
    browser.see("h1").await?;
    look(browser, "full-connection").await
}
